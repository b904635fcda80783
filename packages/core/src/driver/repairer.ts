import { ServerStoppedError } from '../errors.ts'
import type { GroupId, NodeId } from '../identifiers.ts'
import type { Packet, RepairInquiry, RepairMessage } from '../messages.ts'
import type { Store } from '../ports.ts'
import { recoveredConfigurations } from '../state/raftState.ts'
import type { HostedServer } from './hostedServer.ts'
import { Repair, type RepairDone } from './repair.ts'
import type { Timers } from './timers.ts'
import type { Writes } from './writes.ts'

export interface RepairerOptions {
  readonly id: NodeId
  readonly store: Store
  readonly timers: Timers
  readonly writes: Writes
  readonly hosted: (group: GroupId) => HostedServer | undefined
  readonly send: (to: NodeId, packet: Packet) => void
}

/** A node's part in making logs whole: its own before their servers start, and those of others that ask it. */
export class Repairer {
  readonly #options: RepairerOptions
  readonly #repairs = new Map<GroupId, Repair>()

  constructor(options: RepairerOptions) {
    this.#options = options
  }

  /** Asked while no write of the group is under way. `done` is called once: within this call where there is nothing to repair. */
  repair(group: GroupId, timeoutMs: number, done: RepairDone): void {
    const { id, store, timers, writes } = this.#options
    const recovered = store.recover(group)
    const { damaged = [] } = recovered ?? {}
    if (damaged.length === 0) {
      done(undefined)
      return
    }
    if (this.#repairs.has(group)) {
      done(new Error(`the log of group ${group} is being repaired already: open it once`))
      return
    }
    const configurations = recoveredConfigurations(recovered).map(({ configuration }) => configuration)
    const groupUuid = configurations.at(-1)?.groupUuid
    const repair = new Repair({
      group,
      id,
      damaged,
      configurations,
      timeoutMs,
      timers,
      read: ({ index }, read) => {
        const now = writes.isQuiet(group) ? store.recover(group) : undefined
        if (now === undefined || index <= now.logStartsAfter.index || index > now.lastIndex) return
        const range = { after: index - 1, upTo: index, maxBytes: Infinity }
        store.read(group, range, (_failure, entries) => read(entries[0]))
      },
      say: (to, message) => this.#say(to, group, groupUuid, message),
      write: ({ truncateAfter, repaired }, written) => {
        writes.begin(group)
        const write = { group, hardState: undefined, truncateAfter, snapshot: undefined, entries: [], repaired }
        writes.handOver([write], written)
      },
      ended: (error) => {
        this.#repairs.delete(group)
        writes.whenQuiet(group, () => done(error))
      },
    })
    this.#repairs.set(group, repair)
    repair.start()
  }

  receive(from: NodeId, { group, groupUuid, store }: Packet, message: RepairMessage): void {
    if (message.type === 'repair.inquiry') {
      if (groupUuid !== undefined) this.#answer(from, group, groupUuid, message)
      return
    }
    const repair = this.#repairs.get(group)
    if (repair?.knows(from, store) !== true) return
    if (message.type === 'repair.entry') repair.noteEntry(message.entry)
    else repair.noteAbsence(from, message)
  }

  close(): void {
    for (const repair of this.#repairs.values()) repair.abandon()
  }

  /** A server that runs knows what is committed; one whose own log is being repaired gives what it has all the same. */
  #answer(from: NodeId, group: GroupId, groupUuid: string, { wanted }: RepairInquiry): void {
    const server = this.#options.hosted(group)
    const answer = (message: RepairMessage): void => this.#say(from, group, groupUuid, message)
    if (server === undefined) this.#repairs.get(group)?.readFor(groupUuid, wanted, answer)
    else if (server.server.role !== 'stopped') server.readForRepair(groupUuid, wanted, answer)
  }

  #say(to: NodeId, group: GroupId, groupUuid: string | undefined, message: RepairMessage): void {
    const { store, send } = this.#options
    send(to, { group, groupUuid, store: store.identity, messages: [message] })
  }
}

/** @throws ServerStoppedError when the log cannot be read as a whole: it is to be repaired first. */
export function assertWhole(group: GroupId, store: Store): void {
  const { damaged = [] } = store.recover(group) ?? {}
  if (damaged.length === 0) return
  throw new ServerStoppedError(
    group,
    `${damaged.length} entries of its log cannot be read: have the node repair it first`,
  )
}
