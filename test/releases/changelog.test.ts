import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { sectionOf, versionsOf, withRelease } from './changelog.mjs'
import releases from './releases.json' with { type: 'json' }

const changelog = readFileSync(new URL('../../CHANGELOG.md', import.meta.url), 'utf8')
const core = readFileSync(new URL('../../packages/core/package.json', import.meta.url), 'utf8')
const { version: present } = JSON.parse(core) as { version: string }

describe('the changelog', () => {
  const before =
    '# Changelog\n\nOf all.\n\n## [Unreleased]\n\n### Added\n\n- New.\n\n## [0.1.0] - 2026-01-01\n\n- First.\n'

  test('gives what is unreleased its number, and begins anew', () => {
    const after = withRelease(before, '0.2.0', '2026-02-02')
    expect(versionsOf(after)).toEqual(['0.2.0', '0.1.0'])
    expect(sectionOf(after, 'Unreleased')).toBe('')
    expect(sectionOf(after, '0.2.0')).toBe('### Added\n\n- New.')
    expect(sectionOf(after, '0.1.0')).toBe('- First.')
    expect(() => withRelease('# Changelog\n', '0.2.0', '2026-02-02')).toThrow('[Unreleased]')
  })

  test('has a section for what comes next', () => {
    expect(changelog).toContain('\n## [Unreleased]\n')
  })
})

// The present version can be released or not: npm is not asked. Those before it were, and their last one is what the
// present build has to go along with.
test('the release test knows of the releases that there are', () => {
  const released = versionsOf(changelog).filter((version) => version !== present)
  expect(releases).toEqual(expect.arrayContaining(released.slice(0, 1)))
  expect((releases as string[]).filter((version) => !released.includes(version))).toEqual([])
})
