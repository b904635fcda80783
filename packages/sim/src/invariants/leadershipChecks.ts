import type {
  AppendEntriesReply,
  GroupWrite,
  Index,
  InstallSnapshotAnswered,
  Message,
  NodeId,
  StoreFailure,
  Term,
} from '@quorate/core'
import type { Letter } from '../world/simNetwork.ts'
import type { SimNode } from '../world/simNode.ts'
import { hold } from './invariant.ts'
import { isConfiguredAnew, leadsAnew, type Sight } from './sight.ts'

/** Milliseconds that a turn may take beyond what its process is busy for. */
const SLACK_MS = 1

/** Who may go on leading, and how leadership is handed over. */
export class LeadershipChecks {
  readonly #now: () => number
  readonly #nodes: ReadonlyMap<NodeId, SimNode>
  /** Since when a leader leads, under its configuration, in milliseconds of the world. */
  readonly #leadsSinceMs = new Map<NodeId, number>()
  /** When a leader last heard a follower answer in its term, by leader, term and follower. */
  readonly #answeredAtMs = new Map<string, number>()
  /** Writes under way, and when the last of them ended or the first began. */
  readonly #writes = new Map<NodeId, { incarnation: number; underWay: number; movedAtMs: number }>()
  /** The end of a leader's log while it hands over. */
  readonly #heldAt = new Map<NodeId, { readonly transfer: object; readonly lastIndex: Index }>()

  /** @param now milliseconds of the world's time. */
  constructor(nodes: ReadonlyMap<NodeId, SimNode>, now: () => number) {
    this.#nodes = nodes
    this.#now = now
  }

  sent(node: SimNode, { to, packets }: Letter): void {
    for (const message of packets.flatMap(({ messages }) => messages)) {
      if (message.type !== 'timeoutNow') continue
      hold(this.#nodes.get(to)?.hasHeld(message.lastLog) ?? false, 'targetIsUpToDate', () => {
        return `${node.id} tells ${to} to take over at ${message.lastLog.index}/${message.lastLog.term}, which is not on that disk`
      })
    }
  }

  writing(node: SimNode, _write: GroupWrite): void {
    const former = this.#writes.get(node.id)
    const isSame = former?.incarnation === node.incarnation
    const underWay = isSame ? former.underWay : 0
    const movedAtMs = isSame && underWay > 0 ? former.movedAtMs : this.#now()
    this.#writes.set(node.id, { incarnation: node.incarnation, underWay: underWay + 1, movedAtMs })
  }

  written(node: SimNode, _failure: StoreFailure | undefined): void {
    const writes = this.#writes.get(node.id)
    if (writes?.incarnation !== node.incarnation) return
    writes.underWay = Math.max(0, writes.underWay - 1)
    writes.movedAtMs = this.#now()
  }

  look(sight: Sight): void {
    const { node, state, role, letter } = sight
    if (leadsAnew(sight) || isConfiguredAnew(sight)) this.#leadsSinceMs.set(node.id, this.#now())
    for (const message of letter?.packets.flatMap(({ messages }) => messages) ?? []) {
      if (isAnswer(message) && letter !== undefined) {
        this.#answeredAtMs.set(keyOf(node.id, message.term, letter.from), this.#now())
      }
    }
    if (role !== 'leader') {
      this.#heldAt.delete(node.id)
      return
    }
    if (node.process?.clockRate !== 0) {
      if (state.settings.checkQuorum) this.#checkHeard(sight)
      if (state.peers.size > 0) this.#checkStall(sight)
    }
    this.#checkTransfer(sight)
  }

  #checkHeard({ node, state }: Sight): void {
    const { electionTimeoutMaxMs } = state.settings
    const limitMs = this.#inTicks(node, electionTimeoutMaxMs, state.settings.heartbeatIntervalMs)
    const since = this.#ledSinceMs(node)
    const now = this.#now()
    for (const voters of state.configurations.at(-1)?.configuration.voters ?? []) {
      const heard = voters.filter((id) => {
        const atMs = this.#answeredAtMs.get(keyOf(node.id, state.currentTerm, id)) ?? -Infinity
        return id === node.id || now - Math.max(since, atMs) <= limitMs
      })
      hold(2 * heard.length > voters.length, 'leadersAreHeard', () => {
        return `${node.id} leads term ${state.currentTerm}, and of ${voters.join(', ')} only ${heard.join(', ')} were heard within ${limitMs.toFixed(1)} ms`
      })
    }
  }

  #checkStall({ node, state }: Sight): void {
    const writes = this.#writes.get(node.id)
    if (writes?.incarnation !== node.incarnation || writes.underWay === 0) return
    const { storeStallTimeoutMs, electionTimeoutMaxMs, heartbeatIntervalMs } = state.settings
    // It hands over first, which may begin just before the stall is noticed.
    const limitMs =
      this.#inTicks(node, storeStallTimeoutMs, heartbeatIntervalMs) +
      2 * this.#inTicks(node, electionTimeoutMaxMs, heartbeatIntervalMs)
    const stalledMs = this.#now() - Math.max(writes.movedAtMs, this.#ledSinceMs(node))
    hold(stalledMs <= limitMs, 'stalledLeadersGiveWay', () => {
      return `${node.id} leads term ${state.currentTerm}, and its disk has flushed nothing for ${stalledMs.toFixed(1)} ms`
    })
  }

  #checkTransfer({ node, state }: Sight): void {
    const { transfer, log } = state
    const held = this.#heldAt.get(node.id)
    if (transfer === undefined) {
      this.#heldAt.delete(node.id)
      return
    }
    if (held?.transfer === transfer) {
      hold(log.lastIndex === held.lastIndex, 'transferHoldsAppends', () => {
        return `${node.id} hands over to ${transfer.to} at ${held.lastIndex}, and its log ends at ${log.lastIndex} by now`
      })
    } else this.#heldAt.set(node.id, { transfer, lastIndex: log.lastIndex })
  }

  /** Nothing can be asked of a process while it stands still, nor of a leader before it leads. */
  #ledSinceMs(node: SimNode): number {
    return Math.max(this.#leadsSinceMs.get(node.id) ?? 0, node.process?.awakeSinceMs ?? 0)
  }

  /** So long, rounded up to ticks, and two ticks more: one to begin with, and one to notice. */
  #inTicks(node: SimNode, durationMs: number, heartbeatIntervalMs: number): number {
    const { clockRate, busyMs } = node.process ?? { clockRate: 1, busyMs: 0 }
    const tickMs = heartbeatIntervalMs / 2
    const ticks = Math.ceil(durationMs / tickMs) + 3
    // Each tick is set anew when the one before is handled, and so may come later by what the process was busy.
    return ticks * (tickMs / clockRate + 2 * busyMs + SLACK_MS)
  }
}

/** Of a follower to its leader. */
function isAnswer(message: Message): message is AppendEntriesReply | InstallSnapshotAnswered {
  const { type } = message
  return type === 'appendEntries.accepted' || type === 'appendEntries.rejected' || type === 'installSnapshot.answered'
}

function keyOf(leader: NodeId, term: Term, follower: NodeId): string {
  return `${leader}@${term}<${follower}`
}
