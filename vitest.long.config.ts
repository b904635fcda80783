import { defineConfig } from 'vitest/config'
import base from './vitest.config.ts'

const { projects: _, ...test } = base.test ?? {}

/** The suites that take minutes: everything named `*.long.test.ts`, and nothing else. */
export default defineConfig({
  ...base,
  test: {
    ...test,
    // One file at a time: some of them run programs on all cores.
    maxWorkers: 1,
    include: ['packages/*/test/**/*.long.test.ts', 'test/**/*.long.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 15 * 60_000,
    hookTimeout: 60_000,
  },
})
