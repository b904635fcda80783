import type { NodeId } from '@quorate/core'
import type { AttemptOutcome } from '../invariants/attempt.ts'
import type { SimNode } from '../world/simNode.ts'
import type { SimWorld } from '../world/simWorld.ts'
import { StepFailed } from './errors.ts'
import { attemptOutcome } from '../workload/appendWithin.ts'

/** What the caller of an append knows of it. */
export type OutcomeName = 'open' | AttemptOutcome['type']

interface Appended {
  readonly at: NodeId
  outcome: AttemptOutcome | undefined
  /** The process that took it is gone: whatever it would have answered, nobody hears it. */
  readonly abandon: () => void
}

const ENCODER = new TextEncoder()

/** The appends of a scenario, by the text that each appends, and what became of them. */
export class Appends {
  readonly #world: SimWorld
  readonly #appended = new Map<string, Appended>()

  constructor(world: SimWorld) {
    this.#world = world
  }

  /** Hands the text to a server, within its process. @throws StepFailed for a text that was appended before. */
  begin(node: SimNode, text: string): void {
    const { invariants } = this.#world
    if (this.#appended.has(text)) throw new StepFailed(`${text} was appended before: give every append its own text`)
    const attempt = invariants.clients.begin([ENCODER.encode(text)])
    const settle = (outcome: AttemptOutcome): void => {
      invariants.clients.answered(attempt, outcome)
      appended.outcome = outcome
    }
    const appended: Appended = {
      at: node.id,
      outcome: undefined,
      abandon: () => settle({ type: 'unknown', why: `${node.id} crashed` }),
    }
    this.#appended.set(text, appended)
    const { server } = node
    node.process?.arrive(0, () => {
      server?.append(attempt.commands, (outcome) => settle(attemptOutcome(outcome)))
    })
  }

  /** With a process, its answers go. */
  abandon(node: SimNode): void {
    for (const { at, outcome, abandon } of this.#appended.values()) {
      if (at === node.id && outcome === undefined) abandon()
    }
  }

  /** @throws StepFailed for a text that was never appended. */
  outcomeOf(text: string): OutcomeName {
    const appended = this.#appended.get(text)
    if (appended === undefined) {
      throw new StepFailed(
        `${text} was never appended; there are ${[...this.#appended.keys()].join(', ') || 'no appends'}`,
      )
    }
    return appended.outcome?.type ?? 'open'
  }
}
