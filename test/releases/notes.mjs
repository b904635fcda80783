// Prints what CHANGELOG.md says of a version, given as its tag: `node test/releases/notes.mjs v1.2.3`.
import { readFileSync } from 'node:fs'
import { sectionOf } from './changelog.mjs'

const changelog = readFileSync(new URL('../../CHANGELOG.md', import.meta.url), 'utf8')
const section = sectionOf(changelog, (process.argv[2] ?? '').replace(/^v/, ''))
if (section === '') throw new Error(`CHANGELOG.md says nothing of ${process.argv[2]}`)
console.log(section)
