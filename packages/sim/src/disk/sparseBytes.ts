const PAGE_BYTES = 4096
const ZEROS = new Uint8Array(1024 * 1024)

interface Page {
  readonly bytes: Uint8Array
  /** The one that may write into it; any other copies it first. */
  readonly owner: object
}

/** The bytes of a file. Pages of zeros take no room, and copies share their pages until one of them is written to. */
export class SparseBytes {
  #length = 0
  #owner: object = {}
  #pages: (Page | undefined)[] = []

  static from(bytes: Uint8Array): SparseBytes {
    const made = new SparseBytes()
    made.write(bytes, 0)
    return made
  }

  get length(): number {
    return this.#length
  }

  copy(): SparseBytes {
    const copy = new SparseBytes()
    copy.#length = this.#length
    copy.#pages = this.#pages.slice()
    // Neither owns the pages any more.
    this.#owner = {}
    return copy
  }

  /** Fills `bytes` from `position` on. How many there were comes back. */
  read(bytes: Uint8Array, position: number): number {
    const end = Math.min(this.#length, position + bytes.length)
    for (let at = position; at < end;) {
      const start = at % PAGE_BYTES
      const length = Math.min(PAGE_BYTES - start, end - at)
      const page = this.#pages[(at - start) / PAGE_BYTES]
      const place = at - position
      if (page === undefined) bytes.fill(0, place, place + length)
      else bytes.set(page.bytes.subarray(start, start + length), place)
      at += length
    }
    return Math.max(0, end - position)
  }

  write(bytes: Uint8Array, position: number): void {
    const isAllZeros = isZeros(bytes)
    const end = position + bytes.length
    for (let at = position; at < end;) {
      const start = at % PAGE_BYTES
      const length = Math.min(PAGE_BYTES - start, end - at)
      const number = (at - start) / PAGE_BYTES
      if (!isAllZeros) this.#ownPage(number).set(bytes.subarray(at - position, at - position + length), start)
      else if (this.#pages[number] !== undefined) this.#ownPage(number).fill(0, start, start + length)
      at += length
    }
    if (bytes.length > 0) this.grow(end)
  }

  grow(length: number): void {
    this.#length = Math.max(this.#length, length)
  }

  empty(): void {
    this.#length = 0
    this.#pages.length = 0
  }

  /** All of it. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#length)
    this.read(bytes, 0)
    return bytes
  }

  #ownPage(number: number): Uint8Array {
    const page = this.#pages[number]
    if (page?.owner === this.#owner) return page.bytes
    const bytes = new Uint8Array(PAGE_BYTES)
    if (page !== undefined) bytes.set(page.bytes)
    this.#pages[number] = { bytes, owner: this.#owner }
    return bytes
  }
}

/** A copy that nobody else writes to. Zeros are all the same, so that they cost nothing. */
export function keptBytes(bytes: Uint8Array): Uint8Array {
  return isZeros(bytes) ? ZEROS.subarray(0, bytes.length) : new Uint8Array(bytes)
}

/** Whether these are zeros and nothing else; bytes in great numbers are not looked at. */
function isZeros(bytes: Uint8Array): boolean {
  if (bytes.length > ZEROS.length || bytes[0] !== 0) return false
  if (bytes.buffer === ZEROS.buffer) return true
  return Buffer.compare(bytes, ZEROS.subarray(0, bytes.length)) === 0
}
