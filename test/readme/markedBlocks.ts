import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The fenced blocks of a page of this repository behind a comment `<!-- verb: name -->`, by that name. */
export function markedBlocks(page: string, verb: 'runs' | 'prints'): Map<string, string> {
  const text = readFileSync(join(root, page), 'utf8')
  const marked = text.matchAll(/^<!-- (\w+): (\S+) -->\n```\w*\n([\s\S]*?)^```$/gm)
  return new Map([...marked].flatMap(([, found, name, code]) => (found === verb ? [[name!, code!]] : [])))
}

/** A new folder with the code of a page, and with the packages as they were built, under their names. */
export function folderWith(page: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-readme-'))
  mkdirSync(join(folder, 'node_modules/@quorate'), { recursive: true })
  for (const name of readdirSync(join(root, 'packages'))) {
    const place = join(root, 'packages', name)
    if (existsSync(join(place, 'dist'))) symlinkSync(place, join(folder, 'node_modules/@quorate', name), 'junction')
  }
  symlinkSync(join(root, 'test/node_modules/nats'), join(folder, 'node_modules/nats'), 'junction')
  for (const [name, code] of markedBlocks(page, 'runs')) writeFileSync(join(folder, name), code)
  return folder
}
