import { defineConfig } from 'vitest/config'

const STORMS = 'test/simulation/storms.test.ts'

export default defineConfig({
  // Workspace packages resolve to their sources, so no test depends on a build.
  resolve: { conditions: ['@quorate/source'] },
  ssr: { resolve: { conditions: ['@quorate/source'] } },
  test: {
    passWithNoTests: true,
    // Files run beside each other: what takes a second alone may take many then.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: '100%',
    reporters: ['default', './test/setup/tally-reporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', '**/*.long.test.ts', STORMS],
          sequence: { groupOrder: 0 },
        },
      },
      // Last and alone, since they take all cores.
      { extends: true, test: { name: 'storms', include: [STORMS], sequence: { groupOrder: 1 } } },
    ],
  },
})
