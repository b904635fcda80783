import { QuorateError } from '@quorate/core'

/** No NATS client is installed beside this package. */
export class NatsClientMissingError extends QuorateError {
  readonly code = 'NATS_CLIENT_MISSING'
  /** The packages that would do. */
  readonly packages: readonly string[]

  constructor(packages: readonly string[], options?: ErrorOptions) {
    super(`no NATS client found (${packages.join(', ')}). Install one: npm install ${packages[0]}`, options)
    this.packages = packages
  }
}

/** No server was reached in time, or the one that was did not let us in. */
export class NatsUnreachableError extends QuorateError {
  readonly code = 'NATS_UNREACHABLE'
  readonly servers: readonly string[]

  constructor(servers: readonly string[], why: string, options?: ErrorOptions) {
    super(`no connection to NATS at ${servers.join(', ')}: ${why}`, options)
    this.servers = servers
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
