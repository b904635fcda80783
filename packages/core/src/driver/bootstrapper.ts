import { memberOf, type Configuration } from '../configuration.ts'
import type { ConfigurationEntry } from '../entry.ts'
import { AlreadyBootstrappedError, BootstrapConflictError } from '../errors.ts'
import { assertName, type GroupId, type NodeId } from '../identifiers.ts'
import { assertMachineVersion } from '../machineVersions.ts'
import type { BootstrapMessage, BootstrapStanding, Packet } from '../messages.ts'
import type { Clock, Random, Store, StoreFailure } from '../ports.ts'
import { configurationOf, recoveredConfigurations } from '../state/raftState.ts'
import { Birth, PROMISE_MS, type BirthRequest, type BootstrapDone } from './birth.ts'
import type { HostedServer } from './hostedServer.ts'
import type { Timers } from './timers.ts'
import type { Writes } from './writes.ts'

export interface BootstrapperOptions {
  readonly id: NodeId
  readonly store: Store
  readonly random: Random
  readonly clock: Clock
  readonly timers: Timers
  readonly writes: Writes
  readonly hosted: (group: GroupId) => HostedServer | undefined
  readonly send: (to: NodeId, packet: Packet) => void
}

/** This node holds itself ready for one birth of a group, and for no other. */
interface ReadyFor {
  readonly birth: string
  readonly node: NodeId
  readonly untilMs: number
}

const ASK_AGAIN_MS = 100

/**
 * A node's part in the birth of groups: those it was asked for, and those of others in which its store takes part. It is
 * the only time that a store is trusted unseen.
 */
export class Bootstrapper {
  readonly #options: BootstrapperOptions
  readonly #births = new Map<GroupId, Birth>()
  readonly #readyFor = new Map<GroupId, ReadyFor>()
  readonly #lastAsked = new Map<GroupId, number>()

  constructor(options: BootstrapperOptions) {
    this.#options = options
  }

  bootstrap(group: GroupId, request: BirthRequest, done: BootstrapDone): void {
    const { id, clock } = this.#options
    const { nodes, machineVersion } = request
    this.#checkNames(group, nodes)
    if (machineVersion !== undefined) assertMachineVersion('machineVersion', machineVersion)
    const held = this.#configurationOf(group)?.groupUuid
    const unfinished = this.#unfinishedBirth(group, nodes)
    const rival = this.#rival(group)
    if (held !== undefined && unfinished === undefined) {
      clock.soon(() => done(new AlreadyBootstrappedError(group, id, held), undefined))
    } else if (rival !== undefined) clock.soon(() => done(new BootstrapConflictError(group, rival), undefined))
    else {
      const birth = this.#begin(group, request, done)
      if (unfinished === undefined) birth.start()
      else birth.resume(unfinished)
    }
  }

