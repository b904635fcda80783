import type { Model } from './model.ts'
import type { Place } from './places.ts'
import { renameEnvelope, renameHistory, renameMachine } from './renaming.ts'
import { copyNumbers, sortNumbers, type World, type WorldLayout } from './worldLayout.ts'

/** Chooses, of a world under all names of its servers, always the same one. */
export class Symmetry {
  readonly #model: Model
  readonly #layout: WorldLayout
  readonly #renamings: readonly NumberedRenaming[]
  readonly #best: World
  readonly #other: World

  constructor(model: Model, layout: WorldLayout) {
    this.#model = model
    this.#layout = layout
    this.#renamings = permutations(layout.servers).map((to) => new NumberedRenaming(model, to))
    this.#best = new Uint32Array(layout.capacity)
    this.#other = new Uint32Array(layout.capacity)
  }

  /**
   * Renames the servers in place, so that their shapes ascend, and of several such worlds it is the least. Returns where
   * the server of each place has gone.
   */
  choose(world: World, length: number): readonly Place[] {
    let chosen: NumberedRenaming | undefined
    for (const renaming of this.#renamings) {
      if (!this.#ascends(world, renaming.from)) continue
      if (chosen === undefined) {
        renaming.rename(world, length, this.#layout, this.#best)
        chosen = renaming
        continue
      }
      renaming.rename(world, length, this.#layout, this.#other)
      if (!isLess(this.#other, this.#best, length)) continue
      copyNumbers(this.#other, length, this.#best)
      chosen = renaming
    }
    copyNumbers(this.#best, length, world)
    return chosen!.to
  }

  #ascends(world: World, from: readonly Place[]): boolean {
    for (let place = 1; place < from.length; place++) {
      const before = this.#model.shapeOf(world[from[place - 1]!]!)
      if (before > this.#model.shapeOf(world[from[place]!]!)) return false
    }
    return true
  }
}

/** A renaming by the numbers of a model; each number is worked out once. */
class NumberedRenaming {
  readonly to: readonly Place[]
  /** The place whose server comes to stand here. */
  readonly from: readonly Place[]
  readonly #model: Model
  readonly #isNone: boolean
  readonly #machines: number[] = []
  readonly #envelopes: number[] = []
  readonly #histories: number[] = []

  constructor(model: Model, to: readonly Place[]) {
    this.#model = model
    this.to = to
    this.from = to.map((_, place) => to.indexOf(place))
    this.#isNone = to.every((renamed, place) => renamed === place)
  }

  rename(world: World, length: number, { history, used, envelopes }: WorldLayout, target: World): void {
    if (this.#isNone) {
      copyNumbers(world, length, target)
      return
    }
    for (let place = 0; place < this.from.length; place++) target[place] = this.#machine(world[this.from[place]!]!)
    target[history] = this.#history(world[history]!)
    target[used] = world[used]!
    for (let place = envelopes; place < length; place++) target[place] = this.#envelope(world[place]!)
    sortNumbers(target, envelopes, length)
  }

  #machine(number: number): number {
    const { machines } = this.#model
    return (this.#machines[number] ??= machines.numberOf(renameMachine(this.to, machines.at(number))))
  }

  #envelope(number: number): number {
    const { envelopes } = this.#model
    return (this.#envelopes[number] ??= envelopes.numberOf(renameEnvelope(this.to, envelopes.at(number))))
  }

  #history(number: number): number {
    const { histories } = this.#model
    return (this.#histories[number] ??= histories.numberOf(renameHistory(this.to, histories.at(number))))
  }
}

function isLess(one: World, other: World, length: number): boolean {
  for (let place = 0; place < length; place++) {
    if (one[place] !== other[place]) return one[place]! < other[place]!
  }
  return false
}

function permutations(count: number): Place[][] {
  if (count === 0) return [[]]
  return permutations(count - 1).flatMap((shorter) =>
    Array.from({ length: count }, (_, place) => [...shorter.slice(0, place), count - 1, ...shorter.slice(place)]),
  )
}
