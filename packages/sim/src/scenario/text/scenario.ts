import type { ClusterOptions } from '../stage.ts'
import type { Step } from './statement.ts'

/** One statement of a text, which can be run. */
export interface Statement {
  /** Counted from 1. */
  readonly line: number
  readonly text: string
  readonly run: Step
}

/** A scenario as it was read from a text. */
export interface Scenario {
  /** The file it was read from, or whatever the text was called. */
  readonly file: string
  readonly title: string
  /** Where the case is from: a section of a paper, or a system and its issue. */
  readonly source: string
  readonly servers: number
  readonly options: ClusterOptions
  readonly statements: readonly Statement[]
}
