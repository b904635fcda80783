/** A cluster is not as it was expected to be. */
export class ExpectationFailed extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ExpectationFailed'
  }
}

/** A step of a scenario cannot be taken: the server is down, or nothing is under way there. */
export class StepFailed extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'StepFailed'
  }
}

/** A text is no scenario: the message names the file, the line, what is wrong and what could stand there. */
export class ScenarioSyntaxError extends Error {
  readonly file: string
  /** Counted from 1; 0 for the text as a whole. */
  readonly line: number

  constructor(file: string, line: number, what: string) {
    super(line === 0 ? `${file}: ${what}` : `${file}:${line}: ${what}`)
    this.name = 'ScenarioSyntaxError'
    this.file = file
    this.line = line
  }
}
