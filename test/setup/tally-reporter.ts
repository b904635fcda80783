import { writeSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/**
 * Ends a run with one line, `N passed, N failed`, alone on its line.
 *
 * A file that could not be loaded and an error outside any test count as failures: a run never looks greener than it is.
 */
export default class TallyReporter implements Reporter {
  #line = '0 passed, 1 failed'

  onInit(): void {
    // On exit, because the other reporters print their summaries at the same moment as onTestRunEnd is called.
    process.once('exit', () => writeSync(1, `${this.#line}\n`))
  }

  onTestRunEnd(testModules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    for (const testModule of testModules) {
      if (testModule.errors().length > 0) count.failed++
      for (const suite of testModule.children.allSuites()) if (suite.errors().length > 0) count.failed++
      for (const test of testModule.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') count.passed++
        else if (state === 'skipped') count.skipped++
        else count.failed++
      }
    }
    this.#line = `${count.passed} passed, ${count.failed} failed${count.skipped > 0 ? `, ${count.skipped} skipped` : ''}`
  }
}
