import { createHash } from 'node:crypto'
import type { LogEntry, LogStateMachine, ReplicatedLog } from '@quorate/log'

/** Every text that was applied, in order: as a state machine of an application might hold them. */
export class Records implements LogStateMachine {
  texts: string[] = []
  restores = 0

  apply(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.texts.push(entry.text())
  }

  *snapshot(): Generator<Uint8Array> {
    const copy = this.texts.slice()
    yield Buffer.from(`${copy.length}\n`)
    for (const text of copy) yield Buffer.from(`${text}\n`)
  }

  async restore(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const read: Uint8Array[] = []
    for await (const piece of pieces) read.push(piece)
    const [count, ...texts] = Buffer.concat(read).toString().split('\n').slice(0, -1)
    if (Number(count) !== texts.length) throw new Error(`${texts.length} of ${count} texts came`)
    this.texts = texts
    this.restores++
  }

  get digest(): string {
    return createHash('sha256').update(this.texts.join('\n')).digest('hex')
  }
}

/** The committed commands that a log holds still: index, term and text of each. */
export async function commandsOf(log: ReplicatedLog): Promise<string[]> {
  const { index } = await log.readIndex({ timeoutMs: 15_000 })
  const found: string[] = []
  for await (const entry of log.subscribe({ from: 'earliest', all: true })) {
    if (entry.kind === 'command') found.push(`${entry.index} ${entry.term} ${entry.text()}`)
    if (entry.index >= index) break
  }
  return found
}
