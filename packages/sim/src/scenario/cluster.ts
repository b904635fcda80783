import type { NodeId, SnapshotOutcome, Term } from '@quorate/core'
import { KEPT, LOST, torn, type CrashFate } from '../disk/crashFate.ts'
import type { SimNode } from '../world/simNode.ts'
import { StepFailed } from './errors.ts'
import { messageOf } from './mail.ts'
import { NetworkInHand } from './networkInHand.ts'
import type { ClusterOptions } from './stage.ts'

/** What a power cut makes of writes that are not flushed. */
export const POWER = {
  lost: LOST,
  kept: KEPT,
  torn: { changes: torn(7, 'beginning'), names: KEPT.names },
} as const satisfies Record<string, CrashFate>

export type Power = keyof typeof POWER

/**
 * A group in the hands of a scenario. Nobody's clock runs, so that no timeout elapses unless it is told to; nothing is
 * delivered unless it is told to. Each step waits until all that follows from it has happened, and checks all invariants
 * of the simulator meanwhile: whatever is broken is thrown as InvariantBroken.
 */
export class Cluster extends NetworkInHand {
  readonly #stalled = new Set<NodeId>()

  /** The election timeout of a follower or a candidate elapses. */
  async timeout(id: NodeId): Promise<void> {
    const node = this.running(id)
    if (node.role !== 'follower' && node.role !== 'candidate') {
      throw new StepFailed(`${id} is ${node.role}: only followers and candidates have an election timeout`)
    }
    this.tell(node, 'its election timeout elapses', 'role')
    node.process?.advanceClock(this.world.settings.electionTimeoutMaxMs)
    await this.rest()
  }

  /** So much time passes for one server, in milliseconds of its own clock: its election timeout, say, or a heartbeat interval. */
  async wait(id: NodeId, durationMs: number): Promise<void> {
    this.running(id).process?.advanceClock(durationMs)
    await this.rest()
  }

  /** The election timeout elapses, and the votes are asked for and given: of those named, or of all that are reached. */
  async stand(id: NodeId, { with: voters }: { with?: readonly NodeId[] } = {}): Promise<void> {
    const { isHeld } = this.world.network
    if (!isHeld && voters !== undefined)
      throw new StepFailed('the network flows: hold it, to choose who is asked for a vote')
    await this.timeout(id)
    if (!isHeld) return
    const term = this.running(id).server?.server.state.currentTerm ?? 0
    for (const voter of voters ?? this.#reachedBy(id)) {
      await this.#carryVotes(id, voter, term)
      await this.#carryVotes(voter, id, term)
    }
  }

  /** As `stand`. @throws StepFailed when it does not become leader. */
  async elect(id: NodeId, options: { with?: readonly NodeId[] } = {}): Promise<void> {
    await this.stand(id, options)
    const { role } = this.world.node(id)
    if (role === 'leader') return
    throw new StepFailed(`${id} was not elected: it is ${role}.${this.expect.describe()}`)
  }

  /** Somebody asks a leader to hand over: to `target`, or to whoever is best (thesis §3.10). */
  async transfer(id: NodeId, target?: NodeId): Promise<void> {
    const node = this.running(id)
    this.tell(node, `hand over to ${target ?? 'whoever is best'}`, 'client')
    node.server?.transferLeadership(target, (outcome) => {
      this.tell(node, outcome.type === 'gaveWay' ? 'leads no more' : `hands over to nobody: ${outcome.reason}`, 'role')
    })
    await this.rest()
  }

  /** The leader sends a heartbeat to each of its followers. */
  async heartbeat(id: NodeId): Promise<void> {
    const node = this.running(id)
    if (node.role !== 'leader') throw new StepFailed(`${id} is ${node.role}: only leaders send heartbeats`)
    // One tick for followers that have had a word since the last tick, which is spared them; the other for the rest.
    for (let tick = 0; tick < 2; tick++) {
      node.process?.advanceClock(this.world.settings.heartbeatIntervalMs / 2)
      await this.rest()
    }
  }

  /** A client hands texts to a server, all in one turn. Each text names its append from then on. */
  async append(id: NodeId, ...texts: readonly string[]): Promise<void> {
    const node = this.running(id)
    for (const text of texts) this.appends.begin(node, text)
    this.tell(node, `append ${texts.join(', ')}`, 'client')
    await this.rest()
  }

