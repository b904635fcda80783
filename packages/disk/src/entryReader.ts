import { type Entry, type Index, type StoreFailure } from '@quorate/core'
import { decodeEntry } from '@quorate/wire'
import { CorruptStoreError } from './errors.ts'
import type { Done } from './filePort.ts'
import type { Folder } from './folder.ts'
import type { EntryPlace } from './entryPlaces.ts'
import type { GroupLog } from './groupLog.ts'
import { ReadHandles } from './readHandles.ts'
import { ENTRY_HEAD_BYTES, entryFault } from './record.ts'
import { segmentFile } from './segment.ts'

/** Entries no further apart than this are read in one go, with what stands between them. */
const LARGEST_GAP_BYTES = 4096
const LARGEST_PIECE_BYTES = 1024 * 1024

export type ReadDone = (failure: StoreFailure | undefined, entries: readonly Entry[]) => void

/** Bytes of one segment, and the entries in them from `first` on. */
interface Piece {
  readonly segment: number
  readonly start: number
  end: number
  readonly first: Index
  readonly places: EntryPlace[]
}

interface PendingRead {
  readonly done: ReadDone
  readonly entries: Entry[]
  /** The first segment that it reads. */
  readonly segment: number
  error: Error | undefined
  isSettled: boolean
}

/** Reads entries back. Reads run side by side, and are answered in the order of the calls. */
export class EntryReader {
  readonly #folder: Folder
  readonly #handles: ReadHandles
  readonly #verdict: (error: Error | undefined) => StoreFailure | undefined
  readonly #pending: PendingRead[] = []
  #whenQuiet: (() => void) | undefined
  #leaving: { readonly first: number; readonly left: () => void } | undefined

  /** `verdict` is told how each read ended, and says what is reported for it. */
  constructor(folder: Folder, verdict: (error: Error | undefined) => StoreFailure | undefined) {
    this.#folder = folder
    this.#handles = new ReadHandles(folder)
    this.#verdict = verdict
  }

  /** Reads the entries from `first` to `last`. */
  read(log: GroupLog, first: Index, last: Index, done: ReadDone): void {
    // All places are noted now: the group may truncate and append while the disk reads, which moves no bytes.
    const pieces = piecesOf(log, first, last)
    const segment = pieces[0]?.segment ?? Infinity
    const pending: PendingRead = { done, entries: [], segment, error: undefined, isSettled: false }
    this.#pending.push(pending)
    this.#readPieces(pieces, 0, pending)
  }

  /** Answers, in its turn, without a look at the disk. */
  answer(done: ReadDone, error: Error | undefined, entries: readonly Entry[] = []): void {
    const pending: PendingRead = { done, entries: [...entries], segment: Infinity, error, isSettled: false }
    this.#pending.push(pending)
    this.#folder.soon(() => this.#settle(pending))
  }

  /**
   * Lets go of the segments before `first`, in which nothing stands that is still asked for; calls back once the reads
   * that are under way there are answered.
   */
  leave(first: number, left: () => void): void {
    this.#leaving = { first, left }
    this.#leaveIfUnread()
  }

  /** Closes the files once the last read is answered. */
  close(done: () => void): void {
    const close = (): void => this.#handles.close(done)
    if (this.#pending.length === 0) close()
    else this.#whenQuiet = close
  }

  #readPieces(pieces: readonly Piece[], next: number, pending: PendingRead): void {
    const piece = pieces[next]
    if (piece === undefined) return this.#settle(pending)
    this.#readPiece(piece, pending, (error) => {
      pending.error = error
      if (error === undefined) this.#readPieces(pieces, next + 1, pending)
      else this.#settle(pending)
    })
  }

  #readPiece(piece: Piece, pending: PendingRead, done: Done): void {
    const bytes = Buffer.allocUnsafeSlow(piece.end - piece.start)
    this.#handles.readAt(piece.segment, bytes, piece.start, (error) => {
      if (error !== undefined) return done(error)
      for (const [place, { offset, length }] of piece.places.entries()) {
        const start = offset - ENTRY_HEAD_BYTES - piece.start
        const outcome = entryAt(bytes, start, length, piece.first + place)
        if (typeof outcome === 'string') {
          const file = this.#folder.pathOf(segmentFile(piece.segment))
          return done(new CorruptStoreError(file, offset - ENTRY_HEAD_BYTES, outcome))
        }
        pending.entries.push(outcome)
      }
      done(undefined)
    })
  }

  #settle(settled: PendingRead): void {
    settled.isSettled = true
    for (let pending = this.#pending[0]; pending?.isSettled === true; pending = this.#pending[0]) {
      this.#pending.shift()
      const { done, error, entries } = pending
      const failure = this.#verdict(error)
      done(failure, failure === undefined ? entries : [])
    }
    this.#leaveIfUnread()
    if (this.#pending.length === 0) this.#whenQuiet?.()
  }

  #leaveIfUnread(): void {
    const leaving = this.#leaving
    if (leaving === undefined || this.#pending.some(({ segment }) => segment < leaving.first)) return
    this.#leaving = undefined
    this.#handles.dropBefore(leaving.first)
    leaving.left()
  }
}

function piecesOf(log: GroupLog, first: Index, last: Index): Piece[] {
  const pieces: Piece[] = []
  for (let index = first; index <= last; index += 1) {
    const place = log.placeOf(index)
    const start = place.offset - ENTRY_HEAD_BYTES
    const end = place.offset + place.length
    const piece = pieces.at(-1)
    // What was repaired stands further on, and what follows it further back.
    const isNear = piece?.segment === place.segment && start >= piece.end && start - piece.end <= LARGEST_GAP_BYTES
    if (piece !== undefined && isNear && end - piece.start <= LARGEST_PIECE_BYTES) {
      piece.end = end
      piece.places.push(place)
    } else {
      pieces.push({ segment: place.segment, start, end, first: index, places: [place] })
    }
  }
  return pieces
}

/** The entry, or what is wrong with it. */
function entryAt(bytes: Uint8Array, start: number, length: number, index: Index): Entry | string {
  const fault = entryFault(bytes, start, length)
  if (fault !== undefined) return fault
  try {
    const entry = decodeEntry(bytes.subarray(start + ENTRY_HEAD_BYTES, start + ENTRY_HEAD_BYTES + length))
    return entry.index === index ? entry : `entry ${entry.index} stands in the place of entry ${index}`
  } catch (error) {
    return `entry ${index} cannot be decoded: ${String(error)}`
  }
}
