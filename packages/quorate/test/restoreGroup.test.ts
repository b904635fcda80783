import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { NotLeaderError } from '@quorate/log'
import { describe, expect, test } from 'vitest'
import {
  backupGroup,
  FileExistsError,
  GroupExistsError,
  inspectStore,
  OccupiedFolderError,
  OtherServerError,
  readBackup,
  restoreGroup,
  UnfinishedGroupError,
  verifyBackup,
  writeBackup,
} from 'quorate'
import { withStore } from '../src/folderStore.ts'
import { type FormerPart, foundGroup } from '../src/founding.ts'
import { commandsOf, openAlone, temporaryFolder, Texts } from './folders.ts'

describe('a backup that a running server gives', () => {
  test('comes back as another group with the same log', async () => {
    const folder = temporaryFolder()
    const log = await openAlone({ folder: join(folder, 'a'), isNew: true })
    await log.append(['one', 'two', 'three'])
    const file = join(folder, 'orders.backup')
    await writeBackup(file, log.backup())
    await log.append('behind it')
    const { head, counts } = await verifyBackup(file)
    expect(head).toMatchObject({
      group: 'orders',
      server: 'a',
      isCommitted: true,
      groupUuid: log.status.value.groupUuid,
    })
    expect(counts.logStartsAfter.index).toBe(0)

    const to = join(folder, 'restored')
    const { origin, groupUuid } = await restoreGroup({ file, to, id: 'x', as: 'copies' })
    expect(origin).toEqual({ groupUuid: head.groupUuid, lastIndex: head.last.index, reason: 'restore' })
    expect(readdirSync(folder).sort()).toEqual(['a', 'orders.backup', 'restored'])
    const restored = await openAlone({ folder: to, id: 'x', group: 'copies' })
    const before = (await commandsOf(log)).slice(0, 3)
    expect(await commandsOf(restored)).toEqual(before)
    expect(restored.status.value.groupUuid).toBe(groupUuid)
    const { index } = await restored.append('goes on')
    expect(index).toBeGreaterThan(head.last.index + 1)
  })

  test('of a log that is compacted holds a snapshot of that moment', async () => {
    const folder = temporaryFolder()
    const machine = new Texts()
    const log = await openAlone({ folder: join(folder, 'a'), isNew: true, stateMachine: machine })
    for (let count = 0; count < 50; count++) await log.append(`entry ${count}`)
    await log.compact({ trailingEntries: 10 })
    await log.append('one more')
    const file = join(folder, 'orders.backup')
    await writeBackup(file, log.backup())
    const { head, snapshot, counts } = await verifyBackup(file)
    expect(snapshot?.lastIncluded).toEqual(head.last)
    expect(head.last.index).toBe(log.lastApplied)
    expect(counts.entries).toBeGreaterThan(10)

    const restoredMachine = new Texts()
    const to = join(folder, 'restored')
    await restoreGroup({ file, to, id: 'a' })
    const restored = await openAlone({ folder: to, stateMachine: restoredMachine })
    await restored.append('goes on')
    expect(restoredMachine.texts).toEqual([...machine.texts, 'goes on'])
    expect((await commandsOf(restored)).slice(0, -1)).toEqual(await commandsOf(log))
  })

  test('is not written over a file, and leaves none behind where it fails', async () => {
    const folder = temporaryFolder()
    const log = await openAlone({ folder: join(folder, 'a'), isNew: true })
    await log.readIndex()
    const file = join(folder, 'orders.backup')
    await writeBackup(file, log.backup())
    await expect(writeBackup(file, log.backup())).rejects.toThrow(FileExistsError)
    const giveUp = new AbortController()
    giveUp.abort(new Error('enough'))
    const other = join(folder, 'other.backup')
    await expect(writeBackup(other, log.backup({ signal: giveUp.signal }))).rejects.toThrow('enough')
    expect(readdirSync(folder).sort()).toEqual(['a', 'orders.backup'])
  })
})

