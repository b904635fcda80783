import { describe, expect, it } from 'vitest'
import { simulate, SimulationFailedError, type StateMachineUnderTest } from '@quorate/sim'

/** Adds up, and tells how often it was put in the state of a snapshot. */
class Sum implements StateMachineUnderTest<number> {
  static restored = 0
  sum = 0

  apply(summand: number): number {
    return (this.sum += summand)
  }

  state(): unknown {
    return { sum: this.sum }
  }

  restore(state: unknown): void {
    Sum.restored++
    this.sum = (state as { sum: number }).sum
  }
}

/** One whose storm compacts logs. */
const SEEDS = [7]

describe('a state machine of the user’s that can be put in the state of another', () => {
  it('is, in storms that compact logs', async () => {
    await simulate({ stateMachine: () => new Sum(), command: (_random, number) => number, seeds: SEEDS })
    expect(Sum.restored).toBeGreaterThan(0)
  })

  it('is found out when it is not what the other was', async () => {
    class Wrong extends Sum {
      override restore(state: unknown): void {
        super.restore(state)
        this.sum++
      }
    }
    const found = simulate({ stateMachine: () => new Wrong(), command: (_random, number) => number, seeds: SEEDS })
    await expect(found).rejects.toThrow(SimulationFailedError)
    await expect(found).rejects.toMatchObject({ failure: { check: 'snapshotIsCommitted' } })
  })
})
