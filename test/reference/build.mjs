// The reference of everything that packages export: `npm run docs:api`. It fails on whatever it would have to warn of.
import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Application, ReflectionKind } from 'typedoc'

/** @import { DeclarationReflection, ProjectReflection } from 'typedoc' */

const root = fileURLToPath(new URL('../..', import.meta.url))
const site = fileURLToPath(new URL('dist', import.meta.url))

const core = readJson('../../packages/core/package.json')
const { version, repository } = /** @type {{ version: string, repository: { url: string } }} */ (core)
const repositoryUrl = repository.url.replace(/^git\+|\.git$/g, '')
/** Exported without a comment, since the name says all; what is new gets one. */
const selfEvident = /** @type {string[]} */ (readJson('selfEvident.json'))

const validation = {
  notExported: true,
  invalidLink: true,
  invalidPath: true,
  rewrittenLink: true,
  notDocumented: false,
}
const app = await Application.bootstrap({
  name: `Quorate ${version}`,
  entryPointStrategy: 'packages',
  entryPoints: [`${root}packages/*`],
  // What a package names and does not export, since nobody makes or looks into one, stands in its typedoc.json.
  packageOptions: {
    entryPoints: ['src/index.ts'],
    readme: 'none',
    gitRevision: `v${version}`,
    sourceLinkTemplate: `${repositoryUrl}/blob/{gitRevision}/{path}#L{line}`,
    validation,
  },
  validation,
  readme: 'none',
  navigationLinks: { Repository: repositoryUrl },
  logLevel: 'Warn',
})

const project = await app.convert()
if (project === undefined) fail('TypeDoc could not read the packages.')
app.validate(project)
const undocumented = undocumentedIn(project)
const missing = undocumented.filter((name) => !selfEvident.includes(name))
const outdated = selfEvident.filter((name) => !undocumented.includes(name))
for (const name of missing) console.error(`${name} is exported, and has no comment`)
for (const name of outdated) console.error(`${name} has a comment or is gone, and stands in selfEvident.json`)
if (app.logger.hasWarnings() || app.logger.hasErrors() || missing.length + outdated.length > 0)
  fail('There are warnings.')

rmSync(site, { recursive: true, force: true })
await app.generateDocs(project, site)
if (app.logger.hasWarnings() || app.logger.hasErrors()) fail('There are warnings.')
console.log(`The reference of ${version} is in test/reference/dist.`)

/**
 * Exports without a comment, as `package name`.
 *
 * @param {ProjectReflection} all
 */
function undocumentedIn(all) {
  return (all.children ?? []).flatMap((module) =>
    (module.children ?? []).filter((one) => !hasComment(one)).map(({ name }) => `${module.name} ${name}`),
  )
}

/** @param {DeclarationReflection} reflection */
function hasComment(reflection) {
  // The comment of a function is that of its signatures, and a reference is another name of what is documented elsewhere.
  if (reflection.kindOf(ReflectionKind.Reference)) return true
  return reflection.hasComment() || (reflection.signatures ?? []).some((signature) => signature.hasComment())
}

/** @param {string} file */
function readJson(file) {
  return /** @type {unknown} */ (JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')))
}

/**
 * @param {string} text
 * @returns {never}
 */
function fail(text) {
  console.error(text)
  process.exit(1)
}