describe('a group that is restored into a store that stands', () => {
  async function backedUp(folder: string): Promise<string> {
    const log = await openAlone({ folder: join(folder, 'source'), isNew: true, stateMachine: new Texts() })
    for (let round = 0; round < 3; round++) await log.append(Array.from({ length: 500 }, (_, at) => `${round} ${at}`))
    await log.compact({ trailingEntries: 700 })
    await log.append('behind the snapshot')
    await log.close()
    const file = join(folder, 'orders.backup')
    await backupGroup({ folder: join(folder, 'source'), group: 'orders', to: file })
    return file
  }

  async function storeOf(folder: string): Promise<string> {
    const to = join(folder, 'standing')
    const log = await openAlone({ folder: to, group: 'others', isNew: true })
    await log.append('of another group')
    await log.close()
    return to
  }

  test('stands beside the others, and does not take the place of one', async () => {
    const folder = temporaryFolder()
    const [file, to] = [await backedUp(folder), await storeOf(folder)]
    await expect(restoreGroup({ file, to, id: 'a', as: 'others' })).rejects.toThrow(GroupExistsError)
    await expect(restoreGroup({ file, to, id: 'b' })).rejects.toThrow(OtherServerError)
    await restoreGroup({ file, to, id: 'a' })
    await expect(restoreGroup({ file, to, id: 'a' })).rejects.toThrow(GroupExistsError)
    expect((await inspectStore(to)).groups.map(({ group }) => group)).toEqual(['orders', 'others'])
    const others = await openAlone({ folder: to, group: 'others' })
    expect(await commandsOf(others)).toEqual([expect.stringMatching(/of another group$/)])
    await others.close()
    const machine = new Texts()
    const orders = await openAlone({ folder: to, stateMachine: machine })
    await orders.append('goes on')
    expect(machine.texts).toHaveLength(1502)
    expect(machine.texts.slice(-2)).toEqual(['behind the snapshot', 'goes on'])
    expect(await commandsOf(orders)).toHaveLength(702)
  })

  test('is no group while it is half written, and is finished when that is repeated', async () => {
    const folder = temporaryFolder()
    const [file, to] = [await backedUp(folder), await storeOf(folder)]
    const { head, snapshot, counts } = await verifyBackup(file)
    for (const cutAt of ['data', 'first entries', 'last entries']) {
      const former = {
        groupUuid: head.groupUuid,
        snapshot,
        startsAfter: counts.logStartsAfter,
        last: counts.last,
        highestTerm: counts.last.term,
        parts: cutShort(file, cutAt),
      }
      const founding = withStore(to, (store) =>
        foundGroup({ store, group: 'orders', id: 'a', reason: 'restore', former, isStaged: false }),
      )
      await expect(founding).rejects.toThrow('the power is gone')
    }
    const [begun] = (await inspectStore(to)).groups
    expect(begun).toMatchObject({ group: 'orders', isUnfinished: true, servers: [] })
    const half = await openAlone({ folder: to, stateMachine: new Texts() })
    await expect(half.append('to nobody', { timeoutMs: 300 })).rejects.toThrow(NotLeaderError)
    await half.close()

    await restoreGroup({ file, to, id: 'a' })
    const machine = new Texts()
    const orders = await openAlone({ folder: to, stateMachine: machine })
    await orders.append('goes on')
    expect(machine.texts.slice(-2)).toEqual(['behind the snapshot', 'goes on'])
    expect(machine.texts).toHaveLength(1502)
    expect(orders.status.value.groupUuid).toBe(begun!.groupUuid)
  })

  test('which was half written from another backup is left alone', async () => {
    const folder = temporaryFolder()
    const [file, to] = [await backedUp(folder), await storeOf(folder)]
    const { head, snapshot, counts } = await verifyBackup(file)
    const { groupUuid } = head
    const former = { groupUuid, snapshot, startsAfter: counts.logStartsAfter, last: counts.last, highestTerm: 9 }
    const founding = withStore(to, (store) =>
      foundGroup({
        store,
        group: 'orders',
        id: 'a',
        reason: 'restore',
        former: { ...former, parts: cutShort(file, 'last entries') },
        isStaged: false,
      }),
    )
    await expect(founding).rejects.toThrow('the power is gone')
    const log = await openAlone({ folder: join(folder, 'other'), isNew: true, stateMachine: new Texts() })
    await log.append('of another log')
    const other = join(folder, 'other.backup')
    await writeBackup(other, log.backup())
    await expect(restoreGroup({ file: other, to, id: 'a' })).rejects.toThrow(UnfinishedGroupError)
    await restoreGroup({ file, to, id: 'a' })
  })

  test('is not, where something else stands', async () => {
    const folder = temporaryFolder()
    const file = await backedUp(folder)
    await expect(restoreGroup({ file, to: folder, id: 'a' })).rejects.toThrow(OccupiedFolderError)
    await expect(restoreGroup({ file, to: file, id: 'a' })).rejects.toThrow(OccupiedFolderError)
    await expect(restoreGroup({ file, to: join(folder, 'new'), id: 'no name' })).rejects.toThrow(TypeError)
    expect(readdirSync(folder).sort()).toEqual(['orders.backup', 'source'])
  })
})

/** What a backup holds, up to somewhere. */
async function* cutShort(file: string, cutAt: string): AsyncGenerator<FormerPart> {
  let entries = 0
  for await (const part of readBackup(file)) {
    if (part.type === 'data') yield part
    if (part.type === 'data' && cutAt === 'data') break
    if (part.type !== 'entries') continue
    // Entries come in pieces, however they stand in the file.
    for (let from = 0; from < part.entries.length; from += 100) {
      if (entries >= (cutAt === 'first entries' ? 300 : 701)) throw new Error('the power is gone')
      const piece = part.entries.slice(from, from + 100)
      entries += piece.length
      yield { type: 'entries', entries: piece }
    }
  }
  throw new Error('the power is gone')
}
