import type { Message } from '@quorate/core'

/** What a message is called in a story; a `heartbeat` is an AppendEntries without entries (§5.2). */
export type MessageName = Message['type'] | 'heartbeat'

/** What a server is; `down` is a process that does not run, `stopped` a server that gave up within one that does. */
export type StoryRole = 'follower' | 'candidate' | 'leader' | 'stopped' | 'down'

/** What a happening is about, which decides how it looks. */
export type StoryTone = 'role' | 'disk' | 'fault' | 'commit' | 'client' | 'broken'

/** A message left its sender. */
export interface MessageSent {
  readonly kind: 'sent'
  readonly atMs: number
  /** Names the message within the story. */
  readonly message: number
  readonly from: string
  readonly to: string
  readonly name: MessageName
  /** The message in words, its name first: `appendEntries term 3 prev 4/2 entries 5/3 commit 4`. */
  readonly text: string
}

/** A message arrived: perhaps a second time, perhaps minutes after it was sent. */
export interface MessageReceived {
  readonly kind: 'received'
  readonly atMs: number
  readonly message: number
  /** Which of its copies, when it is not the message itself. */
  readonly copy?: number
}

/** A message, or a copy of it, went under. */
export interface MessageLost {
  readonly kind: 'lost'
  readonly atMs: number
  readonly message: number
  readonly why: string
}

/** Something happened on a node, or to the world as a whole. */
export interface Happening {
  readonly kind: 'happened'
  readonly atMs: number
  /** Undefined: the world. */
  readonly node: string | undefined
  readonly text: string
  readonly tone: StoryTone
}

/** A server took on a role, or its role a new term. */
export interface RoleTaken {
  readonly kind: 'role'
  readonly atMs: number
  readonly node: string
  readonly role: StoryRole
  readonly term: number
}

export type StoryStep = MessageSent | MessageReceived | MessageLost | Happening | RoleTaken

/** The promise that did not hold: the sentence itself, and what was found instead. */
export interface BrokenPromise {
  readonly promise: string
  readonly detail: string
  readonly atMs: number
}

/** A run of a cluster as it is told to a developer. Steps stand in the order they happened, in simulated milliseconds. */
export interface Story {
  readonly title: string
  readonly seed: number
  /** In the order in which they are drawn. */
  readonly nodes: readonly string[]
  readonly broken: BrokenPromise | undefined
  /** The command that replays the run. */
  readonly replay: string
  readonly steps: readonly StoryStep[]
}
