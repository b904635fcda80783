import { PAPER_SETTINGS, firstEntry, resolveSettings } from '@quorate/core'
import type { Action } from './action.ts'
import { Catalogue } from './catalogue.ts'
import { envelopeKey, type Envelope } from './envelope.ts'
import { concernsGroup } from './groupChecks.ts'
import { historyKey, type History } from './history.ts'
import type { Input } from './input.ts'
import type { Machine } from './machine.ts'
import { idAt, storeAt } from './places.ts'
import { PromiseBroken } from './promise.ts'
import { startMachine, takeTurn, type Answered, type TurnOptions, type TurnResult } from './turn.ts'
import type { SearchBounds } from './searchBounds.ts'

/** A turn by numbers. */
export interface Step {
  /** The number of the machine behind it. */
  readonly machine: number
  /** The numbers of the envelopes that it sent. */
  readonly sent: readonly number[]
  readonly answered: readonly Answered[]
  readonly isLogChanged: boolean
  readonly concernsGroup: boolean
}

/**
 * The parts that worlds are made of, each by its number, and the turns of machines. A turn depends on nothing but the
 * machine and its input, and the same few machines meet in millions of worlds: each turn is taken by the real server
 * once, and looked up from then on.
 */
export class Model {
  readonly machines = new Catalogue<Machine>((machine) => `${machine.place}${machine.key}`)
  readonly shapes = new Catalogue<string>((shape) => shape)
  readonly envelopes = new Catalogue<Envelope>(envelopeKey)
  readonly histories = new Catalogue<History>(historyKey)
  readonly #options: TurnOptions
  /** By machine, then by input. */
  readonly #steps: (Map<number, Step | PromiseBroken> | undefined)[] = []
  readonly #shapes: number[] = []
  #turns = 0

  constructor({ writes, batches }: Pick<SearchBounds, 'writes' | 'batches'>) {
    const settings = resolveSettings({ ...PAPER_SETTINGS, ...(batches === 'one' ? { maxBatchBytes: 1 } : {}) })
    this.#options = { settings, writes }
  }

  /** How many turns the real server took. */
  get turns(): number {
    return this.#turns
  }

  /** Servers of a group that was just born, each with the first entry on its disk. */
  bornMachines(servers: number): number[] {
    const places = Array.from({ length: servers }, (_, place) => place)
    const first = firstEntry('the-group', new Map(places.map((place) => [idAt(place), storeAt(place)])), 0)
    const hardState = { currentTerm: first.term, votedFor: undefined }
    return places.map((place) => {
      const { machine } = startMachine(place, { hardState, entries: [first], pending: [] }, this.#options)
      return this.machines.numberOf(machine)
    })
  }

  /** @throws PromiseBroken when this turn breaks a promise. */
  step(machine: number, { type, operand }: Pick<Action, 'type' | 'operand'>): Step {
    const inputs = (this.#steps[machine] ??= new Map())
    const key = operand * 8 + INPUT_KEYS[type]
    let step = inputs.get(key)
    if (step === undefined)
      inputs.set(key, (step = this.#take(this.machines.at(machine), this.#inputOf(type, operand))))
    if (step instanceof PromiseBroken) throw step
    return step
  }

  /** The number of a machine's shape: machines that are doubles of each other have the same. */
  shapeOf(machine: number): number {
    return (this.#shapes[machine] ??= this.shapes.numberOf(this.machines.at(machine).shape))
  }

  #take(machine: Machine, input: Input): Step | PromiseBroken {
    this.#turns++
    try {
      return this.#byNumber(machine, takeTurn(machine, input, this.#options))
    } catch (error) {
      if (error instanceof PromiseBroken) return error
      throw error
    }
  }

  #byNumber(before: Machine, { machine, sent, answered }: TurnResult): Step {
    return {
      machine: this.machines.numberOf(machine),
      sent: sent.map((envelope) => this.envelopes.numberOf(envelope)),
      answered,
      isLogChanged: before.log.join() !== machine.log.join(),
      concernsGroup: concernsGroup(before, machine),
    }
  }

  #inputOf(type: Action['type'], operand: number): Input {
    switch (type) {
      case 'deliver':
      case 'duplicate':
        return { type: 'deliver', envelope: this.envelopes.at(operand) }
      case 'append':
        return { type, command: operand }
      case 'crash':
        return { type, kept: operand }
      case 'timeout':
      case 'tick':
      case 'flush':
        return { type }
      case 'drop':
        throw new Error('a drop is no input')
    }
  }
}

/** To the machine, a duplicate is a delivery. */
const INPUT_KEYS = { deliver: 0, duplicate: 0, drop: 1, timeout: 2, tick: 3, append: 4, flush: 5, crash: 6 } as const
