import type { Entry, EntryKind, Index, Term } from '@quorate/core'

const utf8 = new TextDecoder()

/** A committed entry as consumers see it. */
export class LogEntry {
  readonly index: Index
  readonly term: Term
  readonly kind: EntryKind
  /** Milliseconds since the epoch, by the leader's clock; never falls along the log. */
  readonly time: number
  readonly subject: string | undefined
  /** That by which it was appended once. */
  readonly idempotencyKey: string | undefined
  /** The bytes that were appended; none for entries that Raft itself wrote. Shared: do not change them. */
  readonly data: Uint8Array

  constructor(entry: Entry) {
    this.index = entry.index
    this.term = entry.term
    this.kind = entry.kind
    this.time = entry.time
    this.subject = entry.kind === 'command' ? entry.subject : undefined
    this.idempotencyKey = entry.kind === 'command' ? entry.idempotency?.key : undefined
    this.data = entry.kind === 'command' ? entry.data : EMPTY
  }

  /** The bytes as UTF-8. */
  text(): string {
    return utf8.decode(this.data)
  }
}

const EMPTY = new Uint8Array(0)
