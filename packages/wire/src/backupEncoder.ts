import { type Entry, type LogPosition, type SnapshotDescription, invariant } from '@quorate/core'
import { type BackupHead, BackupProgress } from './backup.ts'
import { BLOCK_END_BYTES, BLOCK_HEAD_BYTES, BlockKind, RunningChecksum, encodePrelude } from './backupBlock.ts'
import { configurationFields } from './configurationCodec.ts'
import { encodeEntry } from './entryCodec.ts'
import { packFields } from './messagePack.ts'
import { encodeSnapshotHead } from './snapshotCodec.ts'

/**
 * Gives the bytes of a backup, part by part, to be written one behind the other: `head`, where there is one `snapshot` and all
 * its `data`, `log`, `entries` any number of times, `end`. The bytes are the caller's.
 */
export class BackupEncoder {
  readonly #checksum = new RunningChecksum()
  readonly #progress = new BackupProgress()
  #last: LogPosition | undefined
  #blocks = 0

  head(head: BackupHead): Uint8Array {
    const { group, groupUuid, server = null, store, time, isCommitted, last, configuration } = head
    this.#last = last
    const prelude = encodePrelude()
    this.#checksum.add(prelude)
    const fields = [group, groupUuid, server, store, time, isCommitted ? 1 : 0, last.index, last.term]
    const placed = [configuration.index, ...configurationFields(configuration.configuration)]
    return Buffer.concat([prelude, this.#block(BlockKind.head, [packFields([...fields, ...placed], 0)])])
  }

  snapshot(description: SnapshotDescription): Uint8Array {
    assertSound(this.#progress.snapshot(description))
    const size = Buffer.from(packFields([description.sizeBytes, description.checksum], 0))
    return this.#block(BlockKind.snapshot, [size, encodeSnapshotHead(description)])
  }

  data(bytes: Uint8Array): Uint8Array {
    assertSound(this.#progress.data(bytes))
    return this.#block(BlockKind.data, [bytes])
  }

  /** Once more where the log was compacted meanwhile: what was given of it before is void. */
  log(startsAfter: LogPosition): Uint8Array {
    assertSound(this.#progress.log(startsAfter))
    return this.#block(BlockKind.log, [packFields([startsAfter.index, startsAfter.term], 0)])
  }

  entries(entries: readonly Entry[]): Uint8Array {
    for (const entry of entries) assertSound(this.#progress.entry(entry))
    return this.#block(BlockKind.entries, entries.map(encodeEntry))
  }

  end(): Uint8Array {
    invariant(this.#last !== undefined, 'a backup has a head')
    assertSound(this.#progress.end(this.#last))
    const { snapshotBytes, entries, last } = this.#progress.counts
    return this.#block(BlockKind.end, [packFields([this.#blocks, snapshotBytes, entries, last.index, last.term], 0)])
  }

  #block(kind: number, contents: readonly Uint8Array[]): Uint8Array {
    const length = contents.reduce((sum, { length: bytes }) => sum + bytes, 0)
    const block = Buffer.allocUnsafe(BLOCK_HEAD_BYTES + length + BLOCK_END_BYTES)
    block.writeUInt8(kind, 0)
    block.writeUInt32LE(length, 1)
    block.writeUInt32LE(this.#checksum.add(block.subarray(0, 5)), 5)
    let at = BLOCK_HEAD_BYTES
    for (const content of contents) {
      block.set(content, at)
      at += content.length
    }
    block.writeUInt32LE(this.#checksum.add(block.subarray(BLOCK_HEAD_BYTES, at)), at)
    this.#blocks += 1
    return block
  }
}

/** What cannot be read must not be written. */
function assertSound(fault: string | undefined): void {
  invariant(fault === undefined, `a backup is written as it is read${fault === undefined ? '' : `: ${fault}`}`)
}
