/** Bytes that come in pieces of any size, taken in lengths that somebody else decides. */
export class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array()
  #hasEnded = false
  /** How many were taken. */
  offset = 0

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  /** The next `length` bytes, or as many as there are before the end: never more memory than that, whatever is asked for. */
  async take(length: number): Promise<Buffer> {
    const taken: Uint8Array[] = []
    let missing = length
    while (missing > 0 && (await this.#fill())) {
      const piece = this.#rest.subarray(0, missing)
      this.#rest = this.#rest.subarray(piece.length)
      missing -= piece.length
      taken.push(piece)
    }
    this.offset += length - missing
    // A copy: whoever gives the pieces may use their memory again.
    return Buffer.concat(taken)
  }

  /** No more is wanted. */
  async close(): Promise<void> {
    await this.#pieces.return?.()
  }

  /** Whether there are bytes to be taken. */
  async #fill(): Promise<boolean> {
    while (this.#rest.length === 0 && !this.#hasEnded) {
      const { done, value } = await this.#pieces.next()
      if (done === true) this.#hasEnded = true
      else this.#rest = value
    }
    return this.#rest.length > 0
  }
}
