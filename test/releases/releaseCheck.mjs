import { versionsOf } from './changelog.mjs'

/** Whoever installs one of them while they are being published finds those that it asks for. */
export const ORDER = [
  '@quorate/core',
  '@quorate/wire',
  '@quorate/disk',
  '@quorate/sim',
  '@quorate/nats',
  '@quorate/log',
  'quorate',
]

/** @typedef {{ name: string, version: string, repository: { url: string } }} Manifest */

/**
 * What is wrong with these packages, in words: they must be all that there are, of one version.
 *
 * @param {readonly Manifest[]} packages
 * @returns {string[]}
 */
export function packageFaults(packages) {
  const names = packages.map(({ name }) => name)
  const versions = new Set(packages.map(({ version }) => version))
  return [
    ...ORDER.filter((name) => !names.includes(name)).map((name) => `${name} is missing`),
    ...names.filter((name) => !ORDER.includes(name)).map((name) => `${name} is not known`),
    ...(versions.size > 1 ? [`there are several versions: ${[...versions].join(', ')}`] : []),
  ]
}

/**
 * Why these packages must not be published from here, in words.
 *
 * @param {readonly Manifest[]} packages
 * @param {string} changelog
 * @param {{ GITHUB_REPOSITORY?: string | undefined, GITHUB_REF?: string | undefined }} environment
 * @returns {string[]}
 */
export function placeFaults(packages, changelog, { GITHUB_REPOSITORY = 'no repository', GITHUB_REF = 'no tag' }) {
  // npm's provenance names the repository that it was built in, and refuses a package that names another.
  const here = `git+https://github.com/${GITHUB_REPOSITORY}.git`
  const strangers = packages.filter(({ repository }) => repository.url !== here)
  const others = packages.filter(({ version }) => GITHUB_REF !== `refs/tags/v${version}`)
  const [newest] = versionsOf(changelog)
  const untold = packages.filter(({ version }) => version !== newest)
  return [
    ...strangers.map(({ name, repository }) => `${name} is of ${repository.url}, this is ${GITHUB_REPOSITORY}`),
    ...others.map(({ name, version }) => `${name} is of version ${version}, this is ${GITHUB_REF}`),
    ...untold.map(({ name, version }) => `${name} is of version ${version}, CHANGELOG.md begins with ${newest}`),
  ]
}
