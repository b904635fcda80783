import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Workspace packages resolve to their sources, so no test depends on a build.
  resolve: { conditions: ['@quorate/source'] },
  ssr: { resolve: { conditions: ['@quorate/source'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.long.test.ts'],
    passWithNoTests: true,
    // Storms run beside: what takes a second alone may take many then.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/setup/tally-reporter.ts'],
  },
})
