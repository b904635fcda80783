import { PAPER_SETTINGS, firstEntry, resolveSettings } from '@quorate/core'
import { isSpent, type Envelope } from '../../src/search/envelope.ts'
import { concernsGroup, checkStep } from '../../src/search/groupChecks.ts'
import { NO_HISTORY, historyKey, type History } from '../../src/search/history.ts'
import type { Input } from '../../src/search/input.ts'
import type { Machine } from '../../src/search/machine.ts'
import { idAt, storeAt, type Place } from '../../src/search/places.ts'
import { renameEnvelope, renameHistory, renameMachine } from '../../src/search/renaming.ts'
import { COUNTED, type Counted, type SearchBounds } from '../../src/search/searchBounds.ts'
import { startMachine, takeTurn, type TurnOptions, type TurnResult } from '../../src/search/turn.ts'

interface PlainWorld {
  readonly machines: readonly Machine[]
  readonly history: History
  readonly used: Readonly<Record<Counted, number>>
  readonly envelopes: readonly Envelope[]
}

interface Happening {
  readonly counted: Counted | undefined
  readonly place: Place
  readonly input: Input | undefined
  readonly gone: number | undefined
}

const ORDERS: Readonly<Record<2 | 3, readonly (readonly Place[])[]>> = {
  2: [
    [0, 1],
    [1, 0],
  ],
  3: [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ],
}

/** The same search as it would be written down first: worlds as they are, known by their whole text. Slow, and plain. */
export class PlainSearch {
  readonly #bounds: SearchBounds
  readonly #options: TurnOptions
  readonly #turns = new Map<string, TurnResult>()
  readonly #texts = new WeakMap<Machine, readonly string[]>()

  constructor(bounds: SearchBounds) {
    this.#bounds = bounds
    const settings = resolveSettings({ ...PAPER_SETTINGS, ...(bounds.batches === 'one' ? { maxBatchBytes: 1 } : {}) })
    this.#options = { settings, writes: bounds.writes }
  }

  /** How many worlds there are at each depth, those that differ by the names of servers counted once. */
  run(): number[] {
    const known = new Set<string>()
    const counts: number[] = []
    let level = [this.#born()]
    known.add(this.#textOf(level[0]!))
    while (level.length > 0) {
      counts.push(level.length)
      const next: PlainWorld[] = []
      for (const world of level) {
        for (const happening of this.#happenings(world)) {
          const other = this.#follow(world, happening)
          if (other === undefined) continue
          const text = this.#textOf(other)
          if (known.has(text)) continue
          known.add(text)
          next.push(other)
        }
      }
      level = next
    }
    return counts
  }

  #born(): PlainWorld {
    const places = Array.from({ length: this.#bounds.servers }, (_, place) => place)
    const first = firstEntry('the-group', new Map(places.map((place) => [idAt(place), storeAt(place)])), 0)
    const hardState = { currentTerm: 1, votedFor: undefined }
    return {
      machines: places.map((place) => {
        return startMachine(place, { hardState, entries: [first], pending: [] }, this.#options).machine
      }),
      history: NO_HISTORY,
      used: { timeouts: 0, ticks: 0, appends: 0, crashes: 0, drops: 0, duplicates: 0 },
      envelopes: [],
    }
  }

  #happenings({ machines, envelopes, used }: PlainWorld): Happening[] {
    const found: Happening[] = []
    const add = (counted: Counted | undefined, place: Place, input: Input | undefined, gone?: number): void => {
      if (counted === undefined || used[counted] < this.#bounds[counted]) found.push({ counted, place, input, gone })
    }
    for (const [order, envelope] of envelopes.entries()) {
      add(undefined, envelope.to, { type: 'deliver', envelope }, order)
      add('duplicates', envelope.to, { type: 'deliver', envelope })
      add('drops', envelope.to, undefined, order)
    }
    for (const { place, role, term, disk } of machines) {
      if (role !== 'leader' && term < this.#bounds.term) add('timeouts', place, { type: 'timeout' })
      if (role === 'leader') add('ticks', place, { type: 'tick' })
      if (role === 'leader') add('appends', place, { type: 'append', command: used.appends + 1 })
      if (disk.pending.length > 0) add(undefined, place, { type: 'flush' })
      for (let kept = 0; kept <= disk.pending.length; kept++) add('crashes', place, { type: 'crash', kept })
    }
    return found
  }

  #follow(world: PlainWorld, { counted, place, input, gone }: Happening): PlainWorld | undefined {
    const used = counted === undefined ? world.used : { ...world.used, [counted]: world.used[counted] + 1 }
    const left = world.envelopes.filter((_, order) => order !== gone)
    if (input === undefined) return { ...world, used, envelopes: left }
    const before = world.machines[place]!
    const { machine, sent } = this.#turn(before, input)
    if (gone === undefined && this.#textsOf(machine)[0] === this.#textsOf(before)[0] && sent.length === 0)
      return undefined
    const machines = world.machines.map((other) => (other.place === place ? machine : other))
    const history = concernsGroup(before, machine) ? checkStep(world.history, before, machine, machines) : world.history
    const envelopes = [...left, ...sent].filter((envelope) => !isSpent(envelope, machines[envelope.to]!))
    return envelopes.length > this.#bounds.inFlight ? undefined : { machines, history, used, envelopes }
  }

  #turn(machine: Machine, input: Input): TurnResult {
    const key = `${this.#textsOf(machine)[0]}${JSON.stringify(input)}`
    let result = this.#turns.get(key)
    if (result === undefined) this.#turns.set(key, (result = takeTurn(machine, input, this.#options)))
    return result
  }

  #textOf({ machines, history, used, envelopes }: PlainWorld): string {
    const texts = ORDERS[this.#bounds.servers].map((to, order) => {
      return JSON.stringify([
        machines.map((machine) => this.#textsOf(machine)[order]!).sort(),
        historyKey(renameHistory(to, history)),
        COUNTED.map((counted) => used[counted]),
        envelopes.map((envelope) => JSON.stringify(renameEnvelope(to, envelope))).sort(),
      ])
    })
    return texts.sort()[0]!
  }

  /** A machine under each of the orders of names; the first letter of a text is the place. */
  #textsOf(machine: Machine): readonly string[] {
    let texts = this.#texts.get(machine)
    if (texts === undefined) {
      const renamed = ORDERS[this.#bounds.servers].map((to) => renameMachine(to, machine))
      texts = renamed.map(({ place, key }) => `${place}${key}`)
      this.#texts.set(machine, texts)
    }
    return texts
  }
}
