import type { ClientReply } from '@quorate/core'
import { ContractBrokenError } from '../contractBrokenError.ts'
import { assertSame } from '../difference.ts'
import { sampleAppend } from '../sampleRequests.ts'
import type { ClientBench, ClientTests } from './clientBench.ts'

const UNKNOWN: ClientReply = { type: 'unknown', term: 5 }
const STATUS = { type: 'status' } as const
/** Clocks count in milliseconds, some of them in whole ones. */
const RESOLUTION_MS = 1

/** How requests end that nobody answers, and how a client transport ends. */
export const endCases: ClientTests = {
  'gives up after the timeout, and not before': async (bench) => {
    const { client } = await silent(bench)
    for (const timeoutMs of [5, 60]) {
      const startMs = bench.now()
      const outcome = await bench.ask(client, sampleAppend(5), { timeoutMs })
      const passedMs = bench.now() - startMs
      assertSame('the outcome of a request that is never answered', { type: 'noAnswer', reason: 'timeout' }, outcome)
      if (passedMs > timeoutMs - RESOLUTION_MS) continue
      throw new ContractBrokenError(`a request with a timeout of ${timeoutMs} ms was given up after ${passedMs} ms`)
    }
  },

  'does not settle again when the answer comes late': async (bench) => {
    const { client, replies } = await silent(bench)
    const outcome = bench.begin(client, sampleAppend(5), { timeoutMs: 20 })
    await bench.waiting.until(
      () => replies.length > 0,
      () => 'an append never reached the leader of its term',
    )
    assertSame('the outcome', { type: 'noAnswer', reason: 'timeout' }, await bench.outcomeOf(outcome))
    for (const reply of replies) reply()
    await bench.finish()
  },

  'settles at its close what is open, as not answered': async (bench) => {
    const { client, replies } = await silent(bench)
    const open = [bench.begin(client, sampleAppend(5)), bench.begin(client, STATUS)]
    await bench.waiting.until(
      () => replies.length === 2,
      () => `of 2 requests ${replies.length} reached the leader`,
    )
    await bench.close(client)
    for (const outcome of open) {
      assertSame('how often a request was settled when its transport was closed', 1, outcome.calls)
      assertSame('the outcome', { type: 'noAnswer', reason: 'closed' }, await bench.outcomeOf(outcome))
    }
    for (const reply of replies) reply()
    await bench.finish()
  },

  'settles at its close what was asked in the same turn': async (bench) => {
    const { client } = await silent(bench)
    const outcome = bench.begin(client, sampleAppend(5))
    await bench.close(client)
    const { type } = await bench.outcomeOf(outcome)
    if (type !== 'noAnswer' && type !== 'notSent')
      throw new ContractBrokenError(`a request that nobody answered ended as ${type}`)
  },

  'sends nothing after its close': async (bench) => {
    const { heard } = await bench.listen(5, (_, reply) => reply(UNKNOWN))
    const client = await bench.client()
    await bench.close(client)
    for (const request of [sampleAppend(5), STATUS]) {
      const outcome = await bench.ask(client, request)
      assertSame(`the outcome of ${request.type} after the close`, { type: 'notSent', reason: 'closed' }, outcome)
    }
    await bench.waiting.quiet()
    assertSame('what reached the leader', [], heard)
  },

  'listens no more after its close': async (bench) => {
    const leader = await bench.listen(5, (_, reply) => reply(UNKNOWN))
    await bench.close(leader.client)
    await bench.waiting.settle()
    const client = await bench.client()
    for (const request of [sampleAppend(5), STATUS]) {
      const outcome = await bench.ask(client, request)
      assertSame(`the outcome of ${request.type} to a leader that was closed`, { type: 'noResponder' }, outcome)
    }
    assertSame('what reached the leader', [], leader.heard)
  },

  'leaves others alone when it closes': async (bench) => {
    const { client, replies } = await silent(bench)
    const other = await bench.client()
    const outcome = bench.begin(other, sampleAppend(5))
    await bench.waiting.until(
      () => replies.length > 0,
      () => 'an append never reached the leader of its term',
    )
    await bench.close(client)
    replies[0]?.()
    assertSame('the outcome of another client', UNKNOWN, await bench.outcomeOf(outcome))
  },
}

/** A client, and a leader of term 5 that answers when it is told to. */
async function silent(bench: ClientBench) {
  const replies: (() => void)[] = []
  await bench.listen(5, (_, reply) => replies.push(() => reply(UNKNOWN)))
  return { client: await bench.client(), replies }
}
