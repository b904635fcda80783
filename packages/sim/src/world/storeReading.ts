import { crc32 } from 'node:zlib'
import type { Entry, GroupId, Store } from '@quorate/core'
import { LogDigest } from './logDigest.ts'
import type { KnownEntries, StoreContent } from './storeLedger.ts'

const PIECE_BYTES = 64 * 1024

/**
 * All that a store holds of a group, entry by entry, and its snapshot piece by piece.
 * @throws Error when the snapshot is not what the store says it is.
 */
export async function contentOf(store: Store, group: GroupId, known: KnownEntries): Promise<StoreContent> {
  const recovered = store.recover(group)
  if (recovered === undefined) {
    return { hardState: { currentTerm: 0, votedFor: undefined }, snapshot: undefined, log: new LogDigest() }
  }
  const { hardState, snapshot, logStartsAfter, lastIndex } = recovered
  const log = new LogDigest(logStartsAfter, known.chainAt(logStartsAfter) ?? 0)
  while (log.lastIndex < lastIndex) {
    const entries = await entriesOf(store, group, log, lastIndex)
    if (entries.length === 0) throw new Error(`the store has no entry ${log.lastIndex + 1}, and says that it has`)
    for (const entry of entries) log.appendEntry(entry)
  }
  if (snapshot !== undefined) await readSnapshot(store, group)
  return { hardState, snapshot, log }
}

function entriesOf(store: Store, group: GroupId, log: LogDigest, upTo: number): Promise<readonly Entry[]> {
  return new Promise((resolve, reject) => {
    store.read(group, { after: log.lastIndex, upTo, maxBytes: 1024 * 1024 }, (failure, found) =>
      failure === undefined ? resolve(found) : reject(failure.error),
    )
  })
}

async function readSnapshot(store: Store, group: GroupId): Promise<void> {
  const reader = store.openSnapshot(group)
  const { sizeBytes, checksum } = reader.description
  let offset = 0
  let found = 0
  while (offset < sizeBytes) {
    const piece = await new Promise<Uint8Array>((resolve, reject) => {
      reader.read(offset, PIECE_BYTES, (failure, bytes) =>
        failure === undefined ? resolve(bytes) : reject(failure.error),
      )
    })
    if (piece.length === 0) break
    found = crc32(piece, found)
    offset += piece.length
  }
  reader.close()
  if (offset === sizeBytes && found === checksum) return
  throw new Error(`the snapshot in the store has ${offset} bytes of checksum ${found}, not ${sizeBytes} of ${checksum}`)
}
