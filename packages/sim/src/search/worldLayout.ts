import { COUNTED, type Counted, type SearchBounds } from './searchBounds.ts'

/**
 * A world as numbers, of which the first are of one meaning each:
 *
 * ```
 * machine of S1 .. machine of the last | history | used up | envelopes under way, in ascending order
 * ```
 */
export type World = Uint32Array

const BITS = 5

export class WorldLayout {
  readonly servers: number
  readonly history: number
  readonly used: number
  /** Where the envelopes begin. */
  readonly envelopes: number
  /** The most numbers that a world takes while it is made. */
  readonly capacity: number

  constructor({ servers, inFlight }: SearchBounds) {
    this.servers = servers
    this.history = servers
    this.used = servers + 1
    this.envelopes = servers + 2
    // A turn may send more than fits, and the world is dismissed only then.
    this.capacity = this.envelopes + inFlight + 64
  }

  usedOf(world: World, counted: Counted): number {
    return (world[this.used]! >>> (BITS * COUNTED.indexOf(counted))) & ((1 << BITS) - 1)
  }

  use(world: World, counted: Counted): void {
    world[this.used]! += 1 << (BITS * COUNTED.indexOf(counted))
  }
}

/** The numbers from `start` up to `end`, that not included, in ascending order: they are few. */
export function sortNumbers(numbers: World, start: number, end: number): void {
  for (let next = start + 1; next < end; next++) {
    const number = numbers[next]!
    let place = next
    while (place > start && numbers[place - 1]! > number) {
      numbers[place] = numbers[place - 1]!
      place--
    }
    numbers[place] = number
  }
}

/** Worlds are too short for what `TypedArray.set` costs. */
export function copyNumbers(source: World, length: number, target: World): void {
  for (let place = 0; place < length; place++) target[place] = source[place]!
}
