import type { NatsConnectionLike } from './connection.ts'

/** How many transports use each connection that we opened ourselves. */
const users = new WeakMap<NatsConnectionLike, number>()

/** `connection` is ours to close, once the last transport that was made with it has closed. */
export function own(connection: NatsConnectionLike): void {
  users.set(connection, 0)
}

/** A transport uses `connection` from here on. */
export function hold(connection: NatsConnectionLike): void {
  const count = users.get(connection)
  if (count !== undefined) users.set(connection, count + 1)
}

/** A transport is done with `connection`. One of the user's own is left alone. */
export async function release(connection: NatsConnectionLike): Promise<void> {
  const count = users.get(connection)
  if (count === undefined) return
  users.set(connection, count - 1)
  if (count > 1) return
  users.delete(connection)
  await connection.close()
}
