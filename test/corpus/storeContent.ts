import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { FRAME_HEAD_BYTES, readFrameHead } from '../../packages/disk/src/frame.ts'
import { decodeIdentityFile } from '../../packages/disk/src/identityFile.ts'
import { type RecordReceiver, readRecords } from '../../packages/disk/src/record.ts'
import { seedOf } from '../../packages/disk/src/recovery.ts'
import { SEGMENT_HEAD_BYTES } from '../../packages/disk/src/segment.ts'

/** Which kinds of files, frames and records the store in `folder` consists of. */
export function storeContent(folder: string): string[] {
  const seed = seedOf(decodeIdentityFile(readFileSync(join(folder, 'identity')), 'identity'))
  return readdirSync(folder).flatMap((name) => {
    const bytes = readFileSync(join(folder, name))
    const magic = bytes.toString('latin1', 0, 8)
    return name.endsWith('.log') ? [magic, ...segmentContent(bytes, seed)] : [magic]
  })
}

function segmentContent(bytes: Uint8Array, seed: number): string[] {
  const found: string[] = []
  let at = SEGMENT_HEAD_BYTES
  for (let head = readFrameHead(bytes, at, seed); head !== undefined; head = readFrameHead(bytes, at, seed)) {
    found.push(head.kind)
    const records = at + FRAME_HEAD_BYTES
    readRecords(bytes, records, records + head.recordBytes, receiverOf(found))
    at += head.length
  }
  return found
}

/** Notes the names of the methods that are called. */
function receiverOf(found: string[]): RecordReceiver {
  return new Proxy({} as RecordReceiver, { get: (_, method) => () => found.push(String(method)) })
}
