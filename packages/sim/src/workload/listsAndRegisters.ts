import type { CommandEntry } from '@quorate/core'
import { checkAppendLists } from '../history/appendLists.ts'
import type { Operation } from '../history/operation.ts'
import { checkRegisters } from '../history/registers.ts'
import type { Verdict } from '../history/verdict.ts'
import type { SimRandom } from '../random.ts'
import { mix, mixText } from '../world/entryDigest.ts'
import type { Machine } from '../world/machine.ts'
import type { PlannedRead } from './readWithin.ts'
import type { OperationEnd, PlannedOperation, Workload } from './workload.ts'

const LISTS = ['l1', 'l2']
/** The search of a register takes long when many operations overlap: so there are some, and few clients use each. */
const REGISTERS = ['r1', 'r2', 'r3']
const LARGEST_FILLER_BYTES = 1_500
const BALLAST_BYTES = 1_500

/** What clients saw is not what a log of theirs could have given. */
export class HistoryBroken extends Error {
  readonly verdict: Verdict

  constructor(verdict: Extract<Verdict, { isLinearizable: false }>) {
    super(
      `the history of ${verdict.key} is ${verdict.isDecided ? 'not' : 'not proven to be'} linearizable: ${verdict.reason}`,
    )
    this.name = 'HistoryBroken'
    this.verdict = verdict
  }
}

/**
 * Appending to lists and reading them first, registers with compare-and-set second. Some reads go through the log, the others
 * by a read index, half of them with a lease where there is one.
 */
export class ListsAndRegisters implements Workload {
  readonly machine = (): ListsAndRegistersMachine => new ListsAndRegistersMachine()
  readonly #lists: Operation[] = []
  readonly #registers: Operation[] = []
  #values = 0
  /** A client whose operation ended as unknown goes on as another: its next operations may overlap that one. */
  readonly #clientIds: number[] = []
  #clientCount = 0

  get operations(): number {
    return this.#lists.length + this.#registers.length
  }

  next(client: number, random: SimRandom): PlannedOperation {
    const kind = random.next()
    const value = ++this.#values
    if (kind < 0.45) return this.#plan(client, { op: 'append', key: random.pick(LISTS), value })
    if (kind < 0.6) return this.#planRead(client, random.pick(LISTS), random)
    const key = random.pick(REGISTERS)
    if (kind < 0.75) return this.#planRead(client, key, random)
    if (kind < 0.9) return this.#plan(client, { op: 'write', key, value: random.below(5) })
    return this.#plan(client, { op: 'cas', key, expect: random.below(5), value: random.below(5) })
  }

  /** A server's own lists may lag behind, and are some state that each has been in. */
  peek(machine: Machine, atMs: number): void {
    for (const [key, out] of (machine as ListsAndRegistersMachine).lists) {
      this.#lists.push({
        client: -1,
        op: 'read',
        key,
        isStaleAllowed: true,
        call: atMs,
        return: atMs,
        status: 'ok',
        out: [...out],
      })
    }
  }

  filler(random: SimRandom): Uint8Array {
    return random.bytes(random.happens(0.8) ? random.below(60) : random.below(LARGEST_FILLER_BYTES)).fill(0x21, 0, 1)
  }

  check(end: Machine): void {
    const { lists } = end as ListsAndRegistersMachine
    for (const verdict of [checkAppendLists(this.#lists, lists), checkRegisters(this.#registers)]) {
      if (!verdict.isLinearizable) throw new HistoryBroken(verdict)
    }
  }

  #planRead(client: number, key: string, random: SimRandom): PlannedOperation {
    const way = random.next()
    if (way < 0.3) return this.#plan(client, { op: 'read', key })
    const look = (machine: Machine): unknown => (machine as ListsAndRegistersMachine).read(key)
    return this.#plan(client, { op: 'read', key }, { mayLease: way < 0.65, look })
  }

  #plan(client: number, action: Action, read?: PlannedRead): PlannedOperation {
    const history = action.key.startsWith('l') ? this.#lists : this.#registers
    const id = (this.#clientIds[client] ??= ++this.#clientCount)
    let call = 0
    return {
      data: Buffer.from(JSON.stringify(action)),
      read,
      began: (callMs) => (call = callMs),
      ended: (end) => {
        history.push(operationOf(action, id, call, end))
        if (end.type === 'unknown') this.#clientIds[client] = ++this.#clientCount
      },
    }
  }
}