  /** A server that is blank, or known by another store, hears of its group: does that know it, and by which store? */
  askStanding(group: GroupId, from: NodeId): void {
    const now = this.#options.clock.now()
    if (now - (this.#lastAsked.get(group) ?? -Infinity) < ASK_AGAIN_MS) return
    this.#lastAsked.set(group, now)
    this.say(group, from, { type: 'bootstrap.inquiry', birth: undefined })
  }

  receive(from: NodeId, { group, store }: Packet, message: BootstrapMessage): void {
    switch (message.type) {
      case 'bootstrap.inquiry':
        this.#answer(group, from, message.birth)
        return
      case 'bootstrap.standing':
        if (message.birth === undefined) this.#options.hosted(group)?.noteStanding(from, store, message)
        else this.#births.get(group)?.noteStanding(from, store, message)
        return
      case 'bootstrap.offer':
        this.#accept(group, from, message.entry)
        return
      case 'bootstrap.accepted':
        this.#births.get(group)?.noteAccepted(from, store, message.groupUuid)
    }
  }

  close(): void {
    for (const birth of this.#births.values()) birth.abandon()
  }

  #begin(group: GroupId, request: BirthRequest, done: BootstrapDone): Birth {
    const { id, store, random, clock, timers } = this.#options
    const name = random.uuid()
    const birth = new Birth({
      ...request,
      group,
      birth: name,
      id,
      store: store.identity,
      groupUuid: random.uuid(),
      timers,
      now: () => clock.now(),
      wallTime: () => clock.wallTime(),
      say: (to, message) => this.say(group, to, message),
      held: () => (this.#isKnown(group) ? this.#configurationOf(group)?.groupUuid : null),
      write: (entry, written) => this.#write(group, entry, written),
      ended: (error, groupUuid) => {
        this.#births.delete(group)
        if (this.#readyFor.get(group)?.birth === name) this.#readyFor.delete(group)
        clock.soon(() => done(error, groupUuid))
      },
    })
    this.#births.set(group, birth)
    this.#readyFor.set(group, { birth: name, node: id, untilMs: Infinity })
    return birth
  }

  /** A birth is answered if this node is free for it; otherwise silence makes it wait, and try again. */
  #answer(group: GroupId, from: NodeId, birth: string | undefined): void {
    if (!this.#isKnown(group)) return
    const standing = this.#standing(group, from, birth)
    if (standing.groupUuid === undefined && birth !== undefined && !this.#makeReady(group, from, birth)) return
    this.say(group, from, standing)
  }

  /** First come, first served; but of two nodes that ask one another the lower name goes on, so that one does. */
  #makeReady(group: GroupId, node: NodeId, birth: string): boolean {
    const { id, clock } = this.#options
    const present = this.#readyFor.get(group)
    const own = this.#births.get(group)
    if (own !== undefined && !own.isWriting && node < id) own.giveWayTo(node)
    else if (present !== undefined && present.birth !== birth && present.untilMs > clock.now()) return false
    this.#readyFor.set(group, { birth, node, untilMs: clock.now() + PROMISE_MS })
    return true
  }

  /** Another node whose birth this node holds itself ready for. */
  #rival(group: GroupId): NodeId | undefined {
    const ready = this.#readyFor.get(group)
    return ready !== undefined && ready.untilMs > this.#options.clock.now() ? ready.node : undefined
  }

  #standing(group: GroupId, asker: NodeId, birth: string | undefined): BootstrapStanding {
    const configuration = this.#configurationOf(group)
    const knownStore = configuration === undefined ? undefined : memberOf(configuration, asker)?.store
    return { type: 'bootstrap.standing', birth, groupUuid: configuration?.groupUuid, knownStore }
  }

  /** Said only once it is durable; an offer that finds the write under way is made again. */
  #accept(group: GroupId, from: NodeId, entry: ConfigurationEntry): void {
    const { id, store, hosted } = this.#options
    const { groupUuid } = entry.configuration
    // Meant for another store under our name: one that was wiped since it was asked, or never was ours.
    if (!this.#isKnown(group) || memberOf(entry.configuration, id)?.store !== store.identity) return
    const held = this.#configurationOf(group)?.groupUuid
    const rival = this.#rival(group)
    const accept = (): void => this.say(group, from, { type: 'bootstrap.accepted', groupUuid })
    if (held === groupUuid) {
      const durableIndex = hosted(group)?.server.state.durability.durableIndex ?? entry.index
      if (durableIndex >= entry.index) accept()
    } else if (held === undefined && (rival === undefined || rival === from)) {
      this.#write(group, entry, (failure) => failure === undefined && accept())
    }
  }

  /** Through the server's own door if it is open, else straight to the store. */
  #write(group: GroupId, entry: ConfigurationEntry, written: (failure: StoreFailure | undefined) => void): void {
    const { store, hosted, writes } = this.#options
    const server = hosted(group)
    if (server !== undefined) {
      server.whenDurable(entry.index, () => written(undefined))
      server.input((blank) => blank.bootstrap(entry))
      return
    }
    // A blank server may have seen terms, and voted, before it was closed.
    const { currentTerm, votedFor } = store.recover(group)?.hardState ?? { currentTerm: 0, votedFor: undefined }
    const hardState =
      currentTerm >= entry.term ? { currentTerm, votedFor } : { currentTerm: entry.term, votedFor: undefined }
    writes.begin(group)
    writes.handOver([{ group, hardState, truncateAfter: undefined, snapshot: undefined, entries: [entry] }], written)
  }

  /** The first entry, where nothing followed it: a birth that was cut short, to be finished with the same servers. */
  #unfinishedBirth(group: GroupId, nodes: readonly NodeId[]): ConfigurationEntry | undefined {
    const { store, hosted, writes } = this.#options
    if (!writes.isQuiet(group) || (hosted(group)?.server.state.log.lastIndex ?? 1) > 1) return undefined
    const held = store.recover(group)
    const entry = held?.lastIndex === 1 ? held.configurations[0] : undefined
    const members = entry?.configuration.members.map((member) => member.id) ?? []
    return members.length === nodes.length && members.every((member) => nodes.includes(member)) ? entry : undefined
  }

  #checkNames(group: GroupId, nodes: readonly NodeId[]): void {
    const { id } = this.#options
    assertName('group', group)
    for (const node of nodes) assertName('node id', node)
    if (new Set(nodes).size !== nodes.length) throw new RangeError(`bootstrap names a node twice: ${nodes.join(', ')}`)
    if (!nodes.includes(id)) {
      throw new RangeError(`bootstrap runs on one of its nodes: ${id} is not of ${nodes.join(', ')}`)
    }
    if (this.#births.has(group)) throw new Error(`group ${group} is being bootstrapped already`)
    if (!this.#isKnown(group)) throw new Error(`group ${group} is being written; bootstrap again when that is over`)
  }

  #configurationOf(group: GroupId): Configuration | undefined {
    const server = this.#options.hosted(group)
    if (server !== undefined) return configurationOf(server.server.state)
    return recoveredConfigurations(this.#options.store.recover(group)).at(-1)?.configuration
  }

  /** Whether it can be said now what this node holds of the group. */
  #isKnown(group: GroupId): boolean {
    const { hosted, writes } = this.#options
    if (writes.failure !== undefined) return false
    const server = hosted(group)
    return server === undefined ? writes.isQuiet(group) : server.server.role !== 'stopped'
  }

  /** Says something that stands outside the log: by its store alone, whatever group that holds. */
  say(group: GroupId, to: NodeId, message: BootstrapMessage): void {
    const { store, send } = this.#options
    send(to, { group, groupUuid: undefined, store: store.identity, messages: [message] })
  }
}