  /**
   * A server takes a snapshot of its state machine: its log begins behind what that stands for, or `keeping` entries before
   * (§7). @throws StepFailed when there is nothing to take.
   */
  async compact(id: NodeId, { keeping = 0 }: { keeping?: number } = {}): Promise<void> {
    const node = this.running(id)
    let found: SnapshotOutcome | undefined
    node.server?.takeSnapshot(keeping, (outcome) => (found = outcome))
    await this.rest()
    if (found?.type !== 'taken') throw new StepFailed(`${id} takes no snapshot: ${found?.type ?? 'its disk is silent'}`)
    this.tell(
      node,
      `has a snapshot up to ${found.snapshotIndex}, and its log from ${found.logStartsAfter + 1} on`,
      'disk',
    )
  }

  /**
   * The process ends from one moment to the next. What it wrote is on its disk; with `power: 'lost'` only what was
   * flushed, and with `torn` of the last write a piece.
   */
  async crash(id: NodeId, { power = 'kept' }: { power?: Power } = {}): Promise<void> {
    const node = this.running(id)
    node.disk.cutPower(POWER[power])
    this.world.kill(node)
    this.#goOn(node)
    this.appends.abandon(node)
    await this.rest()
  }

  /** A process starts on the disk, whose faults are over. */
  async restart(id: NodeId): Promise<void> {
    const node = this.down(id)
    node.disk.fault = undefined
    this.refusals.delete(id)
    this.world.start(node)
    await this.rest()
  }

  /** The disk answers nothing, until `completeWrites`. */
  stallDisk(id: NodeId): void {
    const node = this.running(id)
    this.#stalled.add(id)
    node.stallDisk(Infinity)
    this.tell(node, 'its disk stalls')
  }

  /** A stalled disk goes on. @throws StepFailed when it is not stalled. */
  async completeWrites(id: NodeId): Promise<void> {
    const node = this.running(id)
    if (!this.#stalled.has(id)) throw new StepFailed(`the disk of ${id} is not stalled`)
    this.tell(node, 'its disk goes on')
    this.#goOn(node)
    await this.rest()
  }

  /** From here on every call of the disk fails. */
  failDisk(id: NodeId): void {
    const node = this.running(id)
    node.disk.fault = ({ kind }) => new Error(`EIO: the disk fails, ${kind}`)
    this.tell(node, 'its disk fails from here on')
  }

  /** The disk of a server that is down is exchanged for an empty one. */
  wipe(id: NodeId): void {
    const node = this.down(id)
    node.exchangeDisk()
    this.tell(node, 'its disk is exchanged for an empty one')
  }

  /** A bit is flipped in what the disk of a server that is down holds of the log. */
  damage(id: NodeId): void {
    const node = this.down(id)
    const flipped = node.disk.damage(this.world.random)
    if (flipped === undefined) throw new StepFailed(`the disk of ${id} holds nothing that could be damaged`)
    node.lostFor = 'damage'
    this.tell(node, `a bit flips on its disk, in ${flipped.path}`)
  }

  #goOn(node: SimNode): void {
    this.#stalled.delete(node.id)
    node.releaseDisk()
  }

  /** The requests of a term for votes, or the votes. */
  async #carryVotes(from: NodeId, to: NodeId, term: Term): Promise<void> {
    const letters = this.mail.punctual.filter((letter) => {
      const message = messageOf(letter)
      const isVote = message.type.startsWith('requestVote') && 'term' in message && message.term === term
      return isVote && letter.from === from && letter.to === to
    })
    for (const letter of letters) await this.bring(letter)
  }

  #reachedBy(id: NodeId): NodeId[] {
    const { network, ids } = this.world
    return ids.filter((other) => {
      return other !== id && this.world.node(other).isUp && network.reaches(id, other) && network.reaches(other, id)
    })
  }
}

/**
 * A group that has been born: 1 to 9 servers named `s1`, `s2` and so on, all followers, and nothing happens unless the
 * scenario makes it happen. Without `logs` each holds the first entry, the configuration.
 * @throws RangeError for settings or logs that no group can have.
 */
export async function cluster(servers: number, options: ClusterOptions = {}): Promise<Cluster> {
  const made = new Cluster(servers, options)
  await made.begin()
  return made
}
