import type { ConfigurationEntry } from '../entry.ts'
import {
  AlreadyBootstrappedError,
  BootstrapIncompleteError,
  ServerStoppedError,
  StoreReplacedError,
  type QuorateError,
} from '../errors.ts'
import { assertName, type GroupId, type GroupUuid, type NodeId, type StoreIdentity } from '../identifiers.ts'
import { memberOf } from '../configuration.ts'
import type { BootstrapMessage, BootstrapStanding, Packet } from '../messages.ts'
import type { Clock, GroupWrite, Random, Store, StoreFailure } from '../ports.ts'
import { firstEntry } from '../rules/bootstrap.ts'
import { configurationOf } from '../state/raftState.ts'
import type { HostedServer } from './hostedServer.ts'
import type { Timers } from './timers.ts'

export type BootstrapDone = (error: Error | undefined, groupUuid: GroupUuid | undefined) => void

export interface BootstrapperOptions {
  readonly id: NodeId
  readonly store: Store
  readonly random: Random
  readonly clock: Clock
  readonly timers: Timers
  readonly hosted: (group: GroupId) => HostedServer | undefined
  /** The group has no write under way: only then can the store say what it holds of it. */
  readonly isQuiet: (group: GroupId) => boolean
  readonly write: (batch: readonly GroupWrite[], done: (failure: StoreFailure | undefined) => void) => void
  readonly send: (to: NodeId, packet: Packet) => void
}

/** A birth under way, on the node that was asked for it. */
interface Birth {
  readonly group: GroupId
  /** The other nodes, and the stores they have answered with. */
  readonly stores: Map<NodeId, StoreIdentity>
  readonly others: readonly NodeId[]
  /** Set once all have answered: from here on something is written. */
  entry: ConfigurationEntry | undefined
  readonly accepted: Set<NodeId>
  readonly done: BootstrapDone
}

const ASK_AGAIN_MS = 100

/**
 * The birth of groups. The node that is asked for it hears from all members that they hold no such group, and by which
 * stores they go; then all of them write the same first entry. It is the only time that a store is trusted unseen.
 */
export class Bootstrapper {
  readonly #options: BootstrapperOptions
  readonly #births = new Map<GroupId, Birth>()
  readonly #lastAsked = new Map<GroupId, number>()

  constructor(options: BootstrapperOptions) {
    this.#options = options
  }

