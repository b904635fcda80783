import type { ConfigurationEntry } from '../entry.ts'
import { AlreadyBootstrappedError, BootstrapIncompleteError, StoreReplacedError, type QuorateError } from '../errors.ts'
import { assertName, type GroupId, type GroupUuid, type NodeId, type StoreIdentity } from '../identifiers.ts'
import { memberOf } from '../configuration.ts'
import type { BootstrapMessage, BootstrapStanding, Packet } from '../messages.ts'
import type { Clock, Random, Store } from '../ports.ts'
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
  readonly deadlineMs: number
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
  /** Offers being written by groups that are not open here. */
  readonly #writing = new Set<GroupId>()
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
    const birth: Birth = {
      group,
      stores: new Map([[id, store.identity]]),
      others: nodes.filter((node) => node !== id),
      entry: undefined,
      accepted: new Set(),
      deadlineMs: clock.now() + timeoutMs,
      done,
    }
    const held = this.#groupUuidOf(group)
    const unfinished = this.#unfinishedBirth(group, nodes)
    if (held !== undefined && unfinished === undefined) {
      clock.soon(() => done(new AlreadyBootstrappedError(group, id, held), undefined))
      return
    }
    this.#births.set(group, birth)
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
        this.#say(packet.group, from, this.#standing(packet.group, from))
        return
      case 'bootstrap.standing':
        if (birth !== undefined) this.#noteStanding(birth, from, packet.store, message)
        else this.#learnStanding(packet.group, message)
        return
      case 'bootstrap.offer':
        this.#accept(packet.group, from, message.entry)
        return
      case 'bootstrap.accepted':
        if (birth?.entry?.configuration.groupUuid === message.groupUuid) {
          birth.accepted.add(from)
          this.#proceed(birth)
        }
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
    this.#write(birth.group, entry, () => {
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
    const { clock, timers } = this.#options
    if (this.#births.get(birth.group) !== birth) return
    if (clock.now() >= birth.deadlineMs) {
      this.#end(birth, this.#incomplete(birth))
      return
    }
    for (const node of birth.others) {
      if (birth.entry === undefined) {
        if (!birth.stores.has(node)) this.#say(birth.group, node, { type: 'bootstrap.inquiry' })
      } else if (!birth.accepted.has(node)) {
        this.#say(birth.group, node, { type: 'bootstrap.offer', entry: birth.entry })
      }
    }
    const phase = birth.entry
    timers.setTimeout(() => {
      if (birth.entry === phase) this.#askAgain(birth)
    }, ASK_AGAIN_MS)
  }

  #accept(group: GroupId, from: NodeId, entry: ConfigurationEntry): void {
    const { groupUuid } = entry.configuration
    const held = this.#groupUuidOf(group)
    if (held === groupUuid) this.#say(group, from, { type: 'bootstrap.accepted', groupUuid })
    else if (held !== undefined) this.#say(group, from, this.#standing(group, from))
    else if (!this.#writing.has(group)) {
      this.#write(group, entry, () => this.#say(group, from, { type: 'bootstrap.accepted', groupUuid }))
    }
  }

  /** Through the server's own door if it is open, else straight to the store. `written` is called once it is durable. */
  #write(group: GroupId, entry: ConfigurationEntry, written: () => void): void {
    const { store, hosted } = this.#options
    const server = hosted(group)
    if (server !== undefined) {
      server.whenDurable(entry.index, written)
      server.input((blank) => blank.bootstrap(entry))
      return
    }
    this.#writing.add(group)
    const hardState = { currentTerm: entry.term, votedFor: undefined }
    store.write([{ group, hardState, truncateAfter: undefined, entries: [entry] }], (failure) => {
      this.#writing.delete(group)
      if (failure === undefined) written()
    })
  }

  #end(birth: Birth, error: QuorateError | undefined): void {
    this.#births.delete(birth.group)
    this.#options.clock.soon(() => birth.done(error, birth.entry?.configuration.groupUuid))
  }

  #incomplete(birth: Birth): BootstrapIncompleteError {
    const answered = birth.entry === undefined ? birth.stores : birth.accepted
    const missing = birth.others.filter((node) => !answered.has(node))
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

  #say(group: GroupId, to: NodeId, message: BootstrapMessage): void {
    const { store, send } = this.#options
    send(to, { group, groupUuid: this.#groupUuidOf(group), store: store.identity, messages: [message] })
  }
}
