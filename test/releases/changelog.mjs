// CHANGELOG.md: one for all packages, written by hand with each change. A release gives what is unreleased its number.

const HEADING = /^## \[(\d+\.\d+\.\d+[^\]]*)\]/gm
const UNRELEASED = '## [Unreleased]\n'

/**
 * The versions that have a section, newest first.
 *
 * @param {string} text
 */
export function versionsOf(text) {
  return [...text.matchAll(HEADING)].map(([, version = '']) => version)
}

/**
 * What stands below the heading of `name`, a version or `Unreleased`; empty where there is no such heading.
 *
 * @param {string} text
 * @param {string} name
 */
export function sectionOf(text, name) {
  const [, section = ''] = text.split(`\n## [${name}]`)
  const [first = ''] = section.split('\n## [')
  // The rest of the heading is a date.
  return first.slice(first.indexOf('\n') + 1).trim()
}

/**
 * With what is unreleased as the section of `version`.
 *
 * @param {string} text
 * @param {string} version
 * @param {string} date
 */
export function withRelease(text, version, date) {
  if (!text.includes(UNRELEASED)) throw new Error('CHANGELOG.md has no section [Unreleased]')
  return text.replace(UNRELEASED, () => `${UNRELEASED}\n## [${version}] - ${date}\n`)
}