  bootstrap(group: GroupId, nodes: readonly NodeId[], timeoutMs: number, done: BootstrapDone): void {
    const { id, clock, store } = this.#options
    assertName('group', group)
    for (const node of nodes) assertName('node id', node)
    if (new Set(nodes).size !== nodes.length) throw new RangeError(`bootstrap names a node twice: ${nodes.join(', ')}`)
    if (!nodes.includes(id))
      throw new RangeError(`bootstrap runs on one of its nodes: ${id} is not of ${nodes.join(', ')}`)
    if (this.#births.has(group)) throw new Error(`group ${group} is being bootstrapped already`)
    if (!this.#isKnown(group)) throw new Error(`group ${group} is being written; bootstrap again when that is over`)
    const birth: Birth = {
      group,
      stores: new Map([[id, store.identity]]),
      others: nodes.filter((node) => node !== id),
      entry: undefined,
      accepted: new Set(),
      done,
    }
    const held = this.#groupUuidOf(group)
    const unfinished = this.#unfinishedBirth(group, nodes)
    if (held !== undefined && unfinished === undefined) {
      clock.soon(() => done(new AlreadyBootstrappedError(group, id, held), undefined))
      return
    }
    this.#births.set(group, birth)
    this.#options.timers.setTimeout(() => this.#end(birth, this.#incomplete(birth)), timeoutMs)
    if (unfinished === undefined) this.#proceed(birth)
    else this.#resume(birth, unfinished)
  }

  /** A blank server hears of its group: does the group know it, and by which store? */
  askStanding(group: GroupId, from: NodeId): void {
    const now = this.#options.clock.now()
    if (now - (this.#lastAsked.get(group) ?? -Infinity) < ASK_AGAIN_MS) return
    this.#lastAsked.set(group, now)
    this.#say(group, from, { type: 'bootstrap.inquiry' })
  }

  receive(from: NodeId, packet: Packet, message: BootstrapMessage): void {
    const birth = this.#births.get(packet.group)
    switch (message.type) {
      case 'bootstrap.inquiry':
        // Asked again: when the write under way is over, there is an answer.
        if (this.#isKnown(packet.group)) this.#say(packet.group, from, this.#standing(packet.group, from))
        return
      case 'bootstrap.standing':
        if (birth !== undefined) this.#noteStanding(birth, from, packet.store, message)
        else this.#learnStanding(packet.group, message)
        return
      case 'bootstrap.offer':
        this.#accept(packet.group, from, message.entry)
        return
      case 'bootstrap.accepted':
        if (birth?.entry?.configuration.groupUuid !== message.groupUuid) return
        // Another store under that name has not been asked, and is not in the configuration.
        if (birth.stores.get(from) !== packet.store) return
        birth.accepted.add(from)
        this.#proceed(birth)
    }
  }

  close(): void {
    for (const birth of this.#births.values()) this.#end(birth, this.#incomplete(birth))
  }

  #standing(group: GroupId, asker: NodeId): BootstrapStanding {
    const configuration = this.#configurationOf(group)
    const knownStore = configuration === undefined ? undefined : memberOf(configuration, asker)?.store
    return { type: 'bootstrap.standing', groupUuid: configuration?.groupUuid, knownStore }
  }

  #noteStanding(birth: Birth, from: NodeId, store: StoreIdentity, { groupUuid }: BootstrapStanding): void {
    if (!birth.others.includes(from)) return
    if (groupUuid !== undefined && groupUuid !== birth.entry?.configuration.groupUuid) {
      this.#end(birth, new AlreadyBootstrappedError(birth.group, from, groupUuid))
    } else if (birth.entry === undefined) {
      birth.stores.set(from, store)
      this.#proceed(birth)
    }
  }

  /** The answer to a blank server: if its group knows it by another store, it must not take part. */
  #learnStanding(group: GroupId, { knownStore }: BootstrapStanding): void {
    const { id, store, hosted } = this.#options
    const server = hosted(group)
    if (server === undefined || configurationOf(server.server.state) !== undefined) return
    if (knownStore === undefined || knownStore === store.identity) return
    server.input((blank) => blank.fail(new StoreReplacedError(group, id, knownStore, store.identity)))
  }

  #proceed(birth: Birth): void {
    if (this.#births.get(birth.group) !== birth) return
    const silent = birth.others.filter((node) => !birth.stores.has(node))
    if (birth.entry === undefined && silent.length === 0) this.#beginWriting(birth)
    else if (birth.entry !== undefined && birth.accepted.size === birth.stores.size) this.#end(birth, undefined)
    else if (birth.stores.size === 1 && birth.accepted.size === 0) this.#askAgain(birth)
  }

  #beginWriting(birth: Birth): void {
    const { id, clock, random } = this.#options
    const entry = firstEntry(random.uuid(), birth.stores, clock.wallTime())
    birth.entry = entry
    // Here first: from now on the birth is remembered, and the group itself brings in whoever misses the offer.
    this.#write(birth.group, entry, (failure) => {
      if (failure !== undefined) {
        this.#end(birth, new ServerStoppedError(birth.group, failure.error.message, { cause: failure.error }))
        return
      }
      birth.accepted.add(id)
      this.#proceed(birth)
      this.#askAgain(birth)
    })
  }

