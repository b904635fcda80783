import type { Entry, SnapshotDescription } from '@quorate/core'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  BackupCutShortError,
  BackupEncoder,
  DamagedBackupError,
  ForeignBackupError,
  NewerBackupError,
  decodeBackup,
  encodeEntry,
  type BackupHead,
  type BackupPart,
} from '@quorate/wire'
import { CONFIGURATION, GROUP_UUID, STORE, TIME, command, configurationEntry, plain, thrownBy } from './samples.ts'

const DATA = Buffer.from('the state of a state machine')

const DESCRIPTION: SnapshotDescription = {
  lastIncluded: { index: 3, term: 7 },
  lastTime: TIME + 3,
  configuration: { index: 1, configuration: CONFIGURATION },
  sizeBytes: DATA.length,
  checksum: crc32(DATA),
}

function headOf(parts: Partial<BackupHead> = {}): BackupHead {
  return {
    group: 'orders',
    groupUuid: GROUP_UUID,
    server: 'n1',
    store: STORE,
    time: TIME,
    isCommitted: true,
    last: { index: 4, term: 7 },
    configuration: { index: 1, configuration: CONFIGURATION },
    ...parts,
  }
}

/** Of a snapshot up to entry 3, and the entries 3 and 4. */
function pieces(): Uint8Array[] {
  const encoder = new BackupEncoder()
  return [
    encoder.head(headOf()),
    encoder.snapshot(DESCRIPTION),
    encoder.data(DATA.subarray(0, 10)),
    encoder.data(DATA.subarray(10)),
    encoder.log({ index: 2, term: 7 }),
    encoder.entries([command(3), command(4)]),
    encoder.end(),
  ]
}

async function* stream(bytes: Uint8Array, pieceBytes = bytes.length || 1): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

async function partsOf(bytes: Uint8Array, pieceBytes?: number): Promise<BackupPart[]> {
  const parts: BackupPart[] = []
  for await (const part of decodeBackup(stream(bytes, pieceBytes))) parts.push(part)
  return parts
}

async function faultOf(bytes: Uint8Array): Promise<unknown> {
  return partsOf(bytes).then(
    () => expect.fail('it was read'),
    (error: unknown) => error,
  )
}

