import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { backupGroup, inspectStore, recoverGroups, UnreadableEntriesError } from 'quorate'
import { expect, test } from 'vitest'
import { openAlone, temporaryFolder } from './folders.ts'

test('entries that a store cannot read any more are named, and nothing is made of a log that lacks them', async () => {
  const at = temporaryFolder()
  const folder = join(at, 'a')
  const log = await openAlone({ folder, isNew: true })
  await log.append('one')
  const { index } = await log.append('precious')
  await log.append('three')
  await log.close()
  const file = join(folder, '0000000001.log')
  const bytes = readFileSync(file)
  const place = bytes.indexOf('precious')
  bytes[place] = bytes[place]! ^ 1
  writeFileSync(file, bytes)

  expect((await inspectStore(folder)).groups).toMatchObject([{ group: 'orders', damaged: [index] }])
  const [to, backup] = [join(at, 'new'), join(at, 'backup')]
  const attempts = [
    () => recoverGroups({ folder, to, id: 'a' }),
    () => backupGroup({ folder, group: 'orders', to: backup }),
  ]
  for (const attempt of attempts) {
    const error = await attempt().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UnreadableEntriesError)
    expect(error).toMatchObject({ group: 'orders', indexes: [index] })
  }
  expect([existsSync(to), existsSync(backup)]).toEqual([false, false])
})
