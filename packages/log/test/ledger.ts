import {
  AppendOutcomeUnknownError,
  LogClosedError,
  NotLeaderError,
  type Appended,
  type AppendOptions,
  type LogEntry,
  type RemoteLog,
  type ReplicatedLog,
} from '@quorate/log'

/** What callers were told of every value they handed in, each value once; and whether the log bears it out. */
export class Ledger {
  readonly acknowledged = new Map<string, Appended>()
  /** By the term that the error named. */
  readonly unknown = new Map<string, number>()
  readonly refused = new Set<string>()
  #handedIn = 0

  async append(log: ReplicatedLog | RemoteLog, value: string, options: AppendOptions = {}): Promise<void> {
    this.#handedIn++
    try {
      this.note(value, await log.append(value, options))
    } catch (error) {
      if (error instanceof AppendOutcomeUnknownError) this.unknown.set(value, error.term)
      else if (error instanceof NotLeaderError || error instanceof LogClosedError) this.refused.add(value)
      // The caller's own reason is thrown only where nothing had left.
      else if (options.signal?.aborted === true && error === options.signal.reason) this.refused.add(value)
      else throw error
    }
  }

  note(value: string, { index, term }: Appended): void {
    this.acknowledged.set(value, { index, term })
  }

  /** What is not as callers were told, in words. `commands` are all of the log. */
  faults(commands: readonly Pick<LogEntry, 'index' | 'term' | 'text'>[]): string[] {
    const places = new Map<string, Appended[]>()
    for (const entry of commands) places.set(entry.text(), [...(places.get(entry.text()) ?? []), entry])
    const faults: string[] = []
    for (const [value, { index, term }] of this.acknowledged) {
      const found = places.get(value) ?? []
      const stands = found.length === 1 && found[0]!.index === index && found[0]!.term === term
      if (!stands) faults.push(`${value} was acknowledged at ${index} in term ${term}, and stands at ${show(found)}`)
    }
    for (const [value, term] of this.unknown) {
      const found = places.get(value) ?? []
      const isTrue = found.length === 0 || (found.length === 1 && found[0]!.term === term)
      if (!isTrue) faults.push(`${value} was unknown, if at all of term ${term}, and stands at ${show(found)}`)
    }
    for (const value of this.refused) {
      if (places.has(value)) faults.push(`${value} was refused, and stands at ${show(places.get(value)!)}`)
    }
    const settled = this.acknowledged.size + this.unknown.size + this.refused.size
    if (settled < this.#handedIn) faults.push(`${this.#handedIn - settled} appends were never settled`)
    return faults
  }
}

function show(found: readonly Appended[]): string {
  return found.map(({ index, term }) => `${index} in term ${term}`).join(', ') || 'no place'
}
