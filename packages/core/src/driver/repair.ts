import { memberOf, type Configuration } from '../configuration.ts'
import type { Entry } from '../entry.ts'
import { DamagedLogError, ServerStoppedError } from '../errors.ts'
import type { GroupId, GroupUuid, Index, LogPosition, NodeId, StoreIdentity } from '../identifiers.ts'
import type { RepairAbsent, RepairEntry, RepairInquiry } from '../messages.ts'
import type { DamagedEntry, StoreFailure } from '../ports.ts'
import type { Timers } from './timers.ts'

/** Tells whether the log is whole now. Called once. */
export type RepairDone = (error: Error | undefined) => void

/** What is written to make a log whole. */
export interface RepairWrite {
  readonly truncateAfter: Index | undefined
  readonly repaired: readonly Entry[]
}

export interface RepairOptions {
  readonly group: GroupId
  readonly id: NodeId
  readonly damaged: readonly DamagedEntry[]
  /** All that the log and its snapshot still say of who belongs to the group, in order. */
  readonly configurations: readonly Configuration[]
  readonly timeoutMs: number
  readonly timers: Timers
  readonly say: (to: NodeId, message: RepairInquiry) => void
  /** Reads an entry that is not damaged; undefined where there is none. */
  readonly read: (wanted: LogPosition, read: (entry: Entry | undefined) => void) => void
  readonly write: (write: RepairWrite, written: (failure: StoreFailure | undefined) => void) => void
  readonly ended: RepairDone
}

const ASK_AGAIN_MS = 200
/** So many entries are asked for at once. */
const ASKED_AT_ONCE = 16

/**
 * A log that its store can no longer read as a whole, before its server takes part again. Any server that has an entry of the
 * same index and term has the same entry (§5.3, Log Matching), committed or not, leader or not: so others are asked for
 * what is missing. Where one of them knows another entry to be committed there, ours never was, and goes.
 */
export class Repair {
  readonly #options: RepairOptions
  readonly #others: readonly NodeId[]
  /** What nobody has given yet, by index. */
  readonly #damaged: Map<Index, DamagedEntry>
  /** Given by others, and not written yet. */
  #found: Entry[] = []
  /** Entries behind this were never committed, as another server knows. */
  #truncateAfter: Index | undefined
  /** Why others could not give an entry. */
  readonly #refusals = new Map<NodeId, string>()
  #isWriting = false
  #hasEnded = false

  constructor(options: RepairOptions) {
    this.#options = options
    const { configurations, id, damaged } = options
    const known = configurations.flatMap(({ members, next }) => [...members, ...(next?.members ?? [])])
    this.#others = [...new Set(known.map((member) => member.id))].filter((other) => other !== id)
    this.#damaged = new Map(damaged.map((one) => [one.position.index, one]))
  }

  start(): void {
    const { timers, timeoutMs } = this.#options
    if (this.#others.length === 0) {
      timers.setTimeout(() => this.#end(this.#failure('no other server is known')), 0)
      return
    }
    timers.setTimeout(() => this.#end(this.#failure(this.#whyNot(timeoutMs))), timeoutMs)
    this.#ask()
  }

  /** Whether the group knows this node by this store, as far as the log says. */
  knows(from: NodeId, store: StoreIdentity): boolean {
    return this.#options.configurations.some(({ members, next }) => {
      return [{ members }, next].some((set) => set !== undefined && memberOf(set, from)?.store === store)
    })
  }

  noteEntry(entry: Entry): void {
    const damaged = this.#damaged.get(entry.index)
    if (damaged === undefined || !isAt(damaged, entry) || !damaged.matches(entry)) return
    this.#damaged.delete(entry.index)
    this.#found.push(entry)
    this.#write()
  }

  noteAbsence(from: NodeId, { wanted, committedTerm, startsAfter }: RepairAbsent): void {
    const damaged = this.#damaged.get(wanted.index)
    if (damaged === undefined || !isAt(damaged, wanted)) return
    if (committedTerm !== undefined && committedTerm !== wanted.term) {
      this.#truncateAfter = Math.min(wanted.index - 1, this.#truncateAfter ?? Infinity)
      for (const index of this.#damaged.keys()) if (index >= wanted.index) this.#damaged.delete(index)
      this.#write()
    } else if (startsAfter >= wanted.index) {
      this.#refusals.set(from, `${from} has compacted its log up to ${startsAfter}`)
    } else this.#refusals.set(from, `${from} does not have entry ${wanted.index} of term ${wanted.term}`)
  }

  /** What another server lacks, this one may have, though it lacks something itself. */
  readFor(groupUuid: GroupUuid, wanted: LogPosition, done: (answer: RepairEntry) => void): void {
    const { configurations, read, damaged } = this.#options
    if (configurations.at(-1)?.groupUuid !== groupUuid) return
    if (damaged.some(({ position }) => position.index === wanted.index)) return
    read(wanted, (entry) => {
      if (entry?.term === wanted.term) done({ type: 'repair.entry', entry })
    })
  }

  abandon(): void {
    const { group } = this.#options
    this.#end(new ServerStoppedError(group, 'the node was closed while its log was being repaired'))
  }

  #ask(): void {
    if (this.#hasEnded) return
    this.#askAll()
    this.#options.timers.setTimeout(() => this.#ask(), ASK_AGAIN_MS)
  }

  /** For the first that are missing, all others. */
  #askAll(): void {
    const wanted = [...this.#damaged.values()].slice(0, ASKED_AT_ONCE)
    for (const { position } of wanted) {
      for (const to of this.#others) this.#options.say(to, { type: 'repair.inquiry', wanted: position })
    }
  }

  /** One write at a time: a truncation, and what was found as far as it still stands then. */
  #write(): void {
    if (this.#isWriting || this.#hasEnded) return
    const truncateAfter = this.#truncateAfter
    const repaired = this.#found.filter(({ index }) => index <= (truncateAfter ?? Infinity))
    this.#found = []
    this.#truncateAfter = undefined
    this.#isWriting = true
    this.#options.write({ truncateAfter, repaired }, (failure) => {
      this.#isWriting = false
      const { group } = this.#options
      if (failure !== undefined) {
        this.#end(new ServerStoppedError(group, failure.error.message, { cause: failure.error }))
      } else if (this.#found.length > 0 || this.#truncateAfter !== undefined) this.#write()
      else if (this.#damaged.size === 0) this.#end(undefined)
      else this.#askAll()
    })
  }

  #whyNot(timeoutMs: number): string {
    const silent = this.#others.filter((other) => !this.#refusals.has(other))
    const answers = [...this.#refusals.values()]
    if (silent.length > 0) answers.push(`no answer of use from ${silent.join(', ')}`)
    return `within ${timeoutMs} ms no other server gave them: ${answers.join('; ')}`
  }

  #failure(why: string): DamagedLogError {
    return new DamagedLogError(this.#options.group, [...this.#damaged.keys()], why)
  }

  #end(error: Error | undefined): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#options.ended(error)
  }
}

function isAt({ position }: DamagedEntry, { index, term }: LogPosition): boolean {
  return position.index === index && position.term === term
}
