import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ORDER, packageFaults, placeFaults } from './releaseCheck.mjs'

const changelog = '# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-02-02\n'
const environment = { GITHUB_REPOSITORY: 'of/us', GITHUB_REF: 'refs/tags/v0.2.0' }
const repository = { url: 'git+https://github.com/of/us.git' }
const packages = ORDER.map((name) => ({ name, version: '0.2.0', repository }))
const others = packages.slice(1)

test('what a release needs is all packages, of one version', () => {
  expect(packageFaults(packages)).toEqual([])
  expect(packageFaults(others)).toEqual(['@quorate/core is missing'])
  expect(packageFaults([...packages, { name: 'x', version: '0.2.0', repository }])).toEqual(['x is not known'])
  expect(packageFaults([...others, { name: ORDER[0]!, version: '0.1.0', repository }])).toEqual([
    'there are several versions: 0.2.0, 0.1.0',
  ])
})

test('a release is published from its own tag in its own repository, once the changelog names it', () => {
  expect(placeFaults(packages, changelog, environment)).toEqual([])
  const faults = [
    placeFaults(packages, changelog, {}),
    placeFaults(packages, changelog, { ...environment, GITHUB_REPOSITORY: 'of/others' }),
    placeFaults(packages, changelog, { ...environment, GITHUB_REF: 'refs/heads/main' }),
    placeFaults(packages, changelog, { ...environment, GITHUB_REF: 'refs/tags/v0.2.1' }),
    placeFaults(packages, changelog.replace('0.2.0', '0.1.0'), environment),
  ]
  expect(faults.map(({ length }) => length)).toEqual([14, 7, 7, 7, 7])
})

test('every package has its place in the order, behind those that it asks for', () => {
  const asked = readdirSync(new URL('../../packages', import.meta.url)).map((folder) => {
    const text = readFileSync(new URL(`../../packages/${folder}/package.json`, import.meta.url), 'utf8')
    return JSON.parse(text) as { name: string; dependencies: Record<string, string> }
  })
  expect(asked.map(({ name }) => name).sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b))).toEqual(ORDER)
  for (const { name, dependencies } of asked) {
    const ours = Object.keys(dependencies).filter((dependency) => ORDER.includes(dependency))
    expect(ours.filter((dependency) => ORDER.indexOf(dependency) > ORDER.indexOf(name))).toEqual([])
  }
})
