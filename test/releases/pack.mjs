// Packs every package into a folder, as it is to be published: `npm run pack -- <folder>`, on what `npm run build` made.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const into = resolve(process.argv[2] ?? 'tarballs')
mkdirSync(into, { recursive: true })
const { packageManager } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
const args = ['--yes', packageManager, '--filter', './packages/*', 'pack', '--pack-destination', into]
const { status } = spawnSync('npx', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' })
process.exit(status ?? 1)