type Action =
  | { readonly op: 'append' | 'write'; readonly key: string; readonly value: number }
  | { readonly op: 'read'; readonly key: string }
  | { readonly op: 'cas'; readonly key: string; readonly expect: number; readonly value: number }

function operationOf(action: Action, client: number, call: number, end: OperationEnd): Operation {
  if (end.type !== 'done')
    return { client, call, ...action, status: end.type === 'unknown' ? 'info' : 'fail' } as Operation
  const answer = { client, call, return: end.returnMs, status: 'ok' as const }
  switch (action.op) {
    case 'read':
      return { ...answer, ...action, out: end.result as readonly number[] | number | null }
    case 'cas':
      return { ...answer, ...action, ok: end.result as boolean }
    default:
      return { ...answer, ...action } as Operation
  }
}

/** As it stands in a snapshot. */
interface MachineState {
  readonly lists: readonly (readonly [key: string, list: number[]])[]
  readonly registers: readonly (readonly [key: string, value: number])[]
  readonly digest: number
  /** Weight, so that it comes in many pieces: other in every snapshot. */
  readonly ballast: string
}

function ballastOf(digest: number): string {
  let text = ''
  for (let place = 0; text.length < BALLAST_BYTES; place++) text += mix(digest, place).toString(36)
  return text
}

/** Lists that grow and registers that change. Commands that begin with an exclamation mark do nothing. */
export class ListsAndRegistersMachine implements Machine {
  readonly lists = new Map<string, number[]>()
  readonly #registers = new Map<string, number>()
  #digest = 0

  /** By each version another way: who applies by another one than the others is found out. */
  apply({ data, index }: CommandEntry, machineVersion: number = 1): unknown {
    this.#digest = mix(mix(this.#digest, index), machineVersion)
    if (data.length === 0 || data[0] === 0x21) return undefined
    const action = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.length).toString()) as Action
    const result = this.#perform(action)
    this.#digest = mix(
      this.#digest,
      typeof result === 'number' ? result : Array.isArray(result) ? result.length : Number(result === true),
    )
    return result
  }

  /** What a list or a register holds. */
  read(key: string): readonly number[] | number | null {
    return key.startsWith('l') ? [...(this.lists.get(key) ?? [])] : (this.#registers.get(key) ?? null)
  }

  /** Of the state itself, and of the way there. */
  digest(): string {
    let digest = this.#digest
    for (const [key, list] of this.lists) digest = list.reduce(mix, mixText(digest, key))
    for (const [key, value] of this.#registers) digest = mix(mixText(digest, key), value)
    return `${digest}`
  }

  snapshot(): Uint8Array {
    const lists = [...this.lists]
    const registers = [...this.#registers]
    const state: MachineState = { lists, registers, digest: this.#digest, ballast: ballastOf(this.#digest) }
    return Buffer.from(JSON.stringify(state))
  }

  restore(bytes: Uint8Array): void {
    const { lists, registers, digest, ballast } = JSON.parse(Buffer.from(bytes).toString()) as MachineState
    if (ballast !== ballastOf(digest)) throw new Error('the snapshot is put together of pieces of several')
    this.lists.clear()
    this.#registers.clear()
    for (const [key, list] of lists) this.lists.set(key, list)
    for (const [key, value] of registers) this.#registers.set(key, value)
    this.#digest = digest
  }

  #perform(action: Action): unknown {
    const { key } = action
    switch (action.op) {
      case 'append': {
        const list = this.lists.get(key)
        if (list === undefined) this.lists.set(key, [action.value])
        else list.push(action.value)
        return true
      }
      case 'read':
        return this.read(key)
      case 'write':
        this.#registers.set(key, action.value)
        return true
      case 'cas':
        if (this.#registers.get(key) !== action.expect) return false
        this.#registers.set(key, action.value)
        return true
    }
  }
}
