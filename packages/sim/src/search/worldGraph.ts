import { actionCode, actionOf, type ActionCode } from './action.ts'
import { isSpent } from './envelope.ts'
import { checkAnswers, checkLogMatching, checkStep } from './groupChecks.ts'
import { NO_HISTORY } from './history.ts'
import type { Machine } from './machine.ts'
import type { Model, Step } from './model.ts'
import type { Place } from './places.ts'
import type { SearchBounds } from './searchBounds.ts'
import { Symmetry } from './symmetry.ts'
import { WorldLayout, sortNumbers, type World } from './worldLayout.ts'

/** Worlds, and what leads from one to the next within the bounds. */
export class WorldGraph {
  readonly layout: WorldLayout
  readonly model: Model
  readonly #bounds: SearchBounds
  readonly #symmetry: Symmetry

  constructor(model: Model, bounds: SearchBounds) {
    this.model = model
    this.#bounds = bounds
    this.layout = new WorldLayout(bounds)
    this.#symmetry = new Symmetry(model, this.layout)
  }

  /** Writes the world of a group that was just born. Returns its length. */
  begin(world: World): number {
    const { layout, model } = this
    world.set(model.bornMachines(layout.servers))
    world[layout.history] = model.histories.numberOf(NO_HISTORY)
    world[layout.used] = 0
    this.#symmetry.choose(world, layout.envelopes)
    return layout.envelopes
  }

  /** All that may happen next. */
  actions(world: World, length: number, actions: ActionCode[]): void {
    actions.length = 0
    this.#addNetworkActions(world, length, actions)
    for (let place = 0; place < this.layout.servers; place++) this.#addMachineActions(world, place, actions)
  }

  /**
   * Writes the world that an action leads to, as itself and not yet under chosen names. Returns its length, or 0 when it
   * lies beyond the bounds, or when nothing but a bound was used up.
   * @throws PromiseBroken
   */
  follow(world: World, length: number, code: ActionCode, next: World): number {
    const { layout, model } = this
    const { type, place, operand } = actionOf(code)
    const isGone = type === 'deliver' || type === 'drop'
    let end = layout.envelopes
    let isFound = false
    for (let at = 0; at < length; at++) {
      if (at < layout.envelopes) next[at] = world[at]!
      else if (isGone && !isFound && world[at] === operand) isFound = true
      else next[end++] = world[at]!
    }
    this.#use(next, type)
    if (type === 'drop') return end
    const step = model.step(world[place]!, { type, operand })
    if (type !== 'deliver' && step.machine === world[place] && step.sent.length === 0) return 0
    for (const envelope of step.sent) next[end++] = envelope
    next[place] = step.machine
    this.#check(world, place, step, next)
    return this.#settleEnvelopes(next, end)
  }

  /** Renames the servers of a world in place. Returns where the server of each place has gone. */
  chooseNames(world: World, length: number): readonly Place[] {
    return this.#symmetry.choose(world, length)
  }

  machineAt(world: World, place: Place): Machine {
    return this.model.machines.at(world[place]!)
  }

  #addNetworkActions(world: World, length: number, actions: ActionCode[]): void {
    const { layout, model } = this
    const { drops, duplicates } = this.#bounds
    const mayDrop = layout.usedOf(world, 'drops') < drops
    const mayDuplicate = layout.usedOf(world, 'duplicates') < duplicates
    for (let at = layout.envelopes; at < length; at++) {
      const envelope = world[at]!
      if (at > layout.envelopes && world[at - 1] === envelope) continue
      const { to } = model.envelopes.at(envelope)
      actions.push(actionCode('deliver', to, envelope))
      if (mayDuplicate) actions.push(actionCode('duplicate', to, envelope))
      if (mayDrop) actions.push(actionCode('drop', to, envelope))
    }
  }

  #addMachineActions(world: World, place: Place, actions: ActionCode[]): void {
    const { layout } = this
    const { timeouts, ticks, appends, crashes, term } = this.#bounds
    const machine = this.machineAt(world, place)
    const isLeader = machine.role === 'leader'
    const pending = machine.disk.pending.length
    const appended = layout.usedOf(world, 'appends')
    if (!isLeader && machine.term < term && layout.usedOf(world, 'timeouts') < timeouts) {
      actions.push(actionCode('timeout', place))
    }
    if (isLeader && layout.usedOf(world, 'ticks') < ticks) actions.push(actionCode('tick', place))
    if (isLeader && appended < appends) actions.push(actionCode('append', place, appended + 1))
    if (pending > 0) actions.push(actionCode('flush', place))
    if (layout.usedOf(world, 'crashes') >= crashes) return
    for (let kept = 0; kept <= pending; kept++) actions.push(actionCode('crash', place, kept))
  }

  #use(world: World, type: ReturnType<typeof actionOf>['type']): void {
    switch (type) {
      case 'timeout':
        return this.layout.use(world, 'timeouts')
      case 'tick':
        return this.layout.use(world, 'ticks')
      case 'append':
        return this.layout.use(world, 'appends')
      case 'crash':
        return this.layout.use(world, 'crashes')
      case 'drop':
        return this.layout.use(world, 'drops')
      case 'duplicate':
        return this.layout.use(world, 'duplicates')
      case 'deliver':
      case 'flush':
        return
    }
  }

  #check(world: World, place: Place, step: Step, next: World): void {
    const { layout, model } = this
    const after = model.machines.at(step.machine)
    if (step.concernsGroup) {
      const machines = Array.from({ length: layout.servers }, (_, at) => this.machineAt(next, at))
      const history = model.histories.at(world[layout.history]!)
      const changed = checkStep(history, this.machineAt(world, place), after, machines)
      if (changed !== history) next[layout.history] = model.histories.numberOf(changed)
    }
    if (step.answered.length > 0) checkAnswers(model.histories.at(next[layout.history]!), step.answered, after)
    if (!step.isLogChanged) return
    for (let at = 0; at < layout.servers; at++) if (at !== place) checkLogMatching(after, this.machineAt(next, at))
  }

  /** Lets go of envelopes that can do nothing any more, and puts the others in order. Returns the length, or 0. */
  #settleEnvelopes(world: World, length: number): number {
    const { layout, model } = this
    let end = layout.envelopes
    for (let at = layout.envelopes; at < length; at++) {
      const envelope = model.envelopes.at(world[at]!)
      if (!isSpent(envelope, this.machineAt(world, envelope.to))) world[end++] = world[at]!
    }
    if (end - layout.envelopes > this.#bounds.inFlight) return 0
    sortNumbers(world, layout.envelopes, end)
    return end
  }
}
