import type { AppendOutcome } from '@quorate/core'
import type { Attempt, AttemptChecks, AttemptOutcome } from '../invariants/attempt.ts'
import type { SimNode } from '../world/simNode.ts'

/**
 * Hands an attempt over in the process of a server, as an application there does. If the process ends, `settled` is never
 * called.
 */
export function appendWithin(
  node: SimNode,
  attempt: Attempt,
  checks: AttemptChecks,
  settled: (outcome: AttemptOutcome) => void = () => {},
): void {
  const { process, server } = node
  process?.arrive(0, () => {
    if (server === undefined) return
    checks.taken(attempt, process, server.server.state.currentTerm)
    server.append(attempt.commands, (outcome) => {
      const known = attemptOutcome(outcome)
      checks.answered(attempt, known)
      settled(known)
    })
  })
}

/** What it proves, or leaves open. */
export function attemptOutcome(outcome: AppendOutcome): AttemptOutcome {
  switch (outcome.type) {
    case 'appended':
      return outcome
    case 'notLeader':
    case 'busy':
      return { type: 'refused', why: outcome.type }
    case 'keyReused':
      throw new Error(`the idempotency key ${outcome.key} stands for another command`)
    case 'keyForgotten':
      return { type: 'forgotten' }
    case 'unknown':
      return { type: 'unknown', why: outcome.type }
  }
}
