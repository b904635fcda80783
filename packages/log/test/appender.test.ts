import { getEventListeners } from 'node:events'
import { AppendOutcomeUnknownError, NotLeaderError, type Term } from '@quorate/log'
import type { ClientOutcome, Command } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { appendInParts, type LeaderRoute } from '../src/appender.ts'
import { rejectionOf, sleep } from './cluster.ts'

interface FakeLeaders {
  /** The terms that are led in, one for each try; the last one goes on. */
  readonly terms?: readonly Term[]
  /** How a try ends, by its number. */
  readonly outcome: (attempt: number, commands: readonly Command[]) => ClientOutcome | Promise<ClientOutcome>
}

/** A way to leaders that change and answer as they are told to: what no real group does on demand. */
function routeTo({ terms = [1], outcome }: FakeLeaders): LeaderRoute {
  let attempt = 0
  return {
    group: 'orders',
    closedError: undefined,
    maxEntryBytes: 100,
    leaderId: undefined,
    knownCommitIndex: 0,
    leaderTerm: async () => terms[Math.min(attempt, terms.length - 1)],
    appendOnce: async (_term, commands) => outcome(attempt++, commands),
  }
}

const appended = (firstIndex: number, term: Term = 1): ClientOutcome => ({ type: 'appended', firstIndex, term })
const commandsOf = (count: number): Command[] => Array.from({ length: count }, () => ({ data: new Uint8Array(50) }))

/** What the signal keeps of signals that were derived from it; Node 20 never lets go of it. */
function tracesOn(signal: AbortSignal): number {
  const traces = Object.getOwnPropertySymbols(signal).find(({ description }) => description === 'kDependantSignals')
  const kept = traces === undefined ? undefined : (signal as unknown as Record<symbol, { size: number }>)[traces]
  return kept?.size ?? 0
}

describe('a signal that many appends share', () => {
  it('gets one listener from all that are under way, and ends each of them', async () => {
    const warnings: Error[] = []
    const warned = (warning: Error): number => warnings.push(warning)
    process.on('warning', warned)
    const controller = new AbortController()
    const { signal } = controller
    const route = routeTo({ outcome: () => new Promise(() => {}) })

    const all = Array.from({ length: 50 }, () => rejectionOf(appendInParts(route, commandsOf(1), { signal })))
    await sleep(10)
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    controller.abort(new Error('enough'))

    for (const error of await Promise.all(all)) {
      expect(error).toBeInstanceOf(AppendOutcomeUnknownError)
      expect(error).toMatchObject({ cause: signal.reason })
    }
    process.off('warning', warned)
    expect(warnings).toEqual([])
  })

  it('keeps nothing of those that are over', async () => {
    const { signal } = new AbortController()
    const route = routeTo({ outcome: (attempt) => appended(attempt + 1) })

    for (let n = 0; n < 200; n++) {
      await Promise.all(Array.from({ length: 100 }, () => appendInParts(route, commandsOf(1), { signal })))
    }

    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(tracesOn(signal)).toBe(0)
  })
})

describe('an append in parts that fails behind the first', () => {
  it('names the term of the part in question, not that of the parts whose places are final', async () => {
    const lost: ClientOutcome = { type: 'noAnswer', reason: 'timeout' }
    const route = routeTo({ terms: [3, 3, 7], outcome: (attempt) => (attempt < 2 ? appended(10 + attempt, 3) : lost) })

    const error = await rejectionOf(appendInParts(route, commandsOf(5), {}))

    expect(error).toBeInstanceOf(AppendOutcomeUnknownError)
    expect(error).toMatchObject({ term: 7, cause: expect.any(AppendOutcomeUnknownError) })
    const { message } = error as Error
    expect(message).toContain('only the first 2 of 5 commands are known to be appended, at places that are final')
    expect(message).toContain('term 7 is that of the next 1, and those behind them were not sent')
  })

  it('says so when that part and those behind it were not appended', async () => {
    const route = routeTo({
      terms: [3],
      outcome: (attempt) => (attempt < 2 ? appended(10 + attempt, 3) : { type: 'noResponder' }),
    })

    const error = await rejectionOf(appendInParts(route, commandsOf(5), { timeoutMs: 50 }))

    expect(error).toBeInstanceOf(AppendOutcomeUnknownError)
    expect(error).toMatchObject({ term: 3, cause: expect.any(NotLeaderError) })
    expect((error as Error).message).toContain('(the last in term 3); of those behind them nothing was appended')
  })
})
