import type { Envelope } from './envelope.ts'

/** What can happen to one machine. */
export type Input =
  | { readonly type: 'deliver'; readonly envelope: Envelope }
  /** The election timeout elapses, and nothing waits in the sockets. */
  | { readonly type: 'timeout' }
  /** A heartbeat interval passes on a leader. */
  | { readonly type: 'tick' }
  /** A client hands a command to the leader: the how manyeth of all. */
  | { readonly type: 'append'; readonly command: number }
  /** The oldest write reaches the disk. */
  | { readonly type: 'flush' }
  /** The process ends and starts anew; so many of the writes that were under way had reached the disk. */
  | { readonly type: 'crash'; readonly kept: number }
