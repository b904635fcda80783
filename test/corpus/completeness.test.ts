import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  BACKUP_PARTS,
  ENTRIES,
  MESSAGES,
  ORIGINS,
  PARTS,
  REASONS,
  REPLIES,
  REQUESTS,
  STORE_FILES,
  STORE_FRAMES,
  STORE_RECORDS,
} from './kinds.ts'
import { RecordedKinds } from './recordedKinds.ts'
import { recordedFiles, recordedStores } from './recordedFolder.mjs'
import { folderOf, recordedVersions } from './recordedVersions.ts'
import { storeContent } from './storeContent.ts'

const recorded = new RecordedKinds()
for (const folder of recordedVersions.map(folderOf)) {
  for (const { kind, value } of recordedFiles(folder)) recorded.take(value, kind)
  for (const [name, value] of recordedStores(folder)) {
    recorded.take(value)
    for (const part of storeContent(join(folder, 'stores', name))) recorded.note(`store ${part}`)
  }
}

type Kinds = Readonly<Record<string, Readonly<Record<string, true>> | true>>

// By `node test/corpus/record.mjs`, once the samples have what is missing.
test.each<[what: string, prefix: string, kinds: Kinds]>([
  ['message', 'message ', MESSAGES],
  ['client request', 'request ', REQUESTS],
  ['client reply', 'reply ', REPLIES],
  ['reason of a refusal', 'reason ', REASONS],
  ['entry', 'entry ', ENTRIES],
  ['part of a message or an entry', '', PARTS],
  ['origin of a group', 'origin ', ORIGINS],
  ['part of a backup', 'backup ', BACKUP_PARTS],
  ['file of a store', 'store ', STORE_FILES],
  ['frame of a store', 'store ', STORE_FRAMES],
  ['record of a store', 'store ', STORE_RECORDS],
])('every %s that the present version knows is recorded, with and without what it may lack', (_, prefix, kinds) => {
  const missing = Object.entries(kinds).flatMap(([kind, optional]) =>
    recorded.missing(`${prefix}${kind}`, optional === true ? [] : Object.keys(optional)),
  )
  expect(missing).toEqual([])
})
