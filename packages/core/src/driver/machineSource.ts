import { toError } from '../errors.ts'
import type { SnapshotSource } from '../ports.ts'
import { decodeSystemPart, endOfSystemPart, type SystemPart } from './systemPart.ts'

/** What is read of it is the state machine's part of a group's snapshot, once `readSystemPart` has given the system's. */
export class MachineSource implements SnapshotSource {
  readonly #group: SnapshotSource
  /** Was read with the system's part, and belongs to the state machine. */
  #rest: Uint8Array = new Uint8Array()

  constructor(group: SnapshotSource) {
    this.#group = group
  }

  readSystemPart(lastTime: number, done: (error: Error | undefined, system: SystemPart | undefined) => void): void {
    const pieces: Uint8Array[] = []
    let length = 0
    const next = (): void => {
      // Its length stands at its beginning, in the first piece but for very small ones.
      const end = pieces.length === 0 ? undefined : endOfSystemPart(pieces[0]!)
      if (end !== undefined && end <= length) {
        const bytes = joined(pieces, length)
        this.#rest = bytes.subarray(end)
        done(...attempt(() => decodeSystemPart(bytes.subarray(0, end), lastTime)))
        return
      }
      this.#group.read((error, bytes) => {
        if (error !== undefined) done(error, undefined)
        else if (bytes === undefined) done(new RangeError('a snapshot ends within the part of the system'), undefined)
        else {
          // The piece is ours only until the next is asked for; a slice of a Buffer would be no copy.
          if (end === undefined && pieces.length > 0) pieces[0] = joined([pieces[0]!, bytes], length + bytes.length)
          else pieces.push(new Uint8Array(bytes))
          length += bytes.length
          next()
        }
      })
    }
    next()
  }

  read(done: (error: Error | undefined, bytes: Uint8Array | undefined) => void): void {
    const rest = this.#rest
    this.#rest = new Uint8Array()
    if (rest.length === 0) this.#group.read(done)
    else done(undefined, rest)
  }

  close(): void {
    this.#group.close()
  }
}

function attempt<Result>(read: () => Result): [Error | undefined, Result | undefined] {
  try {
    return [undefined, read()]
  } catch (error) {
    return [toError(error), undefined]
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const piece of pieces) {
    bytes.set(piece, offset)
    offset += piece.length
  }
  return bytes
}
