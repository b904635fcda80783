import { defineConfig } from 'vitest/config'
import base from './vitest.config.ts'

/** The suites that take minutes: everything named `*.long.test.ts`, and nothing else. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['packages/*/test/**/*.long.test.ts', 'test/**/*.long.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 15 * 60_000,
    hookTimeout: 60_000,
  },
})
