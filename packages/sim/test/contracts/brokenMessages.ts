import type { AppendEntries, Message } from '@quorate/core'
import { encodeEntry } from '@quorate/wire'
import { everyMessage } from '../../src/contracts/sampleMessages.ts'
import type { Breakage } from './caught.ts'
import { altered, sending, type TransportChange } from './soundTransports.ts'

const APPEND = 'carries appendEntries as it was sent'
const LARGEST = 'carries an entry of maxEntryBytes, whatever travels with it'
const CUT = 'carries entries that are larger together than maxEntryBytes, whole or in parts that follow one another'
const LIMIT_BYTES = 100_000

/** A transport that says something else in place of each message. */
function saying(change: (message: Message) => Message[]): TransportChange {
  return sending((packet) => [{ ...packet, messages: packet.messages.flatMap((message) => change(message)) }])
}

function appending(change: (message: AppendEntries) => Message[]): TransportChange {
  return saying((message) => (message.type === 'appendEntries' ? change(message) : [message]))
}

/** A transport that carries `largestBytes` of entries in a message, and names `maxEntryBytes`. */
function limited(maxEntryBytes: number, largestBytes: number): TransportChange {
  const fits = (message: Message): boolean => message.type !== 'appendEntries' || bytesOf(message) <= largestBytes
  return (transport) =>
    altered(transport, {
      maxEntryBytes,
      send: (to, packets) =>
        transport.send(
          to,
          packets.filter(({ messages }) => messages.every(fits)),
        ),
    })
}

function bytesOf({ entries }: AppendEntries): number {
  return entries.reduce((sum, entry) => sum + encodeEntry(entry).length, 0)
}

function oneByOne(message: AppendEntries): AppendEntries[] {
  return message.entries.map((entry) => ({ ...message, entries: [entry] }))
}

/** How a transport goes wrong that carries messages. */
export const brokenMessages: readonly Breakage<TransportChange>[] = [
  [
    'fills in a group UUID where there is none',
    sending((packet) => [{ ...packet, groupUuid: packet.groupUuid ?? '00000000-0000-4000-8000-000000000000' }]),
    'carries the packet of a server that has no configuration yet',
    /never reached n2/,
  ],
  [
    'takes no birth for one without a name',
    saying((message) => [message.type === 'bootstrap.inquiry' ? { ...message, birth: message.birth ?? '' } : message]),
    'carries bootstrap.inquiry as it was sent',
    /\(bootstrap\.inquiry\) from n1 never reached n2/,
  ],
  [
    'keeps 32 bits of a term',
    saying((message) => [message.type === 'requestVote.refused' ? { ...message, term: message.term >>> 0 } : message]),
    'carries requestVote.refused as it was sent',
    /never reached n2/,
  ],
  [
    'makes another message of it now and then',
    saying((message) => [message, message.type === 'requestVote.granted' ? { ...message, term: 99 } : message]),
    'carries requestVote.granted as it was sent',
    /never sent to it: \{"type":"requestVote.granted","term":99\}/,
  ],
  [
    'drops the subjects of entries',
    appending((message) => [{ ...message, entries: message.entries.map((entry) => withoutSubject(entry)) }]),
    APPEND,
    /\(appendEntries\) from n1 never reached n2/,
  ],
  [
    'drops heartbeats',
    appending((message) => (message.entries.length > 0 ? [message] : [])),
    APPEND,
    /never reached n2/,
  ],
  ['cuts entries apart, and leaves the entry before as it was', appending(oneByOne), APPEND, /never reached n2/],
  ['claims to carry more than it does', limited(LIMIT_BYTES, LIMIT_BYTES - 1), LARGEST, /never reached n2/],
  ['claims to carry nothing', limited(0, LIMIT_BYTES), LARGEST, /maxEntryBytes is 0/],
  [
    'drops what is larger than it names, all of it',
    limited(LIMIT_BYTES, LIMIT_BYTES),
    CUT,
    /\(appendEntries\) from n1 never reached n2/,
  ],
]

function withoutSubject(entry: AppendEntries['entries'][number]): AppendEntries['entries'][number] {
  if (entry.kind !== 'command') return entry
  const { index, term, time, kind, data } = entry
  return { index, term, time, kind, data }
}

/** Each type of message, lost by a transport of its own. */
export const lostMessages: readonly Breakage<TransportChange>[] = Object.keys(everyMessage()).map((type) => [
  `does not know ${type}`,
  saying((message) => (message.type === type ? [] : [message])),
  `carries ${type} as it was sent`,
  /from n1 never reached n2, however often it was sent/,
])
