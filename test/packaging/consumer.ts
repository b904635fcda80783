// A small application, compiled against the sources here and against the installed tarballs by tarballs.test.ts. The
// lines that must be refused prove that types arrive at all: what is `any` refuses nothing.
import { DEFAULT_SETTINGS, type Store } from '@quorate/core'
import { openDiskStore } from '@quorate/disk'
import {
  AppendOutcomeUnknownError,
  connectLog,
  memoryNetwork,
  memoryStore,
  openLog,
  openNode,
  type LogEntry,
  type ReplicatedLog,
  type Term,
} from '@quorate/log'
import { connectNats, natsNetwork } from '@quorate/nats'
import { decodeEntry } from '@quorate/wire'
import { connect } from 'nats'

/** Over the user's own connection, and over one that was opened for Quorate. */
export async function overNats(folder: string): Promise<ReplicatedLog> {
  const store: Store = await openDiskStore({ folder })
  const network = natsNetwork({ connection: await connect({ servers: 'localhost' }), prefix: 'orders' })
  connectLog('orders', { network: natsNetwork({ connection: await connectNats({ servers: 'localhost' }) }) })
  // @ts-expect-error a connection is no URL
  natsNetwork({ connection: 'nats://localhost' })
  // @ts-expect-error the store is missing
  await openLog('orders', { id: 'a', network })
  return openLog('orders', { id: 'a', network, store, settings: { heartbeatIntervalMs: 100 } })
}

export async function inMemory(): Promise<Term> {
  const node = await openNode({ id: 'a', network: memoryNetwork(), store: memoryStore(), inspect: () => {} })
  await node.bootstrap('orders', ['a'])
  const log = await node.openLog('orders')
  try {
    const { index, term } = await log.append('an order')
    // @ts-expect-error an index is a number
    index.toUpperCase()
    return term
  } catch (error) {
    if (error instanceof AppendOutcomeUnknownError) return error.term
    throw error
  }
}

export async function* texts(log: ReplicatedLog): AsyncGenerator<string> {
  for await (const entry of log.subscribe({ from: { index: 1 } })) yield textOf(entry)
}

function textOf(entry: LogEntry): string {
  return entry.kind === 'command' ? entry.text() : ''
}

export const known: readonly [number, unknown] = [DEFAULT_SETTINGS.heartbeatIntervalMs, decodeEntry]
