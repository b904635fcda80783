import { decodeBackup, type BackupPart } from '@quorate/wire'
import {
  LogClosedError,
  LogCompactedError,
  memoryStore,
  NotCaughtUpError,
  type LogStateMachine,
  type Store,
} from '@quorate/log'
import { describe, expect, it } from 'vitest'
import { closeAfterTest, openCluster, openNodes, rejectionOf } from './cluster.ts'
import { storeAround } from './storeAround.ts'

/** The number of commands, with so much beside it that reading it takes several pieces. */
class Count implements LogStateMachine {
  count = 0

  apply(entries: readonly unknown[]): void {
    this.count += entries.length
  }

  *snapshot(): Generator<Uint8Array> {
    const { count } = this
    yield Buffer.from(String(count).padEnd(8))
    for (let piece = 0; piece < 4; piece++) yield Buffer.alloc(100_000, piece)
  }

  async restore(): Promise<void> {}
}

async function openAlone(options: { store?: Store; stateMachine?: LogStateMachine } = {}) {
  const { store = memoryStore(), ...logOptions } = options
  const [node] = await openNodes({ ids: ['n1'], store: () => store })
  await node!.bootstrap('orders', ['n1'])
  const log = closeAfterTest(await node!.openLog('orders', logOptions))
  await log.readIndex()
  return log
}

async function partsOf(bytes: AsyncIterable<Uint8Array>): Promise<BackupPart[]> {
  const parts: BackupPart[] = []
  for await (const part of decodeBackup(bytes)) parts.push(part)
  return parts
}

function textsIn(parts: readonly BackupPart[]): string[] {
  return parts
    .flatMap((part) => (part.type === 'entries' ? part.entries : []))
    .flatMap((entry) => (entry.kind === 'command' ? [Buffer.from(entry.data).toString()] : []))
}

