import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDiskStore } from '@quorate/disk'
import { memoryNetwork, openLog, type LogEntry, type LogStateMachine, type ReplicatedLog } from '@quorate/log'
import { afterEach } from 'vitest'

const cleanUps: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A folder, removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const QUICK = { heartbeatIntervalMs: 5, electionTimeoutMinMs: 10, electionTimeoutMaxMs: 20 }

export interface AloneOptions {
  readonly folder: string
  readonly id?: string
  readonly group?: string
  /** A group that is new. */
  readonly isNew?: boolean
  readonly stateMachine?: LogStateMachine
}

/** The log of a group of one server, closed after the test. */
export async function openAlone({
  folder,
  id = 'a',
  group = 'orders',
  isNew,
  stateMachine,
}: AloneOptions): Promise<ReplicatedLog> {
  const log = await openLog(group, {
    id,
    network: memoryNetwork(),
    store: await openDiskStore({ folder, segmentBytes: 1024 * 1024 }),
    settings: QUICK,
    joinTimeoutMs: 2_000,
    ...(isNew === true && { bootstrap: [id] }),
    ...(stateMachine !== undefined && { stateMachine }),
  })
  cleanUps.push(() => log.close())
  return log
}

/** All texts, in order. */
export class Texts implements LogStateMachine {
  texts: string[] = []

  apply(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.texts.push(entry.text())
  }

  snapshot(): Uint8Array[] {
    return [Buffer.from(JSON.stringify(this.texts))]
  }

  async restore(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const read: Uint8Array[] = []
    for await (const piece of pieces) read.push(piece)
    this.texts = JSON.parse(Buffer.concat(read).toString()) as string[]
  }
}

/** The committed commands that are in the log still: index, term and text of each. */
export async function commandsOf(log: ReplicatedLog): Promise<string[]> {
  const { index } = await log.readIndex()
  const found: string[] = []
  for await (const entry of log.subscribe({ from: 'earliest', all: true })) {
    if (entry.kind === 'command') found.push(`${entry.index} ${entry.term} ${entry.text()}`)
    if (entry.index >= index) break
  }
  return found
}
