// Makes the working tree the next release: `npm run release`. What comes out is one commit, and its tag is what publishes.
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sectionOf, versionsOf, withRelease } from './changelog.mjs'

const root = new URL('../../', import.meta.url)
const changelogFile = new URL('CHANGELOG.md', root)
const releasesFile = new URL('test/releases/releases.json', root)

const changelog = readFileSync(changelogFile, 'utf8')
const before = packagesVersion()
const changesets = readdirSync(new URL('.changeset/', root)).filter(
  (name) => name.endsWith('.md') && name !== 'README.md',
)
// Until the first release there is nothing that a step could be a step from: it carries the number that stands.
const isFirst = !versionsOf(changelog).includes(before)

if (sectionOf(changelog, 'Unreleased') === '')
  stop('CHANGELOG.md has nothing below [Unreleased]: there is nothing to release.')
if (isFirst && changesets.length > 0) stop(`${before} was never released: the first release needs no changesets.`)
if (!isFirst && changesets.length === 0)
  stop('There are no changesets to say which number comes next: `npx changeset`.')

if (!isFirst) {
  version()
  const releases = /** @type {string[]} */ (JSON.parse(readFileSync(releasesFile, 'utf8')))
  writeFileSync(releasesFile, `${JSON.stringify([...new Set([...releases, before])])}\n`)
}
const now = packagesVersion()
writeFileSync(changelogFile, withRelease(changelog, now, new Date().toISOString().slice(0, 10)))
console.log(
  `This is ${now}. Look at the changes, have CI pass, and push the tag v${now} of the commit that is on main.`,
)

/** All packages carry the same. */
function packagesVersion() {
  const manifest = readFileSync(new URL('packages/core/package.json', root), 'utf8')
  return /** @type {{ version: string }} */ (JSON.parse(manifest)).version
}

function version() {
  const cli = fileURLToPath(new URL('node_modules/@changesets/cli/bin.js', root))
  const { status } = spawnSync(process.execPath, [cli, 'version'], { cwd: fileURLToPath(root), stdio: 'inherit' })
  if (status !== 0) stop('`changeset version` failed.')
}

/**
 * @param {string} text
 * @returns {never}
 */
function stop(text) {
  console.error(text)
  process.exit(1)
}
