import type { ClientReply, ClientRequest } from '@quorate/core'
import { encodeEntry } from '@quorate/wire'
import { ContractBrokenError } from '../contractBrokenError.ts'
import { assertSame, shown } from '../difference.ts'
import { commandOfSize } from '../sampleEntries.ts'
import { everyReply, everyRequest, sampleAppend } from '../sampleRequests.ts'
import type { Answer, ClientBench, ClientTests } from './clientBench.ts'

const MEBIBYTE = 1024 * 1024
/** As large an entry as is tried where a transport names no limit, or a higher one. */
const LARGEST_BYTES = 4 * MEBIBYTE
const TERM = 7
const MANY = 100

const UNKNOWN: ClientReply = { type: 'unknown', term: TERM }
const answerUnknown: Answer = (_, reply) => reply(UNKNOWN)

/** What comes through between a client and a leader. */
export const requestCases: ClientTests = {
  ...Object.fromEntries(
    Object.entries(everyRequest(TERM)).map(([type, requests]) => [
      `brings ${type} to the leader as it was asked`,
      (bench: ClientBench) => askAll(bench, requests),
    ]),
  ),

  ...Object.fromEntries(
    Object.entries(everyReply()).map(([type, replies]) => [
      `brings the reply ${type} back as it was given`,
      (bench: ClientBench) => answerWithAll(bench, replies),
    ]),
  ),

  'brings back a reply that is given later': async (bench) => {
    const replies: (() => void)[] = []
    await bench.listen(TERM, (_, reply) => replies.push(() => reply(UNKNOWN)))
    const outcome = bench.begin(await bench.client(), sampleAppend(TERM))
    await bench.waiting.until(
      () => replies.length > 0,
      () => 'an append never reached the leader of its term',
    )
    await bench.waiting.quiet()
    assertSame('how often a request was settled that nobody had answered yet', 0, outcome.calls)
    replies[0]?.()
    assertSame('the outcome', UNKNOWN, await bench.outcomeOf(outcome))
  },

  'tells requests apart that are under way together': async (bench) => {
    const replies: (() => void)[] = []
    await bench.listen(TERM, (request, reply) => {
      const firstIndex =
        request.type === 'append' ? Number(textOf(request.commands[0]?.data).slice('append '.length)) : 0
      replies.push(() => reply({ type: 'appended', firstIndex, term: TERM }))
    })
    const client = await bench.client()
    const outcomes = Array.from({ length: MANY }, (_, place) => bench.begin(client, sampleAppend(TERM, place + 1)))
    const missing = (): string => `of ${MANY} appends under way together ${replies.length} reached the leader`
    await bench.waiting.until(() => replies.length === MANY, missing)
    for (const reply of replies.reverse()) reply()
    for (const [place, outcome] of outcomes.entries()) {
      const expected = { type: 'appended', firstIndex: place + 1, term: TERM }
      assertSame(`the outcome of ${outcome.name}`, expected, await bench.outcomeOf(outcome))
    }
  },

  'carries an append whose entry has maxEntryBytes': async (bench) => {
    const { heard } = await bench.listen(TERM, answerUnknown)
    const client = await bench.client()
    const { maxEntryBytes } = client
    if (!(maxEntryBytes > 0)) throw new ContractBrokenError(`maxEntryBytes is ${maxEntryBytes}; no entry is so small`)
    // In the place where the least of it is not data.
    const entry = commandOfSize({ index: 1, term: 1, time: 0 }, Math.min(maxEntryBytes, LARGEST_BYTES))
    const outcome = await bench.ask(client, { type: 'append', term: TERM, commands: [{ data: entry.data }] })
    const size = `an append whose entry has ${encodeEntry(entry).length} bytes, with maxEntryBytes ${maxEntryBytes},`
    assertSame(`the outcome of ${size}`, UNKNOWN, outcome)
    assertSame(`what reached the leader of ${size}`, [{ data: entry.data }], heard.flatMap(commandsOf))
  },

  'settles at once what is too large to send, and says so': async (bench) => {
    const { heard } = await bench.listen(TERM, answerUnknown)
    const client = await bench.client()
    const data = new Uint8Array(2 * Math.min(client.maxEntryBytes, LARGEST_BYTES) + MEBIBYTE)
    const outcome = await bench.ask(client, { type: 'append', term: TERM, commands: [{ data }] })
    if (heard.length === 0) assertSame('the outcome', { type: 'notSent', reason: 'tooLarge' }, outcome)
    else assertSame('what reached the leader', [{ data }], heard.flatMap(commandsOf))
  },
}

/** Asked one by one, so that what arrives is known by its place. */
async function askAll(bench: ClientBench, requests: readonly ClientRequest[]): Promise<void> {
  const { heard } = await bench.listen(TERM, answerUnknown)
  const client = await bench.client()
  for (const request of requests) {
    assertSame(`the outcome of ${shown(request)}`, UNKNOWN, await bench.ask(client, request))
    assertSame('the request that reached the leader', request, heard.at(-1))
  }
  assertSame('how many requests reached the leader', requests.length, heard.length)
}

async function answerWithAll(bench: ClientBench, replies: readonly ClientReply[]): Promise<void> {
  let place = 0
  await bench.listen(TERM, (_, reply) => reply(replies[place] as ClientReply))
  const client = await bench.client()
  for (const [at, reply] of replies.entries()) {
    place = at
    assertSame('the outcome', reply, await bench.ask(client, sampleAppend(TERM)))
  }
}

function commandsOf(request: ClientRequest) {
  return request.type === 'append' ? request.commands : []
}

function textOf(data: Uint8Array | undefined): string {
  return new TextDecoder().decode(data)
}
