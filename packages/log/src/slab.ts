const SLAB_BYTES = 8 * 1024
const LARGEST_IN_SLAB_BYTES = 1024

/**
 * Copies of small values, that share a buffer: one of its own for each costs more than the bytes in it. Each log has its
 * own slab, and a small one: whoever keeps one value keeps the whole buffer, also when all others in it have long gone.
 */
export class Slab {
  // Not before there is something to copy: most logs of a node may be followers for ever.
  #buffer = new Uint8Array(0)
  #used = 0

  copy(data: Uint8Array): Uint8Array {
    if (data.length > LARGEST_IN_SLAB_BYTES) return new Uint8Array(data)
    if (this.#used + data.length > this.#buffer.length) {
      this.#buffer = new Uint8Array(SLAB_BYTES)
      this.#used = 0
    }
    const copy = this.#buffer.subarray(this.#used, this.#used + data.length)
    copy.set(data)
    this.#used += data.length
    return copy
  }
}
