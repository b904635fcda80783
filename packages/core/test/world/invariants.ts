import type { Entry, Index, LogPosition, NodeId, Role, Term } from '@quorate/core'
import { GROUP, type Cluster, type ClusterNode } from './cluster.ts'
import type { Letter } from './testNetwork.ts'

interface Seen {
  readonly process: object
  readonly role: Role
  readonly term: Term
  readonly commitIndex: Index
  readonly lastApplied: Index
  readonly applied: number
  readonly last: LogPosition
}

interface Committed {
  readonly term: Term
  /** The term in which it was first known to be committed. */
  readonly inTerm: Term
}

/** Figure 3, and what it rests on, looked at after every event and over all time. */
export class Invariants {
  /** How often something happened that a storm should bring about. */
  readonly counts = { leaders: 0, truncations: 0, committed: 0, applied: 0, crashesAsLeader: 0 }
  readonly #cluster: Cluster
  readonly #leaders = new Map<Term, NodeId>()
  readonly #votes = new Map<string, NodeId>()
  readonly #entries = new Map<string, string>()
  readonly #committed: Committed[] = []
  readonly #applied: string[] = []
  readonly #seen = new Map<NodeId, Seen>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    cluster.network.onSend = (letter) => this.#checkLetter(letter)
  }

  check(): void {
    for (const node of this.#cluster.nodes.values()) if (node.server !== undefined) this.#checkServer(node)
  }

  #checkServer(node: ClusterNode): void {
    const { id, server, disk } = node
    const { state, role } = server!.server
    const { currentTerm, commitIndex, lastApplied, log } = state
    const before = this.#seen.get(id)
    const seen: Seen = {
      process: server!,
      role,
      term: currentTerm,
      commitIndex,
      lastApplied,
      applied: node.applied.length,
      last: log.last,
    }
    this.#seen.set(id, seen)
    if (state.failure !== undefined && !state.failure.message.includes('the disk is broken')) throw state.failure
    const former = before?.process === server ? before : undefined
    if (former !== undefined) {
      expectThat(former.term <= currentTerm, `the term of ${id} never falls`)
      expectThat(former.commitIndex <= commitIndex, `the commit index of ${id} never falls`)
      expectThat(former.lastApplied <= lastApplied, `${id} applies in order`)
      if (!log.holds(former.last)) this.counts.truncations++
    }
    expectThat(currentTerm >= disk.hardStateOf(GROUP).currentTerm, `${id} is not behind its disk`)
    if (role === 'leader') {
      if (former?.role !== 'leader' || former.term !== currentTerm) this.#checkNewLeader(node)
      else expectThat(log.holds(former.last), `the leader ${id} never overwrites or removes its own entries`)
    }
    for (let index = (former?.commitIndex ?? 0) + 1; index <= commitIndex; index++) {
      this.#noteCommitted(node, index)
    }
    if (role === 'leader') this.#checkProgress(node)
    for (let place = former?.applied ?? 0; place < node.applied.length; place++) {
      this.#noteApplied(node, place)
    }
  }

  #checkNewLeader({ id, server }: ClusterNode): void {
    const { currentTerm, log } = server!.server.state
    expectThat((this.#leaders.get(currentTerm) ?? id) === id, `term ${currentTerm} has one leader at most`)
    this.#leaders.set(currentTerm, id)
    this.counts.leaders++
    for (const [place, { term, inTerm }] of this.#committed.entries()) {
      const isThere = log.termAt(place + 1) === term
      expectThat(inTerm > currentTerm || isThere, `the leader ${id} of term ${currentTerm} holds ${place + 1}/${term}`)
    }
  }

  #noteCommitted({ id, server, disk }: ClusterNode, index: Index): void {
    const { state, role } = server!.server
    const term = state.log.termAt(index)
    const known = this.#committed[index - 1]
    expectThat(
      known === undefined || known.term === term,
      `${index} is committed as ${known?.term}, at ${id} as ${term}`,
    )
    if (known !== undefined) return
    expectThat(this.#committed.length === index - 1 && term !== undefined, `no hole below ${index} at ${id}`)
    expectThat(role === 'leader', `${index} was committed by a leader, before ${id} heard of it`)
    const { commitIndex, currentTerm, log } = state
    expectThat(log.termAt(commitIndex) === currentTerm, `only entries of its own term does ${id} commit by counting`)
    const holding = [...this.#cluster.nodes.values()].filter((other) => other.disk.holds(GROUP, { index, term }))
    expectThat(2 * holding.length > this.#cluster.nodes.size, `a majority holds ${index}/${term} durably`)
    expectThat(index > state.lastApplied || disk.holds(GROUP, { index, term }), `${id} applies what it holds durably`)
    this.#committed.push({ term, inTerm: currentTerm })
    this.counts.committed++
  }

  #noteApplied({ id, applied, disk }: ClusterNode, place: number): void {
    const entry = applied[place]!
    const shape = shapeOf(entry)
    this.#applied[place] ??= shape
    expectThat(entry.index === place + 1, `${id} applies ${place + 1} next, not ${entry.index}`)
    expectThat(this.#applied[place] === shape, `${id} applies at ${place + 1} what the others did`)
    expectThat(this.#committed[place]?.term === entry.term, `${id} applies what is committed at ${place + 1}`)
    expectThat(disk.holds(GROUP, entry), `${id} holds ${place + 1} durably before it applies it`)
    this.counts.applied++
  }

  /** While none of a newer term is elected, a leader knows of nobody what is not so. */
  #checkProgress({ id, server }: ClusterNode): void {
    const { currentTerm, peers, log } = server!.server.state
    for (const term of this.#leaders.keys()) if (term > currentTerm) return
    for (const { id: peer, matchIndex } of peers.values()) {
      const position = { index: matchIndex, term: log.termAt(matchIndex)! }
      const isHeld = this.#cluster.node(peer).disk.holds(GROUP, position)
      expectThat(isHeld, `${id} believes in term ${currentTerm} that ${peer} holds ${matchIndex}/${position.term}`)
    }
  }

  #checkLetter({ from, to, packet }: Letter): void {
    const { disk } = this.#cluster.node(from)
    const { currentTerm, votedFor } = disk.hardStateOf(GROUP)
    for (const message of packet.messages) {
      if (!('term' in message)) continue
      const isDurable = currentTerm >= message.term
      expectThat(isDurable, `${from} says ${message.type} in term ${message.term}, and holds term ${currentTerm}`)
      switch (message.type) {
        case 'requestVote':
        case 'requestVote.granted': {
          const vote = message.type === 'requestVote' ? from : to
          const key = `${from} in ${message.term}`
          expectThat((this.#votes.get(key) ?? vote) === vote, `${key} votes once`)
          this.#votes.set(key, vote)
          expectThat(currentTerm > message.term || votedFor === vote, `the vote of ${key} is durable`)
          break
        }
        case 'appendEntries': {
          let previous = message.prevLog.term
          for (const entry of message.entries) {
            this.#noteEntry(entry, previous)
            previous = entry.term
          }
          break
        }
        case 'appendEntries.accepted': {
          const isHeld = disk.entriesOf(GROUP).length >= message.matchIndex
          expectThat(isHeld, `${from} acknowledges ${message.matchIndex}, which it holds durably`)
        }
      }
    }
  }

  /** Log matching by induction: index and term decide the content and the term before. */
  #noteEntry(entry: Entry, previousTerm: Term): void {
    const key = `${entry.index}/${entry.term}`
    const content = `${shapeOf(entry)} after ${previousTerm}`
    expectThat((this.#entries.get(key) ?? content) === content, `${key} is one entry`)
    this.#entries.set(key, content)
  }
}

function shapeOf(entry: Entry): string {
  return `${entry.index}/${entry.term} ${entry.kind} ${entry.kind === 'command' ? entry.data.join() : ''}`
}

function expectThat(holds: boolean, promise: string): asserts holds {
  if (!holds) throw new Error(`broken: ${promise}`)
}
