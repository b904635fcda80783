import type { Cluster } from '../cluster.ts'
import type { Words } from './words.ts'

/** What a statement does, once it has been read. */
export type Step = (cluster: Cluster) => Promise<void> | void

/** A kind of statement. */
export interface StatementKind {
  /** How it is written. */
  readonly usage: string
  /** @throws WordsRefused when it is written otherwise. */
  read(words: Words): Step
}

export type StatementKinds = Readonly<Record<string, StatementKind>>
