import { invariant } from '../errors.ts'
import type { Index, ServerId } from '../identifiers.ts'
import type { RaftMessage } from '../messages.ts'
import type { WriteId } from '../state/durability.ts'
import type { Write } from '../state/outputs.ts'
import { hardStateOf, type RaftState } from '../state/raftState.ts'

/** Term and vote as they are now are in the store. */
export function isHardStateDurable({ durability }: RaftState): boolean {
  return !durability.hardStateChanged && durability.durableWriteId >= durability.hardStateWriteId
}

/**
 * Sends a message of the current term, once term and vote are durable (§5.1: a server that restarts must not go back on
 * either). Every message to a peer goes this way.
 */
export function send(state: RaftState, to: ServerId, message: RaftMessage): void {
  invariant(message.term === state.currentTerm, 'a server speaks in its current term alone (§5.1)')
  if (isHardStateDurable(state)) {
    state.outputs.messages.push({ to, message })
    return
  }
  const { durability } = state
  const after = durability.hardStateChanged ? durability.lastWriteId + 1 : durability.hardStateWriteId
  durability.held.push({ to, message, after })
}

/** Everything that changed since the last write, as one write; undefined when nothing did. */
export function takeWrite(state: RaftState): Write | undefined {
  const { durability, log } = state
  const { hardStateChanged, truncatedAfter, snapshot } = durability
  const hasEntries = durability.writtenIndex < log.lastIndex
  if (!hardStateChanged && truncatedAfter === undefined && snapshot === undefined && !hasEntries) return undefined

  const entries = hasEntries ? log.cached(durability.writtenIndex, log.lastIndex, Infinity) : []
  invariant(entries !== undefined, 'entries that are not durable stay in memory')
  const write: Write = {
    id: ++durability.lastWriteId,
    hardState: hardStateChanged ? hardStateOf(state) : undefined,
    truncateAfter: truncatedAfter,
    snapshot,
    entries,
  }
  if (hardStateChanged) durability.hardStateWriteId = write.id
  durability.hardStateChanged = false
  durability.truncatedAfter = undefined
  durability.snapshot = undefined
  durability.writtenIndex = log.lastIndex
  durability.pending.push({ id: write.id, lastIndex: log.lastIndex, lastTerm: log.lastTerm })
  return write
}

/**
 * A write is flushed: its entries count as durable so far as the log still holds them, and what was held back for it
 * leaves, unless the term it was said in is over.
 */
export function completeWrite(state: RaftState, id: WriteId): void {
  const { durability, log } = state
  const written = durability.pending.shift()
  invariant(written?.id === id, 'the writes of a group complete in order')
  durability.durableWriteId = id
  durability.stalledTicks = 0
  if (log.holds({ index: written.lastIndex, term: written.lastTerm })) {
    durability.durableIndex = Math.max(durability.durableIndex, written.lastIndex)
  }
  shrinkCache(state)
  releaseHeld(state)
}

/** What the store has need not stay in memory, applied or not: a slow state machine costs reads rather than memory. */
export function shrinkCache({ log, settings, durability }: RaftState): void {
  log.shrinkCache(settings.cacheBytes, durability.durableIndex)
}

function releaseHeld(state: RaftState): void {
  const { durability } = state
  if (durability.held.length === 0) return
  const waiting = durability.held
  durability.held = []
  for (const held of waiting) {
    if (held.after > durability.durableWriteId) durability.held.push(held)
    else if (held.message.term === state.currentTerm) state.outputs.messages.push(held)
  }
}

/**
 * Removes the entries behind `index`, which conflict with those of the leader (§5.3). What is being written of them no
 * longer counts when it completes, not even if the same entries come back in the meantime: their second copy is another
 * write, behind the truncation.
 */
export function truncateLog(state: RaftState, index: Index): void {
  invariant(index >= state.commitIndex, 'committed entries are never removed (§5.4)')
  const { durability, log } = state
  log.truncateAfter(index)
  if (index < durability.writtenIndex) {
    durability.truncatedAfter = Math.min(index, durability.truncatedAfter ?? index)
    durability.writtenIndex = index
  }
  durability.durableIndex = Math.min(durability.durableIndex, index)
  durability.pending = durability.pending.map((write) =>
    write.lastIndex <= index ? write : { id: write.id, lastIndex: index, lastTerm: log.lastTerm },
  )
  while ((state.configurations.at(-1)?.index ?? 0) > index) state.configurations.pop()
}
