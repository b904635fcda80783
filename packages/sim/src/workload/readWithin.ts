import type { ClientOutcome } from '@quorate/core'
import type { ClientChecks } from '../invariants/clientChecks.ts'
import type { Machine } from '../world/machine.ts'
import { GROUP, type SimNode } from '../world/simNode.ts'

/** Milliseconds between two looks at how far the state machine has come. */
const LOOK_AGAIN_MS = 10

/** What a client reads of a server's state machine. */
export interface PlannedRead {
  /** A lease of the leader's may vouch for it (thesis §6.4.1). */
  readonly mayLease: boolean
  readonly look: (machine: Machine) => unknown
}

export interface ReadPatience {
  /** Milliseconds until the leader, asked over the network, counts as silent, and so does a server that does not catch up. */
  readonly timeoutMs: number
}

/**
 * Reads in the process of a server as an application there does (thesis §6.4): asks how far it must have applied, the server
 * itself or the leader over the network, waits until it has, and looks. `settled` hears what was read, or undefined where
 * nobody could say. If the process ends, it is never called.
 */
export function readWithin(
  node: SimNode,
  { mayLease, look }: PlannedRead,
  checks: ClientChecks,
  { timeoutMs }: ReadPatience,
  settled: (read: { readonly result: unknown } | undefined) => void,
): void {
  const { process, server, raft, machine } = node
  if (process === undefined || server === undefined || raft === undefined || machine === undefined) return
  const lookAt = (index: number, untilMs: number): void => {
    if (node.appliedIndex >= index) settled({ result: look(machine) })
    else if (process.now() >= untilMs) settled(undefined)
    else process.setTimeout(() => lookAt(index, untilMs), LOOK_AGAIN_MS)
  }
  process.arrive(0, () => {
    const answered = checks.readAsked(node.id)
    const settle = (outcome: ClientOutcome): void => {
      const index = outcome.type === 'readIndex' ? outcome.index : undefined
      answered(index)
      if (index === undefined) settled(undefined)
      else lookAt(index, process.now() + timeoutMs)
    }
    if (server.server.role === 'leader') server.readIndex(mayLease, settle)
    else raft.client.request(GROUP, { type: 'readIndex', mayLease }, timeoutMs, settle)
  })
}

/** Asks a server that leads, or believes it does, whether its lease says so, too. */
export function askForLease({ id, process, server }: SimNode, checks: ClientChecks): void {
  if (server?.server.role !== 'leader') return
  process?.arrive(0, () => {
    const answered = checks.readAsked(id)
    server.readIndex(true, (outcome) => answered(outcome.type === 'readIndex' ? outcome.index : undefined))
  })
}
