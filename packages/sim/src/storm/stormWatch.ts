import {
  isSameSnapshot,
  isVoter,
  type Entry,
  type GroupWrite,
  type RaftState,
  type SnapshotDescription,
  type StoreFailure,
} from '@quorate/core'
import type { Glimpse } from '../invariants/sight.ts'
import type { DiskEvent } from '@quorate/disk'
import type { Letter } from '../world/simNetwork.ts'
import type { SimNode, StartOutcome } from '../world/simNode.ts'
import type { SimWorld } from '../world/simWorld.ts'
import type { WorldWatcher } from '../world/worldWatcher.ts'
import type { Coverage } from './coverage.ts'

const LATE_MS = 10_000

/** A snapshot on its way to a server, as it was seen last. */
interface SeenIntake {
  readonly incarnation: number
  readonly description: SnapshotDescription
  readonly receivedBytes: number
  /** The term and the moment of the last piece. */
  readonly term: number
  readonly atMs: number
}

/** Counts what a storm brings about. */
export class StormWatch implements WorldWatcher {
  readonly #coverage: Coverage
  readonly #world: () => SimWorld
  readonly #sentAtMs = new Map<number, number>()
  readonly #startedAtMs = new Map<string, number>()
  readonly #roleAtWrite = new Map<string, string[]>()
  readonly #arrived = new Set<number>()
  /** The newer term in which a candidate has just asked a server for its vote. */
  readonly #asked = new Map<string, number>()
  readonly #intakes = new Map<string, SeenIntake>()

  constructor(coverage: Coverage, world: () => SimWorld) {
    this.#coverage = coverage
    this.#world = world
  }

  sent({ number }: Letter): void {
    this.#sentAtMs.set(number, this.#world().now)
  }

