import type { StoreIdentity } from '@quorate/core'
import type { Done } from './filePort.ts'
import type { Folder, StoreFile } from './folder.ts'
import { makeFile } from './newFile.ts'
import { NEW_SEGMENT_FILE, type Segment, encodeSegmentHead, segmentFile } from './segment.ts'

const PIECE_BYTES = 1024 * 1024
const ZEROS = new Uint8Array(PIECE_BYTES)

/** Makes the file of a segment: zeros to its full size, so that appending to it changes neither size nor blocks. */
export function makeSegment(folder: Folder, segment: Segment, identity: StoreIdentity, done: Done): void {
  const fill = (file: StoreFile, filled: Done): void => {
    writeZeros(file, 0, segment.bytes, (error) => {
      if (error !== undefined) filled(error)
      else file.writeAt(encodeSegmentHead(segment, identity), 0, filled)
    })
  }
  makeFile(folder, { draftName: NEW_SEGMENT_FILE, name: segmentFile(segment.number), fill }, done)
}

/** Piece by piece, each flushed on its own: the flushes of the log share the disk with it. */
export function writeZeros(file: StoreFile, start: number, end: number, done: Done): void {
  if (start >= end) return done(undefined)
  const bytes = Math.min(PIECE_BYTES, end - start)
  file.writeAt(ZEROS.subarray(0, bytes), start, (error) => {
    if (error !== undefined) return done(error)
    if (start + bytes === end) return done(undefined)
    file.flush((failure) => {
      if (failure !== undefined) done(failure)
      else writeZeros(file, start + bytes, end, done)
    })
  })
}
