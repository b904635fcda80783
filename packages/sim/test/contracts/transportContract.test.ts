import type { AppendEntries, Message, Packet } from '@quorate/core'
import { describe, it } from 'vitest'
import { transportContract } from '../../src/contracts/index.ts'
import { SimRandom } from '../../src/random.ts'
import { brokenMessages, lostMessages } from './brokenMessages.ts'
import { brokenTransportLives, brokenWays } from './brokenTransports.ts'
import { expectCaught, expectEachToCatch, patienceFor } from './caught.ts'
import { altered, transportsLike, type TransportChange } from './soundTransports.ts'

const broken = [...brokenTransportLives, ...brokenWays, ...brokenMessages, ...lostMessages]

/** Loses, doubles, turns round, delays and cuts up whatever it can: all that the port allows. */
function rough(seed: number): TransportChange {
  const random = new SimRandom(seed)
  return (transport) =>
    altered(transport, {
      maxEntryBytes: 100_000,
      send: (to, packets) => {
        const parts = packets.flatMap((packet) => packet.messages.flatMap((message) => partsOf(packet, message)))
        for (const part of random.shuffled([...parts, ...random.some(parts, 0.2)])) {
          if (random.happens(0.7)) setTimeout(() => transport.send(to, [part]), random.between(0, 20))
        }
      },
    })
}

/** Every message by itself, every entry in an AppendEntries of its own. */
function partsOf(packet: Packet, message: Message): Packet[] {
  if (message.type !== 'appendEntries' || message.entries.length === 0) return [{ ...packet, messages: [message] }]
  return message.entries.map((entry, place): Packet => {
    const prevLog = message.entries[place - 1] ?? message.prevLog
    const part: AppendEntries = { ...message, prevLog: { index: prevLog.index, term: prevLog.term }, entries: [entry] }
    return { ...packet, messages: [part] }
  })
}

describe('a sound transport', () => {
  for (const { title, run } of transportContract(transportsLike())) it(title, run)
})

describe('a transport that loses, doubles, turns round, delays and cuts up', () => {
  for (const { title, run } of transportContract(transportsLike(rough(1)))) it(title, run)
})

describe('a transport is caught that', () => {
  it.each(broken)('%s', async (_, change, title, message) => {
    await expectCaught(transportContract({ ...transportsLike(change), ...patienceFor(message) }), title, message)
  })
})

it('has no case that catches nothing', () => expectEachToCatch(transportContract(transportsLike()), broken))
