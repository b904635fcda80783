/**
 * What we need of a connection, described by its shape: those of `nats` 2.29 and of `@nats-io/transport-node` 3.4 have
 * it, although neither is assignable to the other.
 */
export interface NatsConnectionLike {
  /** Of the server that is connected now; undefined while the client dials. */
  readonly info?: { readonly max_payload: number }
  /** Both clients keep here what they were connected with, although their interfaces do not say so. */
  readonly options?: { readonly inboxPrefix?: string }
  publish(subject: string, payload?: Uint8Array, options?: { reply?: string }): void
  subscribe(
    subject: string,
    options?: { callback?: (error: Error | null, message: NatsMessageLike) => void },
  ): NatsSubscriptionLike
  flush(): Promise<void>
  close(): Promise<void>
  isClosed(): boolean
  closed(): Promise<void | Error>
  status(): AsyncIterable<NatsStatusLike>
}

export interface NatsMessageLike {
  readonly subject: string
  /** A view of a chunk of the socket: what is kept must be copied. */
  readonly data: Uint8Array
  readonly reply?: string
  readonly headers?: { readonly code: number }
}

export interface NatsSubscriptionLike {
  unsubscribe(): void
  drain(): Promise<void>
  isClosed(): boolean
}

/** `nats` adds `data`, `@nats-io/transport-node` a field of another name for each type. */
export interface NatsStatusLike {
  readonly type: string
}

/** Something that the server did not let us do. */
export interface Denial {
  readonly operation: 'publish' | 'subscription'
  readonly subject: string
}

/** What a status of type `error` says. */
export interface ServerError {
  readonly message: string
  readonly denial: Denial | undefined
}

/** `nats` puts the facts beside a code, `@nats-io/transport-node` into an error. */
export function serverErrorOf(status: NatsStatusLike): ServerError {
  const { data, error, permissionContext } = status as { data?: unknown; error?: unknown; permissionContext?: unknown }
  return {
    message: error instanceof Error ? error.message : String(data),
    denial: denialIn(permissionContext) ?? denialIn(error),
  }
}

function denialIn(facts: unknown): Denial | undefined {
  if (typeof facts !== 'object' || facts === null) return undefined
  const { operation, subject } = facts as { operation?: unknown; subject?: unknown }
  if (typeof subject !== 'string') return undefined
  return operation === 'publish' || operation === 'subscription' ? { operation, subject } : undefined
}