describe('log.backup()', () => {
  it('gives every entry of a log that was never compacted, and none that comes later', async () => {
    const { leader, followers } = await openCluster()
    await leader.append(Array.from({ length: 500 }, (_, place) => `entry ${place} ${'x'.repeat(2000)}`))
    const [follower] = followers
    await follower!.readIndex()
    const { lastApplied } = follower!
    const parts: BackupPart[] = []
    for await (const part of decodeBackup(follower!.backup())) {
      parts.push(part)
      await leader.append('later')
    }
    expect(parts[0]).toMatchObject({ head: { server: follower!.status.value.id, last: { index: lastApplied } } })
    expect(parts.at(-1)).toMatchObject({ counts: { entries: lastApplied, logStartsAfter: { index: 0 } } })
    expect(textsIn(parts)).toHaveLength(500)
    expect(parts.filter(({ type }) => type === 'entries').length).toBeGreaterThan(3)
  })

  it('has the state machine give a snapshot where the log is compacted, and takes no entry away', async () => {
    const machine = new Count()
    const log = await openAlone({ stateMachine: machine })
    await log.append(Array.from({ length: 100 }, () => 'early'))
    await log.compact({ trailingEntries: 20 })
    const { logStartsAfter } = log.status.value
    await log.append('late')
    const parts = await partsOf(log.backup())
    const snapshot = parts.find((part) => part.type === 'snapshot')
    expect(snapshot?.description.lastIncluded.index).toBe(log.lastApplied)
    expect(parts.filter(({ type }) => type === 'data').length).toBeGreaterThan(1)
    expect(log.status.value.logStartsAfter).toBe(logStartsAfter)
    expect(textsIn(parts)).toEqual([...Array.from({ length: 20 }, () => 'early'), 'late'])
    // Nothing was applied since: the same one again.
    expect(await partsOf(log.backup())).toHaveLength(parts.length)
  })

  it('does not miss the entries that a compaction takes away while it is read', async () => {
    const log = await openAlone({ stateMachine: new Count() })
    await log.append(Array.from({ length: 500 }, () => 'x'.repeat(2000)))
    await log.compact({ trailingEntries: 400 })
    const parts: BackupPart[] = []
    for await (const part of decodeBackup(log.backup())) {
      parts.push(part)
      if (part.type !== 'entries' || parts.filter(({ type }) => type === 'entries').length > 1) continue
      await log.append('later')
      await log.compact({ trailingEntries: 50 })
    }
    expect(parts.filter(({ type }) => type === 'log')).toHaveLength(2)
    const { counts } = parts.at(-1) as Extract<BackupPart, { type: 'end' }>
    expect(counts.entries).toBe(49)
    expect(counts.last.index - counts.logStartsAfter.index).toBe(49)
  })

  it('ends where a log is compacted for the first time meanwhile; the next one has a snapshot', async () => {
    const log = await openAlone({ stateMachine: new Count() })
    await log.append(Array.from({ length: 500 }, () => 'x'.repeat(2000)))
    const cut = async (): Promise<void> => {
      for await (const part of decodeBackup(log.backup())) {
        if (part.type === 'entries') await log.compact({ trailingEntries: 0 })
      }
    }
    expect(await rejectionOf(cut())).toBeInstanceOf(LogCompactedError)
    expect((await partsOf(log.backup())).map(({ type }) => type)).toContain('snapshot')
  })

  it('of a log without a state machine, once compacted, says which entries are gone', async () => {
    const log = await openAlone()
    await log.append(Array.from({ length: 100 }, (_, place) => `entry ${place}`))
    await log.compact({ trailingEntries: 10 })
    await log.append('late')
    const parts = await partsOf(log.backup())
    expect(textsIn(parts)).toEqual([...Array.from({ length: 10 }, (_, place) => `entry ${90 + place}`), 'late'])
  })

  it('lets go of the snapshot when the loop is left, by a break, the signal, or the end of the log', async () => {
    const inner = memoryStore()
    let open = 0
    const store = storeAround(inner, {
      openSnapshot: (group) => {
        const reader = inner.openSnapshot(group)
        open++
        return {
          description: reader.description,
          read: (offset, maxBytes, done) => reader.read(offset, maxBytes, done),
          close: () => {
            open--
            reader.close()
          },
        }
      },
    })
    const log = await openAlone({ store, stateMachine: new Count() })
    await log.append('one')
    await log.compact()
    const giveUp = new AbortController()
    const read = async (then: (taken: number) => unknown): Promise<void> => {
      let taken = 0
      for await (const _ of log.backup({ signal: giveUp.signal })) if (then(++taken) === 'break') break
    }
    await read((taken) => (taken === 3 ? 'break' : expect(open).toBe(taken > 0 ? 1 : 0)))
    expect(open).toBe(0)
    const reason = new Error('enough')
    expect(await rejectionOf(read((taken) => taken === 3 && giveUp.abort(reason)))).toBe(reason)
    expect(open).toBe(0)
    const late = log.backup()[Symbol.asyncIterator]()
    for (let taken = 0; taken < 3; taken++) await late.next()
    await log.close()
    expect(await rejectionOf(late.next() as Promise<unknown>)).toBeInstanceOf(LogClosedError)
    expect(open).toBe(0)
  })

  it('throws what the state machine throws, and while nothing is applied', async () => {
    const machine = new Count()
    const log = await openAlone({ stateMachine: machine })
    await log.append('one')
    await log.compact()
    await log.append('two')
    machine.snapshot = () => {
      throw new Error('no snapshot today')
    }
    expect(await rejectionOf(partsOf(log.backup()))).toMatchObject({ message: 'no snapshot today' })
    await log.append('goes on')

    // The other one has no server of the group: there is no majority.
    const [n1] = await openNodes({ ids: ['n1', 'n2'] })
    await n1!.bootstrap('orders', ['n1', 'n2'])
    const alone = await n1!.openLog('orders')
    expect(await rejectionOf(partsOf(alone.backup()))).toBeInstanceOf(NotCaughtUpError)
  })
})
