import { describe, expect, it } from 'vitest'
import { search } from '../../src/search/search.ts'
import { PRESETS } from '../../src/search/searchBounds.ts'
import { searchBroken } from './brokenCore.ts'
import { expectOneNameEach } from './traceNames.ts'

const { figure8 } = PRESETS

describe('§5.4.2, Figure 8', () => {
  it('is found by itself when a leader commits entries of older terms by counting', () => {
    const { violation, depth } = searchBroken(
      { file: 'rules/commitment.ts', from: ' && state.log.termAt(index) === state.currentTerm', to: '' },
      figure8,
    )
    expect(violation?.promise).toBe('leaderCompleteness')
    expect(violation?.detail).toMatch(/S\d leads term 5 without 2\/2, which was committed in term 4$/)
    expect(violation?.trace).toHaveLength(depth)
    expectOneNameEach(violation!.trace)
    expect(violation?.trace.filter((line) => /match 2; S1 is leader of term 4, .*commit 2$/.test(line))).toHaveLength(1)
    expect(violation?.trace.at(-1)).toMatch(/requestVote.granted of term 5/)
  }, 600_000)

  it('is not found where only entries of the own term are committed by counting: a million states', () => {
    expect(search({ ...figure8, states: 1_000_000 }).violation).toBeUndefined()
  }, 600_000)
})
