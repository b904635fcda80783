import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { plainValue } from './plainValue.mjs'
import { RECORDINGS } from './recordings.mjs'
import { recordStores } from './storeRecordings.mjs'

/** @typedef {'frame' | 'clientRequest' | 'clientReply' | 'entry' | 'snapshotHead' | 'systemPart' | 'backup'} RecordedKind */

/**
 * What a manifest says of one file.
 *
 * @typedef {object} RecordedFile
 * @property {string} file
 * @property {RecordedKind} kind
 * @property {unknown} value
 */

const MANIFEST = 'manifest.json'

/**
 * Writes everything that the present version writes into `folder`, which must not stand.
 *
 * @param {string} folder
 */
export async function recordInto(folder) {
  mkdirSync(dirname(folder), { recursive: true })
  mkdirSync(folder)
  for (const [name, recordings] of Object.entries(RECORDINGS)) {
    mkdirSync(join(folder, name))
    /** @type {RecordedFile[]} */
    const manifest = []
    for (const { name: stem, kind, bytes, value } of recordings()) {
      const file = `${stem}.bin`
      writeFileSync(join(folder, name, file), bytes, { flag: 'wx' })
      manifest.push({ file, kind, value: plainValue(value) })
    }
    writeManifest(join(folder, name), manifest)
  }
  mkdirSync(join(folder, 'stores'))
  /** @type {Record<string, unknown>} */
  const stores = {}
  for await (const { name, files, value } of recordStores()) {
    mkdirSync(join(folder, 'stores', name))
    for (const [file, bytes] of files) writeFileSync(join(folder, 'stores', name, file), bytes)
    stores[name] = plainValue(value)
  }
  writeManifest(join(folder, 'stores'), stores)
}

/**
 * @param {string} folder
 * @param {unknown} manifest
 */
function writeManifest(folder, manifest) {
  writeFileSync(join(folder, MANIFEST), `${JSON.stringify(manifest, undefined, 1)}\n`)
}

/**
 * All files of a recorded folder but those of stores, with their places in it.
 *
 * @param {string} folder
 * @returns {(RecordedFile & { path: string })[]}
 */
export function recordedFiles(folder) {
  return readdirSync(folder)
    .filter((name) => name !== 'stores')
    .flatMap((name) => {
      const manifest = /** @type {RecordedFile[]} */ (readManifest(join(folder, name)))
      return manifest.map((file) => ({ ...file, path: join(name, file.file) }))
    })
}

/**
 * What each recorded store must hold, by its name.
 *
 * @param {string} folder
 * @returns {[name: string, value: unknown][]}
 */
export function recordedStores(folder) {
  return Object.entries(/** @type {Record<string, unknown>} */ (readManifest(join(folder, 'stores'))))
}

/** @param {string} folder */
function readManifest(folder) {
  return /** @type {unknown} */ (JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')))
}
