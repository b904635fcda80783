import {
  isVoter,
  type AppendEntries,
  type Configuration,
  type Message,
  type HostedServer,
  type Index,
  type InstallSnapshot,
  type LogPosition,
  type NodeId,
  type RaftState,
  type Role,
  type Term,
} from '@quorate/core'
import type { Letter } from '../world/simNetwork.ts'
import type { SimNode } from '../world/simNode.ts'

/** What is remembered of a server from one look to the next. */
export interface Glimpse {
  /** Which process it was of. */
  readonly process: HostedServer
  readonly role: Role
  readonly term: Term
  readonly votedFor: NodeId | undefined
  readonly commitIndex: Index
  readonly lastApplied: Index
  readonly last: LogPosition
  /** Where the configuration in force stood; 0 for none. */
  readonly configurationIndex: Index
}

/** A server right after an event of its process. */
export interface Sight {
  readonly node: SimNode
  readonly state: RaftState
  readonly role: Role
  /** The same process before the event; undefined on the first look at a process. */
  readonly before: Glimpse | undefined
  /** What it heard in the event. */
  readonly letter: Letter | undefined
}

export function glimpseOf(process: HostedServer): Glimpse {
  const { state, role } = process.server
  return {
    process,
    role,
    term: state.currentTerm,
    votedFor: state.votedFor,
    commitIndex: state.commitIndex,
    lastApplied: state.lastApplied,
    last: state.log.last,
    configurationIndex: state.configurations.at(-1)?.index ?? 0,
  }
}

/** Whoever sends one leads the term that it names. */
export function isWordOfLeader(message: Message): message is AppendEntries | InstallSnapshot {
  return message.type === 'appendEntries' || message.type === 'installSnapshot'
}

/** The one message that it heard in the event; undefined when it heard none, or several. */
export function heardAlone({ letter }: Sight): Message | undefined {
  let only: Message | undefined
  for (const { messages } of letter?.packets ?? []) {
    for (const message of messages) {
      if (only !== undefined) return undefined
      only = message
    }
  }
  return only
}

/** The configurations by which it may have decided in the event: a leader may have appended the next one in between. */
export function configurationsInForce({ state, before }: Sight): Configuration[] {
  const { configurations } = state
  const latest = configurations.at(-1)
  const isNew = latest !== undefined && before?.role === 'leader' && latest.index > before.last.index
  return configurations.slice(isNew ? -2 : -1).map(({ configuration }) => configuration)
}

/** It votes by its configuration, or by one that is in force until what follows is committed (thesis §4.2.2). */
export function mayBeNeeded({ configurations, commitIndex, id }: RaftState): boolean {
  const inForce = configurations.findIndex((_, place) => {
    return (configurations[place + 1]?.index ?? Infinity) > commitIndex
  })
  return configurations.slice(Math.max(0, inForce)).some(({ configuration }) => isVoter(configuration, id))
}

export function isConfiguredAnew({ state, before }: Sight): boolean {
  return (state.configurations.at(-1)?.index ?? 0) !== before?.configurationIndex
}

export function leadsAnew({ role, state, before }: Sight): boolean {
  return role === 'leader' && (before?.role !== 'leader' || before.term !== state.currentTerm)
}
