import type { AppendEntriesAccepted, Index, NodeId, Term } from '@quorate/core'
import type { Letter } from '../world/simNetwork.ts'
import type { SimNode } from '../world/simNode.ts'
import { hold } from './invariant.ts'
import type { Sight } from './sight.ts'
import type { WorldRecord } from './worldRecord.ts'

interface SeenProgress {
  readonly session: number
  readonly matchIndex: Index
}

/** What a leader knows of its followers, and what they tell it. */
export class ReplicationChecks {
  readonly #record: WorldRecord
  readonly #nodes: ReadonlyMap<NodeId, SimNode>
  readonly #seen = new Map<string, SeenProgress>()
  readonly #largestEntryBytes: number

  constructor(record: WorldRecord, nodes: ReadonlyMap<NodeId, SimNode>, largestEntryBytes: number) {
    this.#record = record
    this.#nodes = nodes
    this.#largestEntryBytes = largestEntryBytes
  }

  sent(node: SimNode, { to, packets }: Letter): void {
    for (const { messages } of packets) {
      for (const message of messages) {
        if (message.type === 'appendEntries.accepted') this.#checkAcknowledgement(node, to, message)
      }
    }
  }

  look(sight: Sight): void {
    this.#checkPointers(sight)
    if (sight.role === 'leader') this.#checkPeers(sight)
  }

  #checkAcknowledgement({ id, ledger }: SimNode, to: NodeId, { matchIndex, term }: AppendEntriesAccepted): void {
    const { log } = ledger.durable
    hold(matchIndex <= log.lastIndex, 'acknowledgedIsDurable', () => {
      return `${id} acknowledges ${matchIndex}, and its disk holds the log up to ${log.lastIndex}`
    })
    const leader = this.#nodes.get(to)
    const leads = leader?.role === 'leader' && leader.server?.server.state.currentTerm === term
    if (!leads) return
    const theirs = leader.ledger.written.log
    const record = this.#record
    hold(record.chainIn(theirs, matchIndex) === record.chainIn(log, matchIndex), 'acknowledgedIsDurable', () => {
      const [own, other] = [record.termIn(log, matchIndex), record.termIn(theirs, matchIndex)]
      return `${id} acknowledges ${matchIndex}/${own} to ${to}, which has ${matchIndex}/${other}`
    })
  }

  #checkPeers({ node, state, letter }: Sight): void {
    const { maxInflightBytes, maxBatchBytes, maxInflightEntries } = state.settings
    // Once another is elected, a deposed leader's followers may go on to other logs.
    const isLatest = this.#record.lastLedTerm === state.currentTerm
    for (const [id, { session, matchIndex, nextIndex, inflight, inflightBytes }] of state.peers) {
      const key = `${node.id}.${node.incarnation}>${id}`
      const seen = this.#seen.get(key)
      const isSameSession = seen?.session === session && seen.matchIndex <= matchIndex
      if (seen?.session === session) {
        hold(
          isSameSession,
          'matchNeverFalls',
          () => `${node.id} had ${id} at ${seen.matchIndex}, and now at ${matchIndex}`,
        )
      }
      hold(matchIndex < nextIndex && nextIndex <= state.log.lastIndex + 1, 'matchNeverFalls', () => {
        return `${node.id} has ${id} at matchIndex ${matchIndex}, nextIndex ${nextIndex}, and its log ends at ${state.log.lastIndex}`
      })
      const isWithin =
        inflight.length <= 1 ||
        (inflightBytes < maxInflightBytes + maxBatchBytes + this.#largestEntryBytes &&
          inflight.length <= maxInflightEntries + 1)
      hold(
        isWithin,
        'windowIsBounded',
        () => `${node.id} has ${inflightBytes} bytes in ${inflight.length} messages under way to ${id}`,
      )
      if (seen?.session === session && seen.matchIndex === matchIndex) continue
      this.#seen.set(key, { session, matchIndex })
      hold(matchIndex === 0 || isAcknowledged(letter, id, state.currentTerm, matchIndex), 'matchIsTrue', () => {
        return `${node.id} takes ${id} to hold ${matchIndex}, which ${id} has not said in term ${state.currentTerm}`
      })
      if (!isLatest) continue
      const term = state.log.termAt(matchIndex) ?? this.#record.committed[matchIndex]?.term ?? 0
      hold(this.#nodes.get(id)?.hasHeld({ index: matchIndex, term }) ?? false, 'matchIsTrue', () => {
        return `${node.id} takes ${id} to hold ${matchIndex}/${term}, which is not on that disk`
      })
    }
  }

  #checkPointers({ node, state, role }: Sight): void {
    const { lastApplied, applyingIndex, commitIndex, durability, log, following } = state
    const { durableIndex, writtenIndex } = durability
    const areInOrder =
      lastApplied <= applyingIndex &&
      applyingIndex <= Math.min(commitIndex, durableIndex) &&
      durableIndex <= writtenIndex &&
      writtenIndex <= log.lastIndex &&
      commitIndex <= log.lastIndex
    hold(areInOrder, 'pointersAreInOrder', () => {
      return (
        `${node.id} has lastApplied ${lastApplied}, applying ${applyingIndex}, commit ${commitIndex}, durable ` +
        `${durableIndex}, written ${writtenIndex}, last ${log.lastIndex}`
      )
    })
    const onDisk = this.#record.termIn(node.ledger.durable.log, durableIndex)
    // Behind a snapshot that is being installed: of what it stands for.
    const taken =
      durableIndex < log.startsAfter.index ? this.#record.committed[durableIndex]?.term : log.termAt(durableIndex)
    hold(onDisk === taken, 'durableIsDurable', () => {
      return `${node.id} takes ${durableIndex}/${taken} for durable, and its disk has ${onDisk === undefined ? 'nothing' : `term ${onDisk}`} there`
    })
    if (following !== undefined) {
      hold(
        following.acknowledgedIndex <= Math.min(following.verifiedIndex, log.lastIndex),
        'pointersAreInOrder',
        () => {
          return `${node.id} has acknowledged ${following.acknowledgedIndex}, and verified ${following.verifiedIndex}`
        },
      )
    }
    const isLeading = state.leaderId === node.id
    const agrees =
      role === 'stopped' || (isLeading === (role === 'leader') && (role === 'leader' || state.peers.size === 0))
    hold(
      agrees,
      'roleAndStateAgree',
      () => `${node.id} is ${role}, takes ${state.leaderId} for leader, and has ${state.peers.size} peers`,
    )
  }
}

/** Whether the letter says so: what a server has said in another term is of another log. */
function isAcknowledged(letter: Letter | undefined, by: NodeId, term: Term, index: Index): boolean {
  if (letter?.from !== by) return false
  return letter.packets.some(({ messages }) =>
    messages.some(
      (message) => message.type === 'appendEntries.accepted' && message.term === term && message.matchIndex === index,
    ),
  )
}
