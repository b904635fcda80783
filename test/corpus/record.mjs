// Writes down what the present version writes, for later ones to read: `node test/corpus/record.mjs [name]`, on what
// `npm run build` made. The folder is named by the version unless it is given another name.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { recordInto } from './recordedFolder.mjs'

const manifest = readFileSync(new URL('../../packages/wire/package.json', import.meta.url), 'utf8')
const { version } = /** @type {{ version: string }} */ (JSON.parse(manifest))
const name = process.argv[2] ?? version.split('.').slice(0, 2).join('.')
const folder = fileURLToPath(new URL(name, import.meta.url))

// What was released is never recorded again: files out there are what they are.
if (existsSync(folder)) {
  console.error(`test/corpus/${name} stands. Give another name; or remove it, if no release has written such files.`)
  process.exit(1)
}
await recordInto(folder)
console.log(`recorded test/corpus/${name}`)
