import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const corpus = fileURLToPath(new URL('.', import.meta.url))

/** The folders of the corpus, oldest version first. */
export const recordedVersions = readdirSync(corpus)
  .filter((name) => /^\d+\.\d+/.test(name))
  .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))

export function folderOf(version: string): string {
  return join(corpus, version)
}
