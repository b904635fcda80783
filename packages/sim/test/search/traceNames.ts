import { expect } from 'vitest'

/**
 * However the search called the servers on the way: in a trace each has one name. So its term goes on from where the
 * last line about it left it, never falls, and rises by one with an election timeout.
 */
export function expectOneNameEach(trace: readonly string[]): void {
  const terms = new Map<string, number>()
  for (const line of trace) {
    const [, id, text] = /; (S\d) is \w+ of term (\d+)/.exec(line) ?? []
    if (id === undefined) continue
    const [before, term] = [terms.get(id) ?? 1, Number(text)]
    if (line.startsWith('the election timeout')) expect(term, line).toBe(before + 1)
    else expect(term, line).toBeGreaterThanOrEqual(before)
    terms.set(id, term)
  }
}
