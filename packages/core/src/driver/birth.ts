import type { ConfigurationEntry } from '../entry.ts'
import {
  AlreadyBootstrappedError,
  BootstrapConflictError,
  BootstrapIncompleteError,
  ServerStoppedError,
} from '../errors.ts'
import type { GroupId, GroupUuid, NodeId, StoreIdentity } from '../identifiers.ts'
import type { BootstrapMessage, BootstrapStanding } from '../messages.ts'
import type { StoreFailure } from '../ports.ts'
import { firstEntry } from '../rules/bootstrap.ts'
import type { Timers } from './timers.ts'

export type BootstrapDone = (error: Error | undefined, groupUuid: GroupUuid | undefined) => void

/** A node that answered holds itself ready for the birth that asked, for this long. */
export const PROMISE_MS = 2_000

const ASK_AGAIN_MS = 100

/** What a group begins with. */
export interface BirthRequest {
  /** All its servers, the node that is asked among them. */
  readonly nodes: readonly NodeId[]
  /** How long the other nodes may take to answer, in milliseconds. */
  readonly timeoutMs: number
  /** The version of the state machine that is in force from the first entry on: 1 unless given. */
  readonly machineVersion?: number | undefined
}

export interface BirthOptions extends BirthRequest {
  readonly group: GroupId
  /** Names this birth: what was said to another counts for nothing. */
  readonly birth: string
  readonly id: NodeId
  readonly store: StoreIdentity
  readonly groupUuid: GroupUuid
  readonly timers: Timers
  readonly now: () => number
  readonly wallTime: () => number
  readonly say: (to: NodeId, message: BootstrapMessage) => void
  /** The group that this node holds by now; undefined for none, null when that cannot be said. */
  readonly held: () => GroupUuid | undefined | null
  readonly write: (entry: ConfigurationEntry, written: (failure: StoreFailure | undefined) => void) => void
  readonly ended: BootstrapDone
}

interface Answer {
  readonly store: StoreIdentity
  readonly atMs: number
}

/** One birth, on the node that was asked for it: hears from all that they are free, then has all write the same entry. */
export class Birth {
  readonly #options: BirthOptions
  readonly #others: readonly NodeId[]
  readonly #answers = new Map<NodeId, Answer>()
  readonly #accepted = new Set<NodeId>()
  /** From here on something is written. */
  #entry: ConfigurationEntry | undefined
  #hasEnded = false

  constructor(options: BirthOptions) {
    this.#options = options
    this.#others = options.nodes.filter((node) => node !== options.id)
    options.timers.setTimeout(() => this.end(this.#incomplete()), options.timeoutMs)
  }

  /** While nothing is written it can give way to another. */
  get isWriting(): boolean {
    return this.#entry !== undefined
  }

  start(): void {
    if (this.#others.length === 0) this.#write()
    else this.#askAgain()
  }

  /** Goes on with a birth that was cut short behind the first write. */
  resume(entry: ConfigurationEntry): void {
    this.#entry = entry
    for (const { id, store } of entry.configuration.members) this.#answers.set(id, { store, atMs: 0 })
    this.#noteAccepted(this.#options.id)
    this.#askAgain()
  }

  noteStanding(from: NodeId, store: StoreIdentity, { birth, groupUuid }: BootstrapStanding): void {
    const { group, now } = this.#options
    if (birth !== this.#options.birth || !this.#others.includes(from)) return
    if (groupUuid !== undefined && groupUuid !== this.#entry?.configuration.groupUuid) {
      this.end(new AlreadyBootstrappedError(group, from, groupUuid))
    } else if (this.#entry === undefined) {
      this.#answers.set(from, { store, atMs: now() })
      if (this.#silent().length === 0) this.#write()
    }
  }

  /** Another store under that name has not been asked, and is not in the configuration. */
  noteAccepted(from: NodeId, store: StoreIdentity, groupUuid: GroupUuid): void {
    if (groupUuid !== this.#entry?.configuration.groupUuid || this.#answers.get(from)?.store !== store) return
    this.#noteAccepted(from)
  }

  giveWayTo(node: NodeId): void {
    this.end(new BootstrapConflictError(this.#options.group, node))
  }

  end(error: Error | undefined): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#options.ended(error, this.#entry?.configuration.groupUuid)
  }

  abandon(): void {
    this.end(this.#incomplete())
  }

  /** Who has not answered, or so long ago that its promise may be over when an offer reaches it. */
  #silent(): NodeId[] {
    const since = this.#options.now() - PROMISE_MS / 2
    return this.#others.filter((node) => (this.#answers.get(node)?.atMs ?? -Infinity) < since)
  }

  /** Here first: from now on the birth is remembered, and can be finished. */
  #write(): void {
    if (this.#hasEnded) return
    const { group, id, nodes, store, groupUuid, machineVersion, wallTime, held, write } = this.#options
    const here = held()
    if (here !== undefined) {
      this.end(here === null ? this.#incomplete() : new AlreadyBootstrappedError(group, id, here))
      return
    }
    this.#answers.set(id, { store, atMs: 0 })
    const stores = new Map(nodes.map((node) => [node, this.#answers.get(node)!.store]))
    const entry = firstEntry(groupUuid, stores, wallTime(), machineVersion)
    this.#entry = entry
    write(entry, (failure) => {
      if (failure !== undefined) {
        this.end(new ServerStoppedError(group, failure.error.message, { cause: failure.error }))
        return
      }
      this.#noteAccepted(id)
      this.#askAgain()
    })
  }

  #noteAccepted(node: NodeId): void {
    this.#accepted.add(node)
    if (this.#accepted.size === this.#options.nodes.length) this.end(undefined)
  }

  /** Says to each node what it has not answered yet, again and again. */
  #askAgain(): void {
    if (this.#hasEnded) return
    const { birth, say, timers } = this.#options
    const entry = this.#entry
    if (entry === undefined) for (const node of this.#silent()) say(node, { type: 'bootstrap.inquiry', birth })
    else for (const node of this.#others) if (!this.#accepted.has(node)) say(node, { type: 'bootstrap.offer', entry })
    timers.setTimeout(() => {
      // Writing has begun meanwhile, and asks for itself when it is done.
      if (this.#entry === entry) this.#askAgain()
    }, ASK_AGAIN_MS)
  }

  #incomplete(): BootstrapIncompleteError {
    const { group, nodes } = this.#options
    const missing = this.#entry === undefined ? this.#silent() : nodes.filter((node) => !this.#accepted.has(node))
    return new BootstrapIncompleteError(group, missing, this.#entry !== undefined)
  }
}
