/** The space left of the first lane's own: that is where times stand. */
const GUTTER_PX = 84
const RIGHT_PX = 16
const PAGE_PX = 1320
const NARROWEST_PX = 200
const WIDEST_PX = 300

/** Where the nodes' lifelines stand, left to right in the order of the story. */
export class Lanes {
  readonly nodes: readonly string[]
  /** From one lifeline to the next. */
  readonly pitchPx: number
  readonly widthPx: number
  readonly #numbers: ReadonlyMap<string, number>

  constructor(nodes: readonly string[]) {
    this.nodes = nodes
    const room = Math.floor((PAGE_PX - GUTTER_PX - RIGHT_PX) / nodes.length)
    this.pitchPx = Math.min(WIDEST_PX, Math.max(NARROWEST_PX, room))
    this.widthPx = GUTTER_PX + nodes.length * this.pitchPx + RIGHT_PX
    this.#numbers = new Map(nodes.map((node, number) => [node, number]))
  }

  /** The left and the right end of what goes across all lanes. */
  get leftPx(): number {
    return GUTTER_PX
  }

  get rightPx(): number {
    return this.widthPx - RIGHT_PX
  }

  /** From 0. @throws RangeError when the story has no such node. */
  numberOf(node: string): number {
    const number = this.#numbers.get(node)
    if (number === undefined) throw new RangeError(`${node} has no lane: name it in the story's nodes`)
    return number
  }

  xPx(node: string): number {
    return GUTTER_PX + (this.numberOf(node) + 0.5) * this.pitchPx
  }

  /** 1 for a message that goes to the right, -1 for one that goes to the left. */
  direction(from: string, to: string): 1 | -1 {
    return this.numberOf(to) > this.numberOf(from) ? 1 : -1
  }

  /** The gap beside `node` on the side of `other`, by the number of the lane to its left. */
  gapBeside(node: string, other: string): number {
    return this.direction(node, other) === 1 ? this.numberOf(node) : this.numberOf(node) - 1
  }
}
