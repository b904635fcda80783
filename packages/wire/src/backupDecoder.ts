import { crc32 } from 'node:zlib'
import type { Entry, LogPosition, SnapshotDescription } from '@quorate/core'
import { type BackupHead, type BackupPart, BackupProgress } from './backup.ts'
import {
  BACKUP_FORMAT,
  BLOCK_END_BYTES,
  BLOCK_HEAD_BYTES,
  BlockKind,
  PRELUDE_BYTES,
  RunningChecksum,
  assertPrelude,
  mayBePrelude,
} from './backupBlock.ts'
import { BackupCutShortError, DamagedBackupError, ForeignBackupError, NewerBackupError } from './backupErrors.ts'
import { ByteSource } from './byteSource.ts'
import { readConfiguration } from './configurationCodec.ts'
import { decoding } from './decoding.ts'
import { decodeEntry } from './entryCodec.ts'
import { MalformedFrameError, NewerFormatError } from './errors.ts'
import { FieldReader } from './fields.ts'
import { unpackValues } from './messagePack.ts'
import { scanValues } from './scan.ts'
import { decodeSnapshotHead } from './snapshotCodec.ts'

/**
 * Reads a backup, part by part, with one block in memory. What comes was checked as far as it goes; that the backup is whole
 * is known when its `end` has come.
 * @throws ForeignBackupError, NewerBackupError, DamagedBackupError, BackupCutShortError; and what `bytes` throws.
 */
