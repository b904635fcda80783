import type { SimNode } from '../world/simNode.ts'
import type { SimWorld } from '../world/simWorld.ts'

/** Bytes of an entry, about. */
const ENTRY_BYTES = 150

/**
 * How long, in milliseconds, a majority may take to get what the most up-to-date log has, if a leader is at work: little
 * in most worlds, and seconds where settings allow a message a few bytes and one step back at a time.
 */
export function catchUpMs(world: SimWorld, nodes: readonly SimNode[]): number {
  const best = nodes.reduce((a, b) => (isLater(b.ledger.durable.log.last, a.ledger.durable.log.last) ? b : a))
  const slowestTripMs = Math.max(...nodes.map(tripMs))
  const neededMs = nodes.map((node) => {
    const { trips, waitMs } = wayTo(world, node, best)
    return trips * slowestTripMs + waitMs
  })
  const majority = Math.floor(world.ids.length / 2) + 1
  return neededMs.sort((a, b) => a - b)[majority - 1] ?? 0
}

/** In messages one after the other, and in milliseconds that pass without any. */
function wayTo({ settings }: SimWorld, node: SimNode, best: SimNode): { trips: number; waitMs: number } {
  const { log } = node.ledger.durable
  const { log: whole, snapshot } = best.ledger.durable
  const { startsAfter, lastIndex } = whole
  let agreed = Math.min(log.lastIndex, lastIndex)
  while (agreed > startsAfter.index && log.chainAt(agreed) !== whole.chainAt(agreed)) agreed--
  const back = settings.backtracking === 'entry' ? lastIndex - agreed : 0
  const entriesAMessage = Math.max(1, Math.floor(settings.maxBatchBytes / ENTRY_BYTES))
  const trips = back + (lastIndex - agreed) / entriesAMessage
  if (snapshot === undefined || log.chainAt(agreed) === whole.chainAt(agreed)) return { trips, waitMs: 0 }
  const { snapshotChunkBytes, snapshotBytesPerSecond, electionTimeoutMaxMs } = settings
  // What was under way when the calm began may be lost: that is noticed behind an election timeout.
  const waitMs = electionTimeoutMaxMs + (2_000 * snapshot.sizeBytes) / snapshotBytesPerSecond
  return { trips: trips + 2 + snapshot.sizeBytes / snapshotChunkBytes, waitMs }
}

/** There, to the disk, and back. */
function tripMs({ process, conditions }: SimNode): number {
  const [, diskMs] = conditions.diskMs
  return 2 + 2 * diskMs + 3 * (process?.busyMs ?? 0)
}

function isLater(a: { term: number; index: number }, b: { term: number; index: number }): boolean {
  return a.term > b.term || (a.term === b.term && a.index > b.index)
}
