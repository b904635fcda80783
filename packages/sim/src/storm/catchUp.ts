import type { SimNode } from '../world/simNode.ts'
import type { SimWorld } from '../world/simWorld.ts'

/** Bytes of an entry, about. */
const ENTRY_BYTES = 150

/**
 * How long, in milliseconds, a majority may take to get what the most up-to-date log has, if a leader is at work: little
 * in most worlds, and seconds where settings allow a message a few bytes and one step back at a time.
 */
export function catchUpMs(world: SimWorld, nodes: readonly SimNode[]): number {
  const best = nodes.map(({ ledger }) => ledger.durable.log).reduce((a, b) => (isLater(b.last, a.last) ? b : a))
  const { maxBatchBytes, backtracking } = world.settings
  const entriesAMessage = Math.max(1, Math.floor(maxBatchBytes / ENTRY_BYTES))
  const trips = nodes.map(({ ledger }) => {
    const { log } = ledger.durable
    let agreed = Math.min(log.lastIndex, best.lastIndex)
    while (agreed > 0 && log.chains[agreed] !== best.chains[agreed]) agreed--
    const back = backtracking === 'entry' ? best.lastIndex - agreed : 0
    return back + (best.lastIndex - agreed) / entriesAMessage
  })
  const majority = Math.floor(world.ids.length / 2) + 1
  const needed = trips.sort((a, b) => a - b)[majority - 1] ?? 0
  return needed * Math.max(...nodes.map(tripMs))
}

/** There, to the disk, and back. */
function tripMs({ process, conditions }: SimNode): number {
  const [, diskMs] = conditions.diskMs
  return 2 + 2 * diskMs + 3 * (process?.busyMs ?? 0)
}

function isLater(a: { term: number; index: number }, b: { term: number; index: number }): boolean {
  return a.term > b.term || (a.term === b.term && a.index > b.index)
}
