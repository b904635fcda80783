import type { Message, Packet } from '@quorate/core'
import { ContractBrokenError } from '../contractBrokenError.ts'
import { commandOfSize, sampleCommands } from '../sampleEntries.ts'
import { everyMessage } from '../sampleMessages.ts'
import { samplePacket, sampleVote, type TransportBench, type TransportTests } from './transportBench.ts'

const MEBIBYTE = 1024 * 1024
/** As large an entry as is tried where a transport names no limit, or a higher one. */
const LARGEST_BYTES = 4 * MEBIBYTE
/** The longest name that a node or a group may have. */
const LONG_NAME = 'n'.repeat(64)

/** What a transport carries, and to whom. */
export const packetCases: TransportTests = {
  'brings a packet to the node it is for, and says who sent it': async (bench) => {
    const nodes = await bench.join('n1', 'n2', 'n3')
    let term = 0
    for (const from of nodes) {
      for (const to of nodes) {
        if (from !== to) await bench.bring(from, to, [samplePacket('orders', sampleVote(++term))])
      }
    }
    await bench.finish()
  },

  'brings the packets of one call, of several groups and with several messages each': async (bench) => {
    const [n1, n2] = await bench.join('n1', 'n2')
    const packets = [
      samplePacket('orders', sampleVote(1), { type: 'requestVote.granted', term: 1 }, sampleVote(2)),
      samplePacket('stock', sampleVote(3)),
      { ...samplePacket('users', sampleVote(4), sampleVote(5)), groupUuid: undefined },
      samplePacket('orders', { type: 'requestVote.refused', term: 9 }),
    ]
    await bench.bring(n1, n2, packets)
    await bench.bring(n2, n1, [...packets].reverse())
  },

  'carries the packet of a server that has no configuration yet': async (bench) => {
    const [n1, n2] = await bench.join('n1', 'n2')
    await bench.bring(n1, n2, [{ ...samplePacket('orders', sampleVote(1)), groupUuid: undefined }])
  },

  ...Object.fromEntries(
    Object.entries(everyMessage()).map(([type, messages]) => [
      `carries ${type} as it was sent`,
      (bench: TransportBench) => bringAll(bench, messages),
    ]),
  ),

  'hands packets over in a later turn, never from within send': async (bench) => {
    const [n1, n2] = await bench.join('n1', 'n2')
    for (let term = 1; term <= 20; term++) bench.send(n1, 'n2', [samplePacket('orders', sampleVote(term))])
    await bench.bring(n1, n2, [samplePacket('orders', sampleVote(21))])
  },

  'drops what is for nobody, and carries on': async (bench) => {
    const [n1, n2] = await bench.join('n1', 'n2')
    bench.send(n1, 'nobody', [samplePacket('orders', sampleVote(1))])
    bench.send(n1, LONG_NAME, [samplePacket('orders', sampleVote(2)), samplePacket('stock', sampleVote(3))])
    bench.send(n1, 'n2', [])
    await bench.bring(n1, n2, [samplePacket('orders', sampleVote(4))])
  },

  'reaches a node that joins later': async (bench) => {
    const [n1] = await bench.join('n1', 'n2')
    bench.send(n1, 'n3', [samplePacket('orders', sampleVote(1))])
    const [n3] = await bench.join('n3')
    await bench.bring(n1, n3, [samplePacket('orders', sampleVote(2))])
  },

  'carries an entry of maxEntryBytes, whatever travels with it': async (bench) => {
    const [long, n2] = await bench.join(LONG_NAME, 'n2')
    const { maxEntryBytes } = long.transport
    if (!(maxEntryBytes > 0)) throw new ContractBrokenError(`maxEntryBytes is ${maxEntryBytes}; no entry is so small`)
    const place = { index: 2 ** 52 + 1, term: 2 ** 52, time: 2 ** 52 }
    const append: Message = {
      type: 'appendEntries',
      term: Number.MAX_SAFE_INTEGER,
      session: Number.MAX_SAFE_INTEGER,
      round: Number.MAX_SAFE_INTEGER,
      prevLog: { index: place.index - 1, term: place.term },
      entries: [commandOfSize(place, Math.min(maxEntryBytes, LARGEST_BYTES))],
      leaderCommit: Number.MAX_SAFE_INTEGER,
    }
    await bench.bring(long, n2, [samplePacket(LONG_NAME, append)])
    await bench.bring(long, n2, [
      samplePacket('orders', sampleVote(1), append, sampleVote(2)),
      samplePacket('stock', append),
    ])
  },

  'carries entries that are larger together than maxEntryBytes, whole or in parts that follow one another': async (
    bench,
  ) => {
    const [n1, n2] = await bench.join('n1', 'n2')
    const dataBytes = Math.floor(Math.min(n1.transport.maxEntryBytes, LARGEST_BYTES) / 4)
    const entries = sampleCommands(1, 10, 3).map((entry) => ({
      ...entry,
      data: new Uint8Array(dataBytes).fill(entry.index),
    }))
    const prevLog = { index: 0, term: 0 }
    const append: Message = { type: 'appendEntries', term: 4, session: 1, round: 0, prevLog, entries, leaderCommit: 0 }
    await bench.bring(n1, n2, [samplePacket('orders', append), samplePacket('stock', sampleVote(1))])
  },
}

/** Each in a packet of its own, and all in one. */
async function bringAll(bench: TransportBench, messages: readonly Message[]): Promise<void> {
  const [n1, n2] = await bench.join('n1', 'n2')
  const packets: Packet[] = messages.map((message) => samplePacket('orders', message))
  await bench.bring(n1, n2, packets)
  await bench.bring(n2, n1, [samplePacket('orders', ...messages)])
}
