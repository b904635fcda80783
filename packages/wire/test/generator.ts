import type {
  ClientReply,
  ClientRequest,
  Configuration,
  Member,
  Entry,
  EntryKind,
  Idempotency,
  LogPosition,
  Message,
  Packet,
} from '@quorate/core'
import { HIGHEST_MACHINE_VERSION } from '@quorate/core'

/** Random but the same for the same seed: whatever the types of core can say. */
export class Generator {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** From 0 up to, but without, `end` (mulberry32). */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000) * end)
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }

  list<T>(most: number, make: (place: number) => T): T[] {
    return Array.from({ length: this.below(most + 1) }, (_, place) => make(place))
  }

  /** Of every width that an integer can take on the wire. */
  integer(): number {
    return this.below(2 ** this.pick([1, 7, 8, 9, 16, 17, 31, 32, 33, 50]))
  }

  name(): string {
    const letters = 'abcXYZ019_-'
    return `n${Array.from({ length: this.pick([0, 1, 8, 30, 63]) }, () => letters[this.below(letters.length)]).join('')}`
  }

  uuid(): string {
    const hex = (length: number): string => Array.from({ length }, () => this.below(16).toString(16)).join('')
    return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`
  }

  bytes(): Uint8Array {
    return Uint8Array.from({ length: this.pick([0, 1, 31, 128, 255, 256, 1000]) }, () => this.below(256))
  }

  text(): string {
    return this.pick(['', 'a', 'orders.created', 'größer', '日本語.件', '🙂', 'x'.repeat(40), 'é'.repeat(200)])
  }

  configuration(): Configuration {
    const members = [this.name(), ...this.list(6, () => this.name())].map((id): Member => {
      const store = this.uuid()
      return this.below(3) === 0 ? { id, store, priority: this.below(256) } : { id, store }
    })
    const set = (): string[] => members.map((member) => member.id).filter(() => this.below(2) === 0)
    const origin = {
      groupUuid: this.uuid(),
      lastIndex: this.integer(),
      reason: this.pick(['recovery', 'restore'] as const),
    }
    const named = this.below(4) === 0 ? { groupUuid: this.uuid(), origin } : { groupUuid: this.uuid() }
    const configuration = { ...named, members, voters: this.below(2) === 0 ? [set()] : [set(), set()] }
    if (this.below(2) === 0) return configuration
    return { ...configuration, next: { members: members.slice(this.below(members.length)), voters: set() } }
  }

  entry(index: number, term: number): Entry {
    const base = { index, term, time: this.integer() }
    const kind = this.pick<EntryKind>(['command', 'command', 'command', 'no-op', 'configuration', 'upgrade'])
    switch (kind) {
      case 'command':
        return { ...base, kind, ...this.subject(), ...this.idempotency(), data: this.bytes() }
      case 'no-op':
        return { ...base, kind }
      case 'configuration':
        return {
          ...base,
          kind,
          configuration: this.configuration(),
          ...(this.below(4) === 0 ? this.machineVersion() : {}),
        }
      case 'upgrade':
        return { ...base, kind, ...this.machineVersion() }
    }
  }

  machineVersion(): { machineVersion: number } {
    return { machineVersion: this.pick([1, 2, 127, 128, 65_536, HIGHEST_MACHINE_VERSION]) }
  }

  subject(): { subject?: string } {
    return this.below(2) === 0 ? {} : { subject: this.text() }
  }

  idempotency(): { idempotency?: Idempotency } {
    if (this.below(3) > 0) return {}
    return { idempotency: { key: this.text().slice(0, 127) + '.', retainMs: this.integer() } }
  }

  /** Entries behind `prevLog`, up to some term that comes back with them. */
  entries(prevLog: LogPosition, most: number): { entries: Entry[]; term: number } {
    let term = prevLog.term
    const entries = this.list(most, (place) => this.entry(prevLog.index + 1 + place, (term += this.below(2))))
    return { entries, term: term + this.below(3) }
  }

  position(): LogPosition {
    const index = this.integer()
    return { index, term: index === 0 ? 0 : this.integer() }
  }

  installSnapshot({ index, term: lastTerm }: LogPosition, term: number, session: number, round: number): Message {
    const lastIncluded = { index: index + 1, term: lastTerm }
    const configuration = { index: 1 + this.below(Math.min(index + 1, 2 ** 31)), configuration: this.configuration() }
    const [data, offset] = [this.bytes(), this.integer()]
    const sizeBytes = offset + data.length + this.integer()
    const description = {
      lastIncluded,
      lastTime: this.integer(),
      configuration,
      sizeBytes,
      checksum: this.below(2 ** 32),
    }
    return { type: 'installSnapshot', term, session, round, description, offset, data }
  }

  message(): Message {
    const session = this.integer()
    const round = this.integer()
    const position = this.position()
    const term = position.term + this.integer()
    switch (this.below(20)) {
      case 17:
        return { type: 'repair.inquiry', wanted: this.position() }
      case 18:
        return { type: 'repair.entry', entry: this.entry(1 + this.integer(), this.integer()) }
      case 19: {
        const committedTerm = this.pick([undefined, this.integer()])
        return { type: 'repair.absent', wanted: this.position(), committedTerm, startsAfter: this.integer() }
      }
      case 9:
        return { type: 'preVote', term, round, lastLog: position }
      case 10:
        return { type: this.pick(['preVote.granted', 'preVote.refused'] as const), term, round }
      case 11:
        return { type: 'timeoutNow', term, lastLog: position }
      case 12:
        return { type: 'removed', term, configurationIndex: this.integer() }
      case 13:
        return this.installSnapshot(position, term, session, round)
      case 14: {
        const type = 'installSnapshot.answered'
        return { type, term, session, round, lastIncludedIndex: this.integer(), receivedBytes: this.integer() }
      }
      case 0:
        return { type: 'requestVote', term, lastLog: position, isTransfer: this.pick([false, true]) }
      case 1:
        return { type: 'requestVote.granted', term }
      case 2:
        return { type: 'requestVote.refused', term }
      case 3:
        return { type: 'appendEntries.accepted', term, session, round, matchIndex: this.integer(), machineVersion: 1 }
      case 4: {
        const prevLogIndex = position.index + this.integer()
        return { type: 'appendEntries.rejected', term, session, round, prevLogIndex, hint: position }
      }
      case 5:
        return { type: 'bootstrap.inquiry', birth: this.pick([undefined, this.uuid()]) }
      case 6: {
        const [birth, groupUuid, knownStore] = [1, 2, 3].map(() => this.pick([undefined, this.uuid()]))
        return { type: 'bootstrap.standing', birth, groupUuid, knownStore }
      }
      case 7: {
        const configuration = this.configuration()
        return { type: 'bootstrap.offer', entry: { kind: 'configuration', index: 1, term: 0, time: 5, configuration } }
      }
      case 8:
        return { type: 'bootstrap.accepted', groupUuid: this.uuid() }
      default: {
        const { entries, term: lastTerm } = this.entries(position, this.pick([0, 1, 3, 20]))
        return {
          type: 'appendEntries',
          term: lastTerm,
          session,
          round,
          prevLog: position,
          entries,
          leaderCommit: this.integer(),
        }
      }
    }
  }

  packet(store: string): Packet {
    const messages = [this.message(), ...this.list(3, () => this.message())]
    return { group: this.name(), groupUuid: this.pick([undefined, this.uuid()]), store, messages }
  }

  request(): ClientRequest {
    switch (this.below(3)) {
      case 0: {
        const commands = this.list(5, () => {
          const data = this.bytes()
          const { idempotency } = this.idempotency()
          const keyed = idempotency === undefined ? {} : { idempotency, ...this.pick([{}, { after: this.integer() }]) }
          return { ...this.subject(), ...keyed, data }
        })
        return { type: 'append', term: this.integer(), commands }
      }
      case 1:
        return { type: 'read', after: this.integer(), maxBytes: this.integer() }
      default:
        return { type: 'status' }
    }
  }

  reply(): ClientReply {
    const term = this.integer()
    switch (this.below(8)) {
      case 6:
        return { type: 'keyReused', key: this.text() }
      case 7:
        return { type: 'keyForgotten', key: this.text(), after: this.integer() }
      case 0:
        return {
          type: 'appended',
          firstIndex: this.integer(),
          term,
          ...this.pick([{}, { places: [this.position(), ...this.list(3, () => this.position())] }]),
        }
      case 1:
        return { type: 'notLeader', term, leaderId: this.pick([undefined, this.name()]) }
      case 2:
        return {
          type: 'refused',
          reason: this.pick(['tooLarge', 'closed', 'malformed'] as const),
          message: this.text(),
        }
      case 3:
        return { type: 'unknown', term }
      case 4: {
        const { entries, term: lastTerm } = this.entries(this.position(), 10)
        return { type: 'entries', entries, commitIndex: this.integer(), term: lastTerm }
      }
      default:
        return { type: 'status', leaderId: this.name(), term, commitIndex: this.integer() }
    }
  }
}
