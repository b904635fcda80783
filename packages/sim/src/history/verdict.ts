import type { Operation } from './operation.ts'

/** What a check of a history found. What could not be decided does not count as linearizable. */
export type Verdict =
  | { readonly isLinearizable: true }
  | {
      readonly isLinearizable: false
      /** False when the check was given up: the history may be linearizable or not. */
      readonly isDecided: boolean
      readonly key: string
      /** A sentence that names values and times. */
      readonly reason: string
      /** Those that the reason is about. */
      readonly operations: readonly Operation[]
    }
