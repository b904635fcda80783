import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Sockets of this process, through which something arrives at its event loop. */
export interface Loopback {
  /** Calls back when the event loop reads the byte that this call sends: it has arrived when the call returns. */
  arrive(callback: () => void): void
  close(): void
}

/** Opens as many pairs of sockets as may have something on its way at once. */
export async function openLoopback(count: number): Promise<Loopback> {
  const pairs = await Promise.all(Array.from({ length: count }, openPair))
  let next = 0
  return {
    arrive: (callback) => {
      const pair = pairs[next++ % pairs.length]!
      pair.receiver.once('data', () => callback())
      pair.sender.write('.')
    },
    close: () => {
      for (const { sender, receiver } of pairs) {
        sender.destroy()
        receiver.destroy()
      }
    },
  }
}

async function openPair(): Promise<{ readonly sender: Socket; readonly receiver: Socket }> {
  // Local sockets: what is written to one end stands at the other at once, which even loopback TCP may put off.
  const name = `quorate-${randomUUID()}`
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), name)
  const server = createServer()
  server.listen(path)
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const sender = connect(path)
  const [receiver] = await accepted
  if (sender.connecting) await once(sender, 'connect')
  server.close()
  return { sender, receiver }
}
