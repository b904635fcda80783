import type { Packet } from '@quorate/core'
import type { Breakage } from './caught.ts'
import { altered, hearing, sending, type TransportChange } from './soundTransports.ts'

const CONNECTED = 'tells its node once that it is first connected'
const CLOSED = 'calls back once when it is closed'
const QUIET_WHEN_CLOSED = 'delivers nothing after it is closed'
const SENDER = 'brings a packet to the node it is for, and says who sent it'
const ONE_CALL = 'brings the packets of one call, of several groups and with several messages each'

/** How a transport goes wrong that begins or ends. */
export const brokenTransportLives: readonly Breakage<TransportChange>[] = [
  [
    'never says that it is connected',
    hearing(() => ({ connected: () => {} })),
    CONNECTED,
    /n1 was never told that it is connected/,
  ],
  [
    'says twice that it is connected',
    hearing((receiver) => ({
      connected: () => {
        receiver.connected()
        setTimeout(() => receiver.connected(), 2)
      },
    })),
    CONNECTED,
    /\.connected is 2, not 1/,
  ],
  [
    'says that it is disconnected, though nothing interrupted it',
    hearing((receiver) => ({
      connected: () => {
        receiver.connected()
        receiver.disconnected()
      },
    })),
    CONNECTED,
    /\.disconnected is 1, not 0/,
  ],
  [
    'never says that it is closed',
    (transport) => altered(transport, { close: () => {} }),
    CLOSED,
    /close of n1 never called back/,
  ],
  [
    'says twice that it is closed',
    (transport) =>
      altered(transport, {
        close: (done) =>
          transport.close(() => {
            done()
            done()
          }),
      }),
    CLOSED,
    /close of n1 called back 2 times/,
  ],
  [
    'delivers on when it is closed',
    (transport) => altered(transport, { close: (done) => done() }),
    QUIET_WHEN_CLOSED,
    /packets were delivered to n2 after its transport was closed/,
  ],
  [
    'says that it is disconnected when it has closed',
    (transport) => {
      let disconnected = (): void => {}
      return altered(transport, {
        open: (receiver) => {
          disconnected = () => receiver.disconnected()
          transport.open(receiver)
        },
        close: (done) =>
          transport.close(() => {
            done()
            setTimeout(disconnected, 2)
          }),
      })
    },
    QUIET_WHEN_CLOSED,
    /after its transport was closed\.disconnected is 1, not 0/,
  ],
  [
    'throws at what is sent when it is closed',
    (transport) => {
      let isClosed = false
      return altered(transport, {
        send: (to, packets) => {
          if (isClosed) throw new Error('it is closed')
          transport.send(to, packets)
        },
        close: (done) => {
          isClosed = true
          transport.close(done)
        },
      })
    },
    'drops in silence what is sent after it is closed',
    /send of 1 packets from n1 to "n2" threw Error: it is closed/,
  ],
  [
    'disconnects all when it closes',
    (() => {
      const disconnect = new Set<() => void>()
      return (transport) =>
        altered(transport, {
          open: (receiver) => {
            disconnect.add(() => receiver.disconnected())
            transport.open(receiver)
          },
          close: (done) => {
            for (const one of disconnect) one()
            transport.close(done)
          },
        })
    })(),
    'leaves the others alone when it closes',
    /how often the others heard that they were disconnected\[0\] is 1, not 0/,
  ],
]

/** How a transport goes wrong that brings packets to nodes. */
export const brokenWays: readonly Breakage<TransportChange>[] = [
  [
    'names the receiver as the sender',
    hearing((receiver, node) => ({ received: (_, packet) => receiver.received(node, packet) })),
    SENDER,
    /from n1 never reached n2/,
  ],
  [
    'names somebody else as the sender once',
    hearing((receiver, node) => ({
      received: (from, packet) => {
        receiver.received(from, packet)
        if (from === 'n1' && node === 'n2') receiver.received('n3', packet)
      },
    })),
    SENDER,
    /n2 received from n3 what n3 never sent to it/,
  ],
  [
    'delivers from within send',
    (() => {
      const receivers = new Map<string, (from: string, packet: Packet) => void>()
      return (transport, node) =>
        altered(transport, {
          open: (receiver) => {
            receivers.set(node, (from, packet) => receiver.received(from, packet))
            transport.open(receiver)
          },
          send: (to, packets) => packets.forEach((packet) => receivers.get(to)?.(node, packet)),
        })
    })(),
    'hands packets over in a later turn, never from within send',
    /received a packet from within a send/,
  ],
  [
    'brings everything to everybody',
    (transport, _, others) =>
      altered(transport, {
        send: (to, packets) => {
          for (const other of new Set([to, ...others])) transport.send(other, packets)
        },
      }),
    SENDER,
    /what n2 never sent to it|what n3 never sent to it/,
  ],
  ['loses everything', sending(() => []), SENDER, /never reached n2, however often it was sent/],
  [
    'carries the first packet of a call alone',
    (transport) => altered(transport, { send: (to, packets) => transport.send(to, packets.slice(0, 1)) }),
    ONE_CALL,
    /a packet of stock \(requestVote\) from n1 never reached n2/,
  ],
  [
    'carries the first message of a packet alone',
    sending((packet) => [{ ...packet, messages: packet.messages.slice(0, 1) }]),
    ONE_CALL,
    /a packet of orders .* never reached n2/,
  ],
  [
    'gives all packets of a call the group of the first',
    (transport) =>
      altered(transport, {
        send: (to, packets) =>
          transport.send(
            to,
            packets.map((packet) => ({ ...packet, group: packets[0]?.group ?? '' })),
          ),
      }),
    ONE_CALL,
    /a packet of stock/,
  ],
  [
    'throws when it is to send to nobody it knows',
    (transport) =>
      altered(transport, {
        send: (to, packets) => {
          if (to === 'nobody') throw new Error('who?')
          transport.send(to, packets)
        },
      }),
    'drops what is for nobody, and carries on',
    /threw Error: who\?/,
  ],
  [
    'knows only whom it met first',
    (transport, node) =>
      altered(transport, {
        send: (to, packets) => (node === 'n1' && to !== 'n2' ? undefined : transport.send(to, packets)),
      }),
    'reaches a node that joins later',
    /from n1 never reached n3/,
  ],
]
