import type { ClientReply } from '@quorate/core'
import { ContractBrokenError } from '../contractBrokenError.ts'
import { assertSame, shown } from '../difference.ts'
import { everyRequest, sampleAppend } from '../sampleRequests.ts'
import type { Answer, ClientTests } from './clientBench.ts'

const STATUS = { type: 'status' } as const

/** Which leaders hear a request. */
export const leaderCases: ClientTests = {
  'finds that nobody listens': async (bench) => {
    const client = await bench.client()
    for (const request of Object.values(everyRequest(5)).flat()) {
      const outcome = await bench.ask(client, request)
      assertSame(`the outcome of ${request.type} where nobody listens`, { type: 'noResponder' }, outcome)
    }
  },

  'keeps groups apart': async (bench) => {
    const orders = await bench.listen(5, leaderOf(5), 'orders')
    const stock = await bench.listen(5, leaderOf(5), 'stock')
    const client = await bench.client()
    assertSame('the outcome', appendedIn(5), await bench.ask(client, sampleAppend(5), { group: 'stock' }))
    const outcome = await bench.ask(client, STATUS, { group: 'users' })
    assertSame('the outcome of a request to a group without a leader', { type: 'noResponder' }, outcome)
    assertSame('what the leader of orders heard', [], orders.heard)
    assertSame('what the leader of stock heard', [sampleAppend(5)], stock.heard)
  },

  'brings an append to the leader of its term alone, while another leads as well': async (bench) => {
    const deposed = await bench.listen(5, leaderOf(5))
    const leader = await bench.listen(6, leaderOf(6))
    const client = await bench.client()
    for (const [term, hearing, other] of [
      [6, leader, deposed],
      [5, deposed, leader],
    ] as const) {
      const heardByOther = other.heard.length
      assertSame(
        `the outcome of an append of term ${term}`,
        appendedIn(term),
        await bench.ask(client, sampleAppend(term)),
      )
      assertSame(`the last that the leader of term ${term} heard`, sampleAppend(term), hearing.heard.at(-1))
      const more = other.heard.slice(heardByOther)
      if (more.length > 0)
        throw new ContractBrokenError(`an append of term ${term} reached the leader of another term too`)
    }
  },

  'brings an append of a term that nobody leads to nobody': async (bench) => {
    const leader = await bench.listen(5, leaderOf(5))
    const outcome = await bench.ask(await bench.client(), sampleAppend(7))
    const appends = leader.heard.filter(({ type }) => type === 'append')
    if (appends.length > 0) throw new ContractBrokenError('an append of term 7 reached the leader of term 5')
    if (outcome.type === 'noResponder' || outcome.type === 'notLeader') return
    throw new ContractBrokenError(
      `an append of a term that nobody leads ended as ${shown(outcome)}: no proof of anything`,
    )
  },

  'settles a request once that two leaders answer': async (bench) => {
    await bench.listen(5, leaderOf(5))
    await bench.listen(6, leaderOf(6))
    const client = await bench.client()
    for (let count = 0; count < 5; count++) {
      const outcome = await bench.ask(client, STATUS)
      const { term } = outcome.type === 'status' ? outcome : { term: 0 }
      if (term === 5 || term === 6) assertSame('the outcome', statusIn(term), outcome)
      else throw new ContractBrokenError(`a status request ended as ${shown(outcome)}, though two leaders answered it`)
    }
  },

  'brings reads and status requests to whoever leads, in whatever term': async (bench) => {
    await bench.listen(2 ** 40, leaderOf(2 ** 40))
    assertSame('the outcome', statusIn(2 ** 40), await bench.ask(await bench.client(), STATUS))
  },

  'brings nothing to a leader that has ended, and still answers what is under way': async (bench) => {
    const replies: (() => void)[] = []
    const leader = await bench.listen(5, (_, reply) => {
      if (replies.length < 2) replies.push(() => reply(appendedIn(5)))
      else reply(appendedIn(5))
    })
    const client = await bench.client()
    const underWay = [
      bench.begin(client, sampleAppend(5, 1)),
      bench.begin(client, { type: 'read', after: 0, maxBytes: 1 }),
    ]
    const missing = (): string => `of 2 requests ${replies.length} reached the leader`
    await bench.waiting.until(() => replies.length === underWay.length, missing)
    await leader.stop()
    for (const request of [sampleAppend(5, 2), STATUS]) {
      const outcome = await bench.ask(client, request)
      assertSame(`the outcome of ${request.type} behind the end of the leader`, { type: 'noResponder' }, outcome)
    }
    assertSame('how many requests reached the leader', underWay.length, leader.heard.length)
    for (const reply of replies) reply()
    for (const outcome of underWay) {
      assertSame(
        `the outcome of ${outcome.name}, under way when its leader ended`,
        appendedIn(5),
        await bench.outcomeOf(outcome),
      )
    }
  },

  'lets one who has ended listen again, in a later term': async (bench) => {
    const former = await bench.listen(5, leaderOf(5))
    await former.stop()
    const heard: unknown[] = []
    former.client.serve('orders', 8, (request, reply) => {
      heard.push(request)
      leaderOf(8)(request, reply)
    })
    await bench.waiting.settle()
    const client = await bench.client()
    assertSame('the outcome', appendedIn(8), await bench.ask(client, sampleAppend(8)))
    assertSame('what the former handler heard', [], former.heard)
    assertSame('what the new handler heard', [sampleAppend(8)], heard)
  },
}

/** Answers as the leader of `term`, whatever comes. */
function leaderOf(term: number): Answer {
  return (request, reply) => reply(request.type === 'append' ? appendedIn(term) : statusIn(term))
}

function appendedIn(term: number): ClientReply {
  return { type: 'appended', firstIndex: 4, term }
}

function statusIn(term: number): ClientReply & { type: 'status' } {
  return { type: 'status', leaderId: 'n1', term, commitIndex: 3 }
}
