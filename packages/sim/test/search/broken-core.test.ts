import { describe, expect, it } from 'vitest'
import { PRESETS, type SearchBounds } from '../../src/search/searchBounds.ts'
import type { Promised } from '../../src/search/promise.ts'
import { searchBroken, type Break } from './brokenCore.ts'
import { expectOneNameEach } from './traceNames.ts'

const CASES: readonly [string, Break, Partial<SearchBounds>, Promised, number][] = [
  [
    'a server forgets its vote when it restarts',
    { file: 'state/raftState.ts', from: 'votedFor: recovered?.hardState.votedFor', to: 'votedFor: undefined' },
    { servers: 3, crashes: 1, timeouts: 2, appends: 0 },
    'oneVoteATerm',
    6,
  ],
  [
    'a vote leaves before it is on disk',
    { file: 'rules/durability.ts', from: 'if (isHardStateDurable(state)) {', to: 'if (message !== undefined) {' },
    {},
    'termIsDurable',
    1,
  ],
  [
    'a leader counts what is not on its disk yet',
    {
      file: 'rules/commitment.ts',
      from: 'id === state.id ? state.durability.durableIndex',
      to: 'id === state.id ? state.log.lastIndex',
    },
    { crashes: 0 },
    'commitIsDurable',
    8,
  ],
  [
    'a follower acknowledges what is not on its disk yet',
    {
      file: 'rules/following.ts',
      from: 'return Math.min(following.verifiedIndex, state.durability.durableIndex)',
      to: 'return following.verifiedIndex',
    },
    { crashes: 0 },
    'acknowledgedIsDurable',
    10,
  ],
  [
    'a vote goes to a candidate whose log is behind',
    { file: 'rules/voting.ts', from: ' && isAtLeastAsUpToDate(request.lastLog, voter.log.last)', to: '' },
    { ...PRESETS.three, crashes: 0, appends: 0 },
    'leaderCompleteness',
    8,
  ],
]

describe('a core that is broken on purpose', () => {
  it.each(CASES)(
    'is found out: %s',
    (_, change, bounds, promise, depth) => {
      const { violation } = searchBroken(change, { ...PRESETS.two, ...bounds, states: 1_000_000 })
      expect(violation?.promise).toBe(promise)
      expect(violation?.trace).toHaveLength(depth)
      expectOneNameEach(violation!.trace)
    },
    60_000,
  )
})
