import type { CommandEntry } from '@quorate/core'
import type { SimRandom } from '../random.ts'
import type { Machine } from '../world/machine.ts'
import type { OperationEnd, PlannedOperation, Workload } from './workload.ts'

/** What a state machine is told of the entry that carries a command. */
export interface CommandPlace {
  /** In the log, from 1, with holes where the group's own entries stand. */
  readonly index: number
  /** Milliseconds since the epoch, given by the leader: the same on every server, and never falling. */
  readonly time: number
}

/** A state machine of yours: what it does and what it holds must follow from its commands alone. */
export interface StateMachineUnderTest<Command> {
  /** Takes the next command. The result goes to whoever sent it, and must be the same on every server. */
  apply(command: Command, place: CommandPlace): unknown
  /** All that it holds, as `JSON.stringify` can tell it: servers that have applied the same must hold the same. */
  state(): unknown
  /** Puts what another's `state` told in the place of all that it holds. With it, in some runs logs are compacted. */
  restore?(state: unknown): void
}

/** What became of the commands that clients sent, each named once. */
export interface SentCommands<Command> {
  /** Answered, in the order of the answers. */
  readonly done: readonly { readonly command: Command; readonly result: unknown }[]
  /** Without an answer in the end: made once, or never, or more than once if they were sent again. */
  readonly open: readonly Command[]
}

export interface UserWorkloadOptions<Command, Under extends StateMachineUnderTest<Command>> {
  readonly stateMachine: () => Under
  readonly command: (random: SimRandom, number: number) => Command
  readonly retriesUnknown: boolean
  readonly check: (machine: Under, sent: SentCommands<Command>) => void
}

/** Clients that send commands to a state machine of the user's. */
export class UserWorkload<Command, Under extends StateMachineUnderTest<Command>> implements Workload {
  readonly #options: UserWorkloadOptions<Command, Under>
  readonly #done: { readonly command: Command; readonly result: unknown }[] = []
  readonly #open = new Map<number, Command>()
  /** What each client sends next, if it must send it again. */
  readonly #again = new Map<number, { readonly number: number; readonly command: Command }>()
  #count = 0

  constructor(options: UserWorkloadOptions<Command, Under>) {
    this.#options = options
  }

  get operations(): number {
    return this.#done.length + this.#open.size
  }

  readonly machine = (): UserMachine<Command, Under> => new UserMachine(this.#options.stateMachine())

  next(client: number, random: SimRandom): PlannedOperation {
    const planned = this.#again.get(client) ?? this.#plan(random)
    this.#again.delete(client)
    this.#open.set(planned.number, planned.command)
    return {
      data: Buffer.from(JSON.stringify(planned.command)),
      began: () => {},
      ended: (end) => this.#ended(client, planned, end),
    }
  }

  check(end: Machine): void {
    const { under } = end as UserMachine<Command, Under>
    this.#options.check(under, { done: this.#done, open: [...this.#open.values()] })
  }

  #plan(random: SimRandom): { number: number; command: Command } {
    const number = ++this.#count
    return { number, command: this.#options.command(random, number) }
  }

  #ended(client: number, planned: { number: number; command: Command }, end: OperationEnd): void {
    const { number, command } = planned
    if (end.type === 'done') {
      this.#open.delete(number)
      this.#done.push({ command, result: end.result })
    } else if (end.type === 'notDone' || this.#options.retriesUnknown) this.#again.set(client, planned)
  }
}

class UserMachine<Command, Under extends StateMachineUnderTest<Command>> implements Machine {
  readonly under: Under
  readonly snapshot?: () => Uint8Array
  readonly restore?: (bytes: Uint8Array) => void

  constructor(under: Under) {
    this.under = under
    if (under.restore === undefined) return
    this.snapshot = () => Buffer.from(this.digest())
    this.restore = (bytes) => under.restore?.(JSON.parse(Buffer.from(bytes).toString()))
  }

  apply({ data, index, time }: CommandEntry): unknown {
    // Not every entry of a group is a client's: the calm begins with an empty one.
    if (data.length === 0) return undefined
    const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString()
    return this.under.apply(JSON.parse(text) as Command, { index, time })
  }

  digest(): string {
    return JSON.stringify(this.under.state())
  }
}
