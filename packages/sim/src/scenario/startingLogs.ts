import type { Entry, GroupWrite, Index, LogPosition, NodeId, Store, StoreIdentity, Term } from '@quorate/core'
import { LOG_START, firstEntry } from '@quorate/core'
import { LogDigest } from '../world/logDigest.ts'
import { GROUP } from '../world/simNode.ts'
import type { SimWorld } from '../world/simWorld.ts'

/** What the disks of a group hold before anything happens, by server. */
export interface StartingState {
  /** Terms of entries, from the first, which is of term 1. A server that is not named holds the first entry alone. */
  readonly logs?: Readonly<Record<NodeId, readonly Term[]>>
  /** The current term; where it is not named, the highest term of an entry of any log. */
  readonly terms?: Readonly<Record<NodeId, Term>>
}

/** The same for all entries that a scenario begins with. */
const TIME = 1_700_000_000_000

const ENCODER = new TextEncoder()

/** The state that a group begins in, found to be one that a Raft group can be in. */
export class StartingLogs {
  readonly logs: ReadonlyMap<NodeId, readonly Term[]>
  readonly terms: ReadonlyMap<NodeId, Term>
  /** Who led a term that has entries: of those that hold some of it, the one with the longest log. */
  readonly leaders: ReadonlyMap<Term, NodeId>

  /** @throws RangeError naming the server and what is impossible. */
  constructor(ids: readonly NodeId[], { logs = {}, terms = {} }: StartingState) {
    for (const id of [...Object.keys(logs), ...Object.keys(terms)]) {
      if (!ids.includes(id)) throw new RangeError(`there is no server ${id}; there are ${ids.join(', ')}`)
    }
    this.logs = new Map(ids.map((id) => [id, logs[id] ?? [1]]))
    for (const [id, log] of this.logs) assertAscends(id, log)
    assertMatching(this.logs)
    const highest = Math.max(...[...this.logs.values()].flat())
    this.terms = new Map(ids.map((id) => [id, terms[id] ?? highest]))
    this.#assertReached()
    this.leaders = leadersOf(this.logs)
  }

  /** Lays it all on the disks of a world in which nothing has happened, and tells the invariants of it. */
  async lay(world: SimWorld): Promise<void> {
    const stores = new Map<NodeId, StoreIdentity>()
    for (const node of world.nodes.values()) {
      await node.useStore(async (store) => {
        stores.set(node.id, store.identity)
      })
    }
    const first = firstEntry(world.random.uuid(), stores, TIME)
    for (const node of world.nodes.values()) {
      const entries = this.#entriesOf(node.id, first)
      await node.useStore((store) => write(store, this.#writeOf(node.id, entries)))
      this.#tell(world, entries)
    }
  }

  #entriesOf(id: NodeId, first: Entry): Entry[] {
    return (this.logs.get(id) ?? []).map((term, place): Entry => {
      const index = place + 1
      if (index === 1) return first
      return { kind: 'command', index, term, time: TIME, data: ENCODER.encode(`${index}/${term}`) }
    })
  }

  /** Whoever has come as far as a term that was led has voted for the leader: it may not vote for another. */
  #writeOf(id: NodeId, entries: readonly Entry[]): GroupWrite {
    const currentTerm = this.terms.get(id) as Term
    const votedFor = this.leaders.get(currentTerm)
    return {
      group: GROUP,
      hardState: { currentTerm, votedFor },
      truncateAfter: undefined,
      snapshot: undefined,
      entries,
    }
  }

  #tell({ invariants: { record } }: SimWorld, entries: readonly Entry[]): void {
    const digest = new LogDigest()
    let before: LogPosition = LOG_START
    for (const entry of entries) {
      digest.appendEntry(entry)
      record.noteEntry(entry, before, digest.chainAt(entry.index) as number)
      before = entry
    }
    for (const [term, leader] of this.leaders) record.leaders.set(term, leader)
    record.lastLedTerm = Math.max(0, ...this.leaders.keys())
  }

  /** Nobody leads a term that a majority has not reached, and nobody holds an entry of a term beyond its own. */
  #assertReached(): void {
    for (const [id, log] of this.logs) {
      const last = log.at(-1) as Term
      const own = this.terms.get(id) as Term
      if (!Number.isSafeInteger(own) || own < last) {
        throw new RangeError(
          `the term of ${id} is ${own}, and its log ends with an entry of term ${last}; give ${last} or more`,
        )
      }
      const reached = [...this.terms.values()].filter((term) => term >= last).length
      if (2 * reached <= this.logs.size) {
        throw new RangeError(
          `the log of ${id} has an entry of term ${last}, which only ${reached} of ${this.logs.size} servers have reached: ` +
            'no majority can have elected its leader',
        )
      }
    }
  }
}

function assertAscends(id: NodeId, log: readonly Term[]): void {
  const shown = log.join(' ')
  if (log[0] !== 1) throw new RangeError(`the log of ${id} is ${shown || 'empty'}: its first entry must be of term 1`)
  for (const [place, term] of log.entries()) {
    const before = log[place - 1] ?? 1
    if (Number.isSafeInteger(term) && term >= before) continue
    throw new RangeError(`the log of ${id} is ${shown}: terms are whole numbers that never fall along a log`)
  }
}

/** §5.3: where two logs have an entry of one index and term, they are the same up to there. */
function assertMatching(logs: ReadonlyMap<NodeId, readonly Term[]>): void {
  const seen = new Map<string, { id: NodeId; upTo: string }>()
  for (const [id, log] of logs) {
    for (const [place, term] of log.entries()) {
      const index: Index = place + 1
      const upTo = log.slice(0, index).join(' ')
      const known = seen.get(`${index}/${term}`) ?? { id, upTo }
      seen.set(`${index}/${term}`, known)
      if (known.upTo === upTo) continue
      throw new RangeError(
        `${known.id} and ${id} both have an entry ${index}/${term}, and differ before it (${known.upTo}, ${upTo}): ` +
          'logs that agree on an entry agree on all before it (§5.3)',
      )
    }
  }
}

function leadersOf(logs: ReadonlyMap<NodeId, readonly Term[]>): Map<Term, NodeId> {
  const leaders = new Map<Term, NodeId>()
  const reach = (id: NodeId, term: Term): number => (logs.get(id) ?? []).lastIndexOf(term)
  for (const [id, log] of logs) {
    // The first entry is of the birth of the group: nobody led then.
    for (const term of log.slice(1)) {
      const leader = leaders.get(term)
      if (leader === undefined || reach(id, term) > reach(leader, term)) leaders.set(term, id)
    }
  }
  return leaders
}

function write(store: Store, groupWrite: GroupWrite): Promise<void> {
  return new Promise((resolve, reject) => {
    store.write([groupWrite], (failure) => (failure === undefined ? resolve() : reject(failure.error)))
  })
}
