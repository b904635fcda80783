import { readFileSync } from 'node:fs'

const text = readFileSync(new URL('../../pnpm-workspace.yaml', import.meta.url), 'utf8')
const catalog = new Map(
  [...text.matchAll(/^ {2}'?([^\s':]+)'?: (\d\S*)$/gm)].map(([, name, version]) => [name!, version!]),
)

/** The package in the version that the workspace pins, as npm wants it named. */
export function pinned(name: string): string {
  return `${name}@${catalog.get(name)}`
}