  received({ number, to, packets }: Letter): void {
    const { now } = this.#world()
    const sentAtMs = this.#sentAtMs.get(number) ?? now
    if (now - sentAtMs > LATE_MS) this.#coverage.count('messageLate')
    if (sentAtMs < (this.#startedAtMs.get(to) ?? 0)) this.#coverage.count('messageAcrossRestart')
    if (this.#arrived.has(number)) this.#coverage.count('messageCopied')
    this.#arrived.add(number)
    const term = this.#world().node(to).server?.server.state.currentTerm ?? 0
    for (const { messages } of packets) {
      for (const message of messages) {
        if ('term' in message && message.term <= term - 2) this.#coverage.count('messageOfOldTerm')
        if (message.type === 'requestVote' && message.term > term) this.#asked.set(to, message.term)
        if (message.type === 'removed') this.#coverage.count('removalLearnt')
        if (message.type === 'preVote.refused') this.#coverage.count('preVoteRefused')
        if (message.type === 'appendEntries.rejected') this.#coverage.count('logsDisagreed')
      }
    }
  }

  lost(): void {
    this.#coverage.count('messageLost')
  }

  started(node: SimNode, outcome: StartOutcome): void {
    if (outcome === 'started') this.#startedAtMs.set(node.id, this.#world().now)
    this.#roleAtWrite.set(node.id, [])
  }

  writing(node: SimNode, { truncateAfter, snapshot }: GroupWrite): void {
    const { role } = node
    this.#roleAtWrite.set(node.id, [...(this.#roleAtWrite.get(node.id) ?? []), role])
    const { log } = node.ledger.written
    if (snapshot !== undefined) {
      const isOwn = snapshot.snapshot.description.lastIncluded.index <= node.appliedIndex
      this.#coverage.count(isOwn ? 'snapshotTaken' : 'snapshotInstalled')
    }
    if (truncateAfter === undefined || truncateAfter >= log.lastIndex) return
    if (snapshot !== undefined) this.#coverage.count('snapshotOverEntries')
    this.#coverage.count('suffixTruncated')
    if (log.termAt(truncateAfter + 1) !== log.last.term) this.#coverage.count('twoTermsTruncated')
  }

  written(node: SimNode, failure: StoreFailure | undefined): void {
    const before = this.#roleAtWrite.get(node.id)?.shift()
    if (before !== undefined && before !== node.role) this.#coverage.count('completedInNewRole')
    if (failure === undefined) return
    const { systemCode } = failure.error as { systemCode?: string }
    this.#coverage.count(systemCode === 'ENOSPC' ? 'diskFull' : 'writeFailed')
  }

  read(): void {
    this.#coverage.count('entriesReadBack')
  }

  applied(_node: SimNode, { kind }: Entry): void {
    if (kind === 'upgrade') this.#coverage.count('machineUpgraded')
  }

  restored({ server }: SimNode, { lastIncluded }: SnapshotDescription): void {
    if (server !== undefined && lastIncluded.index <= server.server.state.recoveredCommit) {
      this.#coverage.count('stateRestored')
    }
  }

  disk(_node: SimNode, { type }: DiskEvent): void {
    if (type === 'tail.cut') this.#coverage.count('tornTailCut')
  }

  beforeLook(node: SimNode): void {
    const world = this.#world()
    const before = world.invariants.glimpse(node.id)
    const { server, role } = node
    if (before === undefined || before.process !== server) return
    const { currentTerm } = server.server.state
    if (currentTerm < (this.#asked.get(node.id) ?? 0)) this.#coverage.count('candidateDisregarded')
    this.#asked.delete(node.id)
    if (role === 'leader' && before.role !== 'leader') this.#coverage.count('leaderElected')
    if (before.role === 'leader' && role === 'follower') {
      this.#coverage.count(before.term === currentTerm ? 'leaderGaveWay' : 'leaderDeposed')
    }
    this.#noteConfiguration(server.server.state, before)
    this.#noteIntake(node, server.server.state)
    const isNextRound = before.role === 'candidate' && role === 'candidate' && before.term < currentTerm
    if (isNextRound && world.invariants.votes.candidatesOf(before.term, world.ids) > 1)
      this.#coverage.count('splitVote')
  }

  #noteIntake({ id, incarnation }: SimNode, { intake, currentTerm, snapshot, settings }: RaftState): void {
    const { now } = this.#world()
    const seen = this.#intakes.get(id)
    const former = seen?.incarnation === incarnation ? seen : undefined
    const isSame = former !== undefined && isOf(intake?.description, former.description)
    if (former !== undefined && !isSame && !isOf(snapshot, former.description))
      this.#coverage.count('snapshotAbandoned')
    if (intake === undefined) this.#intakes.delete(id)
    if (intake === undefined || (isSame && former.receivedBytes === intake.receivedBytes)) return
    const hasPaused = isSame && (former.term !== currentTerm || now - former.atMs > settings.electionTimeoutMaxMs)
    if (hasPaused && former.receivedBytes > 0 && former.receivedBytes < intake.receivedBytes) {
      this.#coverage.count('snapshotResumed')
    }
    const { description, receivedBytes } = intake
    this.#intakes.set(id, { incarnation, description, receivedBytes, term: currentTerm, atMs: now })
  }

  #noteConfiguration(state: RaftState, { role, last, configurationIndex }: Glimpse): void {
    const latest = state.configurations.at(-1)
    if (latest === undefined || latest.index === configurationIndex) return
    const { voters } = latest.configuration
    if (latest.index < configurationIndex) this.#coverage.count('configurationTruncated')
    else if (role === 'leader' && latest.index > last.index) {
      if (voters.length > 1) this.#coverage.count('jointConsensus')
      if (!isVoter(latest.configuration, state.id)) this.#coverage.count('leaderRemoved')
    }
  }
}

function isOf(known: SnapshotDescription | undefined, description: SnapshotDescription): boolean {
  return known !== undefined && isSameSnapshot(known, description)
}