export async function* decodeBackup(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<BackupPart, undefined> {
  const source = new ByteSource(bytes)
  try {
    const blocks = new BlockReader(source)
    await blocks.begin()
    const decoder = new PartDecoder()
    for (;;) {
      const offset = source.offset
      const { kind, content } = await blocks.next()
      const part = placing(offset, () => decoder.part(kind, content))
      yield part
      if (part.type === 'end') break
    }
    const behind = source.offset
    if ((await source.take(1)).length > 0) throw new DamagedBackupError(behind, 'bytes follow its end')
  } finally {
    await source.close()
  }
}

interface Block {
  readonly kind: number
  readonly content: Buffer
}

/** The blocks of a file, each found whole, and in the place in which it was written. */
class BlockReader {
  readonly #source: ByteSource
  readonly #checksum = new RunningChecksum()

  constructor(source: ByteSource) {
    this.#source = source
  }

  async begin(): Promise<void> {
    const prelude = await this.#source.take(PRELUDE_BYTES)
    if (prelude.length === PRELUDE_BYTES) assertPrelude(prelude)
    else if (mayBePrelude(prelude)) throw new BackupCutShortError(prelude.length)
    else throw new ForeignBackupError(prelude.length === 0 ? 'it is empty' : 'it does not begin as one does')
    this.#checksum.add(prelude)
  }

  async next(): Promise<Block> {
    const start = this.#source.offset
    const head = await this.#take(BLOCK_HEAD_BYTES)
    if (this.#checksum.add(head.subarray(0, 5)) !== head.readUInt32LE(5)) {
      throw new DamagedBackupError(start, 'the head of a block does not match its checksum')
    }
    const length = head.readUInt32LE(1)
    const rest = await this.#take(length + BLOCK_END_BYTES)
    const content = rest.subarray(0, length)
    if (this.#checksum.add(content) !== rest.readUInt32LE(length)) {
      throw new DamagedBackupError(start, 'a block does not match its checksum')
    }
    return { kind: head.readUInt8(0), content }
  }

  async #take(length: number): Promise<Buffer> {
    const bytes = await this.#source.take(length)
    if (bytes.length < length) throw new BackupCutShortError(this.#source.offset)
    return bytes
  }
}

/** What the blocks say, in their order. */
class PartDecoder {
  readonly #progress = new BackupProgress()
  #head: BackupHead | undefined
  #snapshot: SnapshotDescription | undefined
  #dataChecksum = 0
  #blocks = 0

  part(kind: number, content: Buffer): BackupPart {
    if ((kind === BlockKind.head) !== (this.#head === undefined)) fail('the head of the backup is not its first block')
    const part = this.#read(kind, content)
    this.#blocks += 1
    return part
  }

  #read(kind: number, content: Buffer): BackupPart {
    switch (kind) {
      case BlockKind.head:
        this.#head = readHead(content)
        return { type: 'head', head: this.#head }
      case BlockKind.snapshot: {
        const description = readDescription(content)
        check(this.#progress.snapshot(description))
        this.#snapshot = description
        return { type: 'snapshot', description }
      }
      case BlockKind.data: {
        check(this.#progress.data(content))
        this.#dataChecksum = crc32(content, this.#dataChecksum)
        return { type: 'data', bytes: content }
      }
      case BlockKind.log: {
        const startsAfter = readPosition(content)
        check(this.#progress.log(startsAfter))
        if (this.#dataChecksum !== (this.#snapshot?.checksum ?? 0)) fail('the snapshot does not match its checksum')
        return { type: 'log', startsAfter }
      }
      case BlockKind.entries:
        return { type: 'entries', entries: this.#readEntries(content) }
      case BlockKind.end:
        this.#checkEnd(content)
        return { type: 'end', counts: this.#progress.counts }
      default:
        return fail(`a block is of the unknown kind ${kind}`)
    }
  }

  #readEntries(content: Buffer): Entry[] {
    const entries: Entry[] = []
    let start = 0
    if (content.length === 0) fail('a block of entries holds none')
    while (start < content.length) {
      const [end = 0] = scanValues(content, start, 1)
      const entry = decodeEntry(content.subarray(start, end))
      check(this.#progress.entry(entry))
      entries.push(entry)
      start = end
    }
    return entries
  }

  #checkEnd(content: Buffer): void {
    check(this.#progress.end(this.#head!.last))
    const fields = fieldsOf(content)
    const { snapshotBytes, entries, last } = this.#progress.counts
    for (const [what, found] of [
      ['blocks', this.#blocks],
      ['bytes of a snapshot', snapshotBytes],
      ['entries', entries],
      ['as the last index', last.index],
      ['as the last term', last.term],
    ] as const) {
      const promised = fields.integer(`backup.${what}`)
      if (promised !== found) fail(`it has ${found} ${what}, and promises ${promised}`)
    }
    fields.end('the end of a backup')
  }
}

function readHead(content: Buffer): BackupHead {
  const fields = fieldsOf(content)
  const head = {
    group: fields.name('backup.group'),
    groupUuid: fields.uuid('backup.groupUuid'),
    server: fields.optionalName('backup.server'),
    store: fields.uuid('backup.store'),
    time: fields.integer('backup.time'),
    isCommitted: fields.flag('backup.isCommitted'),
    last: fields.position('backup.last'),
  }
  const index = fields.integer('backup.configuration.index')
  const configuration = readConfiguration(fields)
  fields.end('the head of a backup')
  if (configuration.groupUuid !== head.groupUuid) fail('its configuration is that of another group')
  if (index === 0 || index > head.last.index) fail(`its configuration is of entry ${index}`)
  return { ...head, configuration: { index, configuration } }
}

function readDescription(content: Buffer): SnapshotDescription {
  const [end = 0] = scanValues(content, 0, 1)
  const fields = fieldsOf(content.subarray(0, end))
  const sizeBytes = fields.integer('snapshot.sizeBytes')
  const checksum = fields.integer('snapshot.checksum')
  fields.end('the size of a snapshot')
  return { ...decodeSnapshotHead(content.subarray(end)), sizeBytes, checksum }
}

function readPosition(content: Buffer): LogPosition {
  const fields = fieldsOf(content)
  const position = fields.position('log.startsAfter')
  fields.end('the beginning of the log')
  return position
}

function fieldsOf(content: Buffer): FieldReader {
  const [end] = scanValues(content, 0, 1)
  if (end !== content.length) fail('bytes follow a value')
  const [values] = unpackValues(new Uint8Array(content))
  return new FieldReader(values ?? [])
}

function check(fault: string | undefined): void {
  if (fault !== undefined) fail(fault)
}

function fail(reason: string): never {
  throw new MalformedFrameError(reason)
}

/** Errors of values say what is wrong; in a backup they say where, too. */
function placing<Value>(offset: number, decode: () => Value): Value {
  try {
    return decoding(decode)
  } catch (error) {
    if (error instanceof NewerFormatError) throw new NewerBackupError(error.format, BACKUP_FORMAT, { cause: error })
    const reason = error instanceof MalformedFrameError ? error.reason : String(error)
    throw new DamagedBackupError(offset, reason, { cause: error })
  }
}
