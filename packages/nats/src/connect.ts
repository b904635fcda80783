import type { NatsConnectionLike } from './connection.ts'
import { NatsClientMissingError, NatsUnreachableError, messageOf } from './errors.ts'
import { own } from './ownership.ts'

/** The packages that can open a connection, the one to prefer first. */
export const NATS_CLIENTS = ['@nats-io/transport-node', 'nats'] as const

export type NatsClient = (typeof NATS_CLIENTS)[number]

export interface NatsConnectOptions {
  readonly servers: string | readonly string[]
  /** Which of the two clients opens the connection; `auto` takes the one that is installed. */
  readonly client?: NatsClient | 'auto'
  /** How long to try when no server answers at first. 10 s unless given. */
  readonly waitMs?: number
  /** How the connection is called in the server's monitoring. */
  readonly name?: string
  readonly user?: string
  readonly pass?: string
  readonly token?: string
  /** Whatever else `connect` of the client takes (`authenticator`, `tls`, `inboxPrefix` ...); it wins over ours. */
  readonly options?: object
}

/**
 * The clients' own defaults give a connection up for good some 20 s into an outage, and notice a server that no longer
 * answers after as much as six minutes. Under these it is noticed in three seconds, and never given up.
 */
export const CONNECT_SETTINGS = {
  maxReconnectAttempts: -1,
  reconnectTimeWait: 100,
  reconnectJitter: 150,
  reconnectJitterTLS: 150,
  pingInterval: 1_000,
  maxPingOut: 2,
  timeout: 2_000,
  // Two refusals in a row would end the connection, although the second server, or the next minute, may know better.
  ignoreAuthErrorAbort: true,
} as const

const DEFAULT_WAIT_MS = 10_000
const RETRY_MS = 200

type Connect = (options: object) => Promise<NatsConnectionLike>
type Import = (name: NatsClient) => Promise<{ connect: Connect }>

/**
 * Opens a connection that belongs to the transports made with it: the last of them to close closes it.
 * @throws NatsClientMissingError, NatsUnreachableError
 */
export async function connectNats(options: NatsConnectOptions): Promise<NatsConnectionLike> {
  const { servers, client = 'auto', waitMs = DEFAULT_WAIT_MS, options: more, ...identity } = options
  const connect = await findConnect(client)
  const urls = typeof servers === 'string' ? [servers] : [...servers]
  const connection = await dial(connect, { ...CONNECT_SETTINGS, ...identity, ...more, servers: urls }, waitMs)
  own(connection)
  return connection
}

/** `connect` of the first client that is installed. */
export async function findConnect(
  client: NatsClient | 'auto',
  importClient: Import = importInstalled,
): Promise<Connect> {
  const names = client === 'auto' ? NATS_CLIENTS : [client]
  let cause: unknown
  for (const name of names) {
    try {
      return (await importClient(name)).connect
    } catch (error) {
      if (!isMissing(error, name)) throw error
      cause = error
    }
  }
  throw new NatsClientMissingError(names, { cause })
}

async function importInstalled(name: NatsClient): Promise<{ connect: Connect }> {
  // Written out, for bundlers to see.
  return name === 'nats' ? await import('nats') : await import('@nats-io/transport-node')
}

// Something that the client itself misses is another matter, and told as it is.
function isMissing(error: unknown, name: NatsClient): boolean {
  const { code } = error as { code?: unknown }
  const isNotFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
  return isNotFound && messageOf(error).includes(`'${name}'`)
}

// The clients could wait by themselves (waitOnFirstConnect), but then forever and in silence.
async function dial(
  connect: Connect,
  options: { readonly servers: readonly string[] },
  waitMs: number,
): Promise<NatsConnectionLike> {
  const deadlineMs = performance.now() + waitMs
  while (true) {
    try {
      // A copy: the clients write into what they are given.
      return await connect({ ...options, servers: [...options.servers] })
    } catch (error) {
      if (isRefusal(error) || performance.now() + RETRY_MS > deadlineMs) {
        throw new NatsUnreachableError(options.servers, messageOf(error), { cause: error })
      }
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

/** Credentials do not become right by trying again. */
function isRefusal(error: unknown): boolean {
  const { code, name } = error as { code?: unknown; name?: unknown }
  return code === 'AUTHORIZATION_VIOLATION' || name === 'AuthorizationError'
}
