export { type NatsClient, type NatsConnectOptions, CONNECT_SETTINGS, connectNats } from './connect.ts'
export type { NatsConnectionLike, NatsMessageLike, NatsStatusLike, NatsSubscriptionLike } from './connection.ts'
export { NatsClientMissingError, NatsUnreachableError } from './errors.ts'
export {
  type NatsClientTransport,
  type NatsClientTransportCounters,
  type NatsClientTransportOptions,
  natsClientTransport,
} from './natsClientTransport.ts'
export { type NatsNetworkOptions, natsNetwork } from './natsNetwork.ts'
export {
  type NatsTransport,
  type NatsTransportCounters,
  type NatsTransportOptions,
  natsTransport,
} from './natsTransport.ts'
export type { Problem, ProblemCounts, ProblemHandler, ProblemKind } from './problems.ts'
