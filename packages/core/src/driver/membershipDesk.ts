import {
  HIGHEST_PRIORITY,
  memberOf,
  ORDINARY_PRIORITY,
  priorityOf,
  type Configuration,
  type Member,
} from '../configuration.ts'
import { assertName, type Index, type NodeId, type ServerId, type StoreIdentity } from '../identifiers.ts'
import type { BootstrapMessage, BootstrapStanding } from '../messages.ts'
import type { ChangeOutcome } from '../state/membershipChange.ts'
import { configurationOf } from '../state/raftState.ts'
import type { RaftServer } from '../statecharts/raftServer.ts'
import type { Timers } from './timers.ts'

/** Who is to belong to a group. */
export interface MembershipRequest {
  /** Who votes: at least one. */
  readonly voters: readonly NodeId[]
  /** Who takes the log without a vote, for as long as nobody changes that (thesis §4.2.1). */
  readonly learners?: readonly NodeId[] | undefined
  /** Who is to lead rather than others: 0 to 255, the highest first. Whoever is not named keeps what it has: 1 at first. */
  readonly priorities?: Readonly<Record<NodeId, number>> | undefined
  /** Members whose store is another one by now: each catches up anew before it takes part again. */
  readonly recovered?: readonly NodeId[] | undefined
  /** Only if the latest configuration stands at this index; undefined: whichever it is. */
  readonly expectedIndex?: Index | undefined
  /** How long new servers may take to say which store they have, in milliseconds. */
  readonly timeoutMs: number
}

/** How a change ended on the node that was asked. */
export type MembershipOutcome =
  | ChangeOutcome
  /** New servers did not say which store they have: nothing was changed. */
  | { readonly type: 'unreachable'; readonly nodes: readonly NodeId[] }
  /** A new server holds another group of that name: nothing was changed. */
  | { readonly type: 'otherGroup'; readonly node: NodeId }

/** Tells the caller of a change how it ended. Called once. */
export type MembershipSettled = (outcome: MembershipOutcome) => void

export interface MembershipDeskOptions {
  readonly server: RaftServer
  readonly timers: Timers
  readonly say: (to: NodeId, message: BootstrapMessage) => void
  /** Runs one input of the server's. */
  readonly input: (give: (server: RaftServer) => void) => void
}

const ASK_AGAIN_MS = 100

/** One request that waits for new servers to say which store they have. */
interface Inquiry {
  readonly request: MembershipRequest
  readonly settled: MembershipSettled
  readonly unknown: Set<NodeId>
  readonly stores: Map<NodeId, StoreIdentity>
}

/**
 * Where changes of the members are taken: a configuration names servers by their stores, so a new one is asked for its
 * own first.
 */
export class MembershipDesk {
  readonly #options: MembershipDeskOptions
  readonly #inquiries = new Set<Inquiry>()

  constructor(options: MembershipDeskOptions) {
    this.#options = options
  }

  /** @throws TypeError for what is no name, RangeError for servers that make no group. */
  change(request: MembershipRequest, settled: MembershipSettled): void {
    checkRequest(request)
    const { server, timers } = this.#options
    const isAsked = (id: NodeId): boolean => id !== server.id && request.recovered?.includes(id) === true
    const asked = nodesOf(request).filter(isAsked)
    const inquiry: Inquiry = { request, settled, unknown: new Set(asked), stores: new Map() }
    this.#inquiries.add(inquiry)
    this.#goOn(inquiry)
    if (!this.#inquiries.has(inquiry)) return
    timers.setTimeout(() => this.#end(inquiry, { type: 'unreachable', nodes: [...inquiry.unknown] }), request.timeoutMs)
    this.#askAgain(inquiry)
  }

  noteStanding(from: NodeId, store: StoreIdentity, { groupUuid }: BootstrapStanding): void {
    const own = configurationOf(this.#options.server.state)?.groupUuid
    for (const inquiry of this.#inquiries) {
      if (!inquiry.unknown.has(from)) continue
      if (groupUuid !== undefined && groupUuid !== own) {
        this.#end(inquiry, { type: 'otherGroup', node: from })
        continue
      }
      inquiry.unknown.delete(from)
      inquiry.stores.set(from, store)
      this.#goOn(inquiry)
    }
  }

  /** The server stops: nothing was changed. */
  close(): void {
    for (const inquiry of this.#inquiries) this.#end(inquiry, { type: 'unreachable', nodes: [...inquiry.unknown] })
  }

  #storeOf(configuration: Configuration | undefined, id: ServerId): StoreIdentity | undefined {
    const { server } = this.#options
    if (id === server.id) return server.state.store
    return configuration === undefined ? undefined : memberOf(configuration, id)?.store
  }

  /** Orders the change once all stores are known. While some were asked for, others may have left the group. */
  #goOn(inquiry: Inquiry): void {
    const { request, settled, unknown, stores } = inquiry
    const { server, input } = this.#options
    const configuration = configurationOf(server.state)
    const members: Member[] = []
    for (const id of nodesOf(request)) {
      const store = stores.get(id) ?? this.#storeOf(configuration, id)
      if (store === undefined) unknown.add(id)
      else members.push(memberWith(id, store, request.priorities?.[id] ?? presentPriority(configuration, id)))
    }
    // Who does not lead refuses whatever it is: nobody needs to be asked for that.
    if (unknown.size > 0 && server.role === 'leader') return
    this.#inquiries.delete(inquiry)
    const target = { members, voters: request.voters }
    input((given) => given.changeMembership({ token: settled, target, expectedIndex: request.expectedIndex }))
  }

  #askAgain(inquiry: Inquiry): void {
    if (!this.#inquiries.has(inquiry)) return
    for (const node of inquiry.unknown) this.#options.say(node, { type: 'bootstrap.inquiry', birth: undefined })
    this.#options.timers.setTimeout(() => this.#askAgain(inquiry), ASK_AGAIN_MS)
  }

  #end(inquiry: Inquiry, outcome: MembershipOutcome): void {
    if (this.#inquiries.delete(inquiry)) inquiry.settled(outcome)
  }
}

function presentPriority(configuration: Configuration | undefined, id: NodeId): number {
  return configuration === undefined ? ORDINARY_PRIORITY : priorityOf(configuration, id)
}

function memberWith(id: NodeId, store: StoreIdentity, priority: number): Member {
  return priority === ORDINARY_PRIORITY ? { id, store } : { id, store, priority }
}

function nodesOf({ voters, learners }: MembershipRequest): NodeId[] {
  return [...voters, ...(learners ?? [])]
}

function checkRequest(request: MembershipRequest): void {
  const nodes = nodesOf(request)
  for (const node of nodes) assertName('node id', node)
  const twice = nodes.find((node, place) => nodes.indexOf(node) !== place)
  if (twice !== undefined)
    throw new RangeError(`a configuration names ${twice} twice: each server votes or learns, once`)
  for (const [node, priority] of Object.entries(request.priorities ?? {})) {
    if (!nodes.includes(node)) throw new RangeError(`priorities name ${node}, which is neither a voter nor a learner`)
    if (!Number.isInteger(priority) || priority < 0 || priority > HIGHEST_PRIORITY) {
      throw new RangeError(`the priority of ${node} is ${priority}: use a whole number from 0 to ${HIGHEST_PRIORITY}`)
    }
  }
  if (request.voters.length === 0)
    throw new RangeError('a configuration without voters decides nothing: name one at least')
}
