import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTransportNode } from '@nats-io/transport-node'
import { openDiskStore } from '@quorate/disk'
import {
  openNode,
  type GroupId,
  type NodeId,
  type QuorateNode,
  type RaftSettings,
  type ReplicatedLog,
} from '@quorate/log'
import { natsNetwork, type NatsConnectionLike } from '@quorate/nats'
import { connect as connectNatsPackage } from 'nats'
import { afterEach } from 'vitest'
import { startNatsServer, type NatsServer } from '../setup/nats-server.mjs'

/** A connection as an application has it, with what tests look at beyond our own needs. */
export interface UserConnection extends NatsConnectionLike {
  stats(): { inMsgs: number; outMsgs: number }
  request(subject: string, payload?: Uint8Array, options?: { timeout: number }): Promise<unknown>
}

const cleanUps: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
}, 30_000)

function opening(connect: (options: object) => Promise<UserConnection>) {
  return async (server: NatsServer): Promise<UserConnection> => {
    const connection = await connect({
      servers: [server.url],
      reconnectTimeWait: 50,
      reconnectJitter: 20,
      maxReconnectAttempts: -1,
    })
    cleanUps.push(() => connection.close())
    return connection
  }
}

/** The two clients, for `describe.each`. */
export const clients = [
  { client: 'nats', connect: opening(connectNatsPackage) },
  { client: '@nats-io/transport-node', connect: opening(connectTransportNode) },
] as const

export type Connect = (typeof clients)[number]['connect']

/** A nats-server with monitoring, ended after the test. */
export async function natsServer(): Promise<NatsServer> {
  const server = await startNatsServer({ args: ['-m', '-1'] })
  cleanUps.push(() => server.stop('SIGKILL'))
  return server
}

/** A folder, removed after the test. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'quorate-store-'))
  cleanUps.push(() => rmSync(made, { recursive: true, force: true }))
  return made
}

/** A process's worth of Quorate: its own connection, folder and node. */
export interface Member {
  readonly id: NodeId
  readonly folder: string
  readonly connection: UserConnection
  readonly node: QuorateNode
}

export interface MemberOptions {
  readonly id: NodeId
  readonly connection: UserConnection
  readonly prefix?: string
  /** A new one unless given. */
  readonly folder?: string
  readonly settings?: Partial<RaftSettings>
}

export async function openMember({ id, connection, prefix, settings = {}, ...given }: MemberOptions): Promise<Member> {
  const at = given.folder ?? folder()
  const node = await openNode({
    id,
    network: natsNetwork(prefix === undefined ? { connection } : { connection, prefix }),
    store: await openDiskStore({ folder: at, segmentBytes: 1024 * 1024 }),
    settings,
  })
  cleanUps.push(() => node.close())
  return { id, folder: at, connection, node }
}

/** n1, n2 and n3, each with a connection of its own. */
export function openMembers(
  server: NatsServer,
  connect: Connect,
  options: Omit<MemberOptions, 'id' | 'connection' | 'folder'> = {},
): Promise<Member[]> {
  return Promise.all(
    ['n1', 'n2', 'n3'].map(async (id) => openMember({ id, connection: await connect(server), ...options })),
  )
}

/** The group's log on each of its members, from its birth on. */
export async function giveBirth(group: GroupId, members: readonly Member[]): Promise<ReplicatedLog[]> {
  await members[0]!.node.bootstrap(
    group,
    members.map(({ id }) => id),
  )
  return Promise.all(members.map(({ node }) => node.openLog(group)))
}

interface Connz {
  readonly connections: readonly {
    readonly cid: number
    readonly port: number
    readonly subscriptions_list?: string[]
  }[]
}

/** The subjects that each connection of the server has subscribed to. */
export async function subscriptionsAt(server: NatsServer): Promise<string[][]> {
  const { connections } = (await monitoring(server, 'connz?subs=1')) as Connz
  return connections.map(({ subscriptions_list = [] }) => subscriptions_list)
}

/** What nats-server tells of itself over HTTP. */
export async function monitoring(server: NatsServer, page: string): Promise<unknown> {
  const [, port] =
    /Starting http monitor on 127\.0\.0\.1:(\d+)(?![\s\S]*Starting http monitor)/.exec(server.output()) ?? []
  const response = await fetch(`http://127.0.0.1:${port}/${page}`)
  return response.json()
}
