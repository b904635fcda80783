// Publishes the tarballs in a folder: `node test/releases/publish.mjs <folder> [--dry-run]`. Plain Node and npm, for where
// it runs nothing else is installed; whoever is let in is proven by where it runs, and there is no token. Run again, it
// publishes what is missing.
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ORDER, packageFaults, placeFaults } from './releaseCheck.mjs'

/** @import { Manifest } from './releaseCheck.mjs' */

const [folder = '', ...options] = process.argv.slice(2)
const isDryRun = options.includes('--dry-run')

const found = readdirSync(folder)
  .filter((name) => name.endsWith('.tgz'))
  .map((name) => ({ tarball: join(folder, name), manifest: manifestIn(join(folder, name)) }))
  .sort((a, b) => ORDER.indexOf(a.manifest.name) - ORDER.indexOf(b.manifest.name))
const manifests = found.map(({ manifest }) => manifest)
const changelog = readFileSync(new URL('../../CHANGELOG.md', import.meta.url), 'utf8')
const faults = [...packageFaults(manifests), ...(isDryRun ? [] : placeFaults(manifests, changelog, process.env))]
if (faults.length > 0) stop(faults.join('\n'))

for (const { tarball, manifest } of found) {
  if (!isDryRun && isPublished(manifest)) console.log(`${manifest.name} ${manifest.version} is there already`)
  else publish(tarball)
}

/** @param {string} tarball */
function publish(tarball) {
  // Provenance can be made in the workflow alone.
  const how = isDryRun ? ['--dry-run', '--provenance=false'] : ['--provenance']
  // npm hands its log level on: called by a silent one, this one would not say what it published.
  const aloud = ['--loglevel', 'notice']
  const { status } = spawnSync('npm', ['publish', tarball, '--access', 'public', ...how, ...aloud], {
    stdio: 'inherit',
  })
  if (status !== 0) stop(`npm did not publish ${tarball}`)
}

/** @param {Manifest} manifest */
function isPublished({ name, version }) {
  const { status, stdout } = spawnSync('npm', ['view', `${name}@${version}`, 'version'], { encoding: 'utf8' })
  return status === 0 && stdout.trim() === version
}

/**
 * @param {string} tarball
 * @returns {Manifest}
 */
function manifestIn(tarball) {
  const { stdout } = spawnSync('tar', ['-xzOf', tarball, 'package/package.json'], { encoding: 'utf8' })
  return JSON.parse(stdout)
}

/**
 * @param {string} text
 * @returns {never}
 */
function stop(text) {
  console.error(text)
  process.exit(1)
}