describe('a backup', () => {
  test.each([1, 7, 1000])('is read as it was written, in pieces of %d bytes', async (pieceBytes) => {
    const parts = await partsOf(Buffer.concat(pieces()), pieceBytes)
    const counts = {
      snapshotBytes: DATA.length,
      entries: 2,
      logStartsAfter: { index: 2, term: 7 },
      last: { index: 4, term: 7 },
    }
    expect(plain(parts)).toEqual(
      plain([
        { type: 'head', head: headOf() },
        { type: 'snapshot', description: DESCRIPTION },
        { type: 'data', bytes: DATA.subarray(0, 10) },
        { type: 'data', bytes: DATA.subarray(10) },
        { type: 'log', startsAfter: { index: 2, term: 7 } },
        { type: 'entries', entries: [command(3), command(4)] },
        { type: 'end', counts },
      ]),
    )
  })

  test('holds entries byte for byte as the log has them', async () => {
    const entries: Entry[] = [
      configurationEntry(),
      { ...command(2), subject: 'a.b', idempotency: { key: 'k', retainMs: 5 } },
    ]
    const encoder = new BackupEncoder()
    const last = { index: 2, term: 7 }
    const head = encoder.head(headOf({ last, server: undefined, isCommitted: false }))
    const bytes = Buffer.concat([head, encoder.log({ index: 0, term: 0 }), encoder.entries(entries), encoder.end()])
    const read = (await partsOf(bytes)).flatMap((part) => (part.type === 'entries' ? part.entries : []))
    expect(read.map((entry) => Buffer.from(encodeEntry(entry)))).toEqual(
      entries.map((entry) => Buffer.from(encodeEntry(entry))),
    )
  })

  test('begins its log again where that was compacted meanwhile', async () => {
    const encoder = new BackupEncoder()
    const bytes = Buffer.concat([
      encoder.head(headOf({ last: { index: 3, term: 7 } })),
      encoder.snapshot(DESCRIPTION),
      encoder.data(DATA),
      encoder.log({ index: 0, term: 0 }),
      encoder.entries([configurationEntry()]),
      encoder.log({ index: 2, term: 7 }),
      encoder.entries([command(3)]),
      encoder.end(),
    ])
    const end = (await partsOf(bytes)).at(-1)
    expect(end).toMatchObject({ counts: { entries: 1, logStartsAfter: { index: 2, term: 7 } } })
  })

  test('cut short at any byte is refused as cut short', async () => {
    const bytes = Buffer.concat(pieces())
    expect(await faultOf(bytes.subarray(0, 0))).toBeInstanceOf(ForeignBackupError)
    for (let length = 1; length < bytes.length; length++) {
      const fault = await faultOf(bytes.subarray(0, length))
      expect(fault).toBeInstanceOf(BackupCutShortError)
      expect((fault as BackupCutShortError).sizeBytes).toBe(length)
    }
  })

  test('with any bit turned is refused', async () => {
    const bytes = Buffer.concat(pieces())
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const turned = Buffer.from(bytes)
      turned[bit >> 3]! ^= 1 << (bit & 7)
      expect(await faultOf(turned), `bit ${bit}`).toBeInstanceOf(DamagedBackupError)
    }
  })

  test('without one of its blocks, with one twice, or with two exchanged, is refused', async () => {
    const all = pieces()
    for (let at = 0; at < all.length; at++) {
      const [without, twice, exchanged] = [[...all], [...all], [...all]]
      without.splice(at, 1)
      twice.splice(at, 0, all[at]!)
      exchanged.splice(at, 2, ...all.slice(at, at + 2).reverse())
      for (const blocks of at < all.length - 1 ? [without, twice, exchanged] : [without, twice]) {
        expect((await faultOf(Buffer.concat(blocks))) as Error).toMatchObject({
          code: expect.stringMatching(/^(DAMAGED_BACKUP|BACKUP_CUT_SHORT|FOREIGN_BACKUP)$/) as string,
        })
      }
    }
  })

  test('of a later version, or another file, is said to be that', async () => {
    const newer = Buffer.concat(pieces())
    newer.writeUInt32LE(2, 8)
    newer.writeUInt32LE(crc32(newer.subarray(0, 12)), 12)
    expect(await faultOf(newer)).toMatchObject({ code: 'NEWER_BACKUP', format: 2, supported: 1 })
    expect(await faultOf(newer)).toBeInstanceOf(NewerBackupError)
    expect(await faultOf(Buffer.from('{ "some": "other file" }'))).toBeInstanceOf(ForeignBackupError)
    expect(await faultOf(Buffer.from('Quor'))).toBeInstanceOf(BackupCutShortError)
  })

  test('says where it is damaged', async () => {
    const all = pieces()
    const start = all.slice(0, 3).reduce((sum, { length }) => sum + length, 0)
    const bytes = Buffer.concat(all)
    bytes[start + 12]! ^= 1
    expect(await faultOf(bytes)).toMatchObject({ offset: start, reason: 'a block does not match its checksum' })
  })

  test('is not written so that it could not be read', () => {
    const begun = (): BackupEncoder => {
      const encoder = new BackupEncoder()
      encoder.head(headOf())
      return encoder
    }
    expect(thrownBy(() => new BackupEncoder().end())).toMatchObject({ code: 'INVARIANT_VIOLATION' })
    expect(thrownBy(() => begun().end())).toMatchObject({
      message: expect.stringContaining('before the log begins') as string,
    })
    expect(thrownBy(() => begun().entries([command(1)]))).toMatchObject({
      message: expect.stringContaining('out of order') as string,
    })
    expect(thrownBy(() => begun().log({ index: 2, term: 1 }))).toMatchObject({
      message: expect.stringContaining('behind entry 2') as string,
    })
    const holed = begun()
    holed.log({ index: 0, term: 0 })
    expect(thrownBy(() => holed.entries([command(1), command(3)]))).toMatchObject({
      message: expect.stringContaining('entry 3 follows entry 1') as string,
    })
    expect(thrownBy(() => holed.end())).toMatchObject({ message: expect.stringContaining('promises 4') as string })
  })
})