  /** The first entry, where nothing followed it: a birth that was cut short, to be finished with the same servers. */
  #unfinishedBirth(group: GroupId, nodes: readonly NodeId[]): ConfigurationEntry | undefined {
    const held = this.#options.store.recover(group)
    const entry = held?.lastIndex === 1 ? held.configurations[0] : undefined
    const members = entry?.configuration.members.map((member) => member.id) ?? []
    return members.length === nodes.length && members.every((member) => nodes.includes(member)) ? entry : undefined
  }

  #resume(birth: Birth, entry: ConfigurationEntry): void {
    birth.entry = entry
    for (const { id, store } of entry.configuration.members) birth.stores.set(id, store)
    birth.accepted.add(this.#options.id)
    this.#proceed(birth)
    this.#askAgain(birth)
  }

  /** Says to each node what it has not answered yet, again and again until the deadline. */
  #askAgain(birth: Birth): void {
    if (this.#births.get(birth.group) !== birth) return
    for (const node of birth.others) {
      if (birth.entry === undefined) {
        if (!birth.stores.has(node)) this.#say(birth.group, node, { type: 'bootstrap.inquiry' })
      } else if (!birth.accepted.has(node)) {
        this.#say(birth.group, node, { type: 'bootstrap.offer', entry: birth.entry })
      }
    }
    const phase = birth.entry
    this.#options.timers.setTimeout(() => {
      if (birth.entry === phase) this.#askAgain(birth)
    }, ASK_AGAIN_MS)
  }

  /** Said only once it is durable; an offer that finds the write under way is made again. */
  #accept(group: GroupId, from: NodeId, entry: ConfigurationEntry): void {
    const { id, store, hosted } = this.#options
    const { groupUuid } = entry.configuration
    // Meant for another store under our name: one that was wiped since it was asked, or never was ours.
    if (!this.#isKnown(group) || memberOf(entry.configuration, id)?.store !== store.identity) return
    const held = this.#groupUuidOf(group)
    const accept = (): void => this.#say(group, from, { type: 'bootstrap.accepted', groupUuid })
    const server = hosted(group)
    if (held === undefined) this.#write(group, entry, (failure) => failure === undefined && accept())
    else if (held !== groupUuid) this.#say(group, from, this.#standing(group, from))
    else if (server === undefined || server.server.state.durability.durableIndex >= entry.index) accept()
  }

  /** Through the server's own door if it is open, else straight to the store. */
  #write(group: GroupId, entry: ConfigurationEntry, written: (failure: StoreFailure | undefined) => void): void {
    const { write, hosted } = this.#options
    const server = hosted(group)
    if (server !== undefined) {
      server.whenDurable(entry.index, () => written(undefined))
      server.input((blank) => blank.bootstrap(entry))
      return
    }
    const hardState = { currentTerm: entry.term, votedFor: undefined }
    write([{ group, hardState, truncateAfter: undefined, entries: [entry] }], written)
  }

  #end(birth: Birth, error: QuorateError | undefined): void {
    if (this.#births.get(birth.group) !== birth) return
    this.#births.delete(birth.group)
    this.#options.clock.soon(() => birth.done(error, birth.entry?.configuration.groupUuid))
  }

  #incomplete(birth: Birth): BootstrapIncompleteError {
    const answered = birth.entry === undefined ? birth.stores : birth.accepted
    const missing = [this.#options.id, ...birth.others].filter((node) => !answered.has(node))
    return new BootstrapIncompleteError(birth.group, missing, birth.entry !== undefined)
  }

  #groupUuidOf(group: GroupId): GroupUuid | undefined {
    return this.#configurationOf(group)?.groupUuid
  }

  #configurationOf(group: GroupId): ReturnType<typeof configurationOf> {
    const server = this.#options.hosted(group)
    if (server !== undefined) return configurationOf(server.server.state)
    return this.#options.store.recover(group)?.configurations.at(-1)?.configuration
  }

  /** Whether it can be said now what this node holds of the group. */
  #isKnown(group: GroupId): boolean {
    return this.#options.hosted(group) !== undefined || this.#options.isQuiet(group)
  }

  #say(group: GroupId, to: NodeId, message: BootstrapMessage): void {
    const { store, send } = this.#options
    send(to, { group, groupUuid: undefined, store: store.identity, messages: [message] })
  }
}
