// Where the inspector sends and receivers listen. `createInspectorServer` of the package does this too, but it listens on
// all addresses of the machine and forgets everything but the last 200 messages, the actors first of all.
import { once } from 'node:events'
import { WebSocketServer } from 'ws'

/**
 * Passes on what each client sends to all others. Who comes late is first told of all actors that live, as they stand.
 *
 * @param {{ port?: number }} [options] A free port unless one is given.
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function startLoopbackRelay({ port = 0 } = {}) {
  const server = new WebSocketServer({ host: '127.0.0.1', port, verifyClient: isFromHere })
  await once(server, 'listening')
  /** @type {Map<string, { actor: string, snapshot: string | undefined }>} */
  const living = new Map()

  server.on('connection', (socket) => {
    for (const { actor, snapshot } of living.values()) {
      socket.send(actor)
      if (snapshot !== undefined) socket.send(snapshot)
    }
    socket.on('message', (/** @type {Buffer} */ data) => {
      const text = data.toString()
      note(living, text)
      for (const client of server.clients) if (client !== socket) client.send(text)
    })
  })

  const { port: chosen } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return {
    url: `ws://127.0.0.1:${chosen}`,
    async close() {
      for (const client of server.clients) client.close()
      server.close()
      await once(server, 'close')
    },
  }
}

/**
 * @param {Map<string, { actor: string, snapshot: string | undefined }>} living
 * @param {string} text
 */
function note(living, text) {
  const { type, sessionId, snapshot } = JSON.parse(text)
  const known = living.get(sessionId)
  if (type === '@xstate.actor') living.set(sessionId, { actor: text, snapshot: undefined })
  else if (type === '@xstate.snapshot' && snapshot.status !== 'active') living.delete(sessionId)
  else if (type === '@xstate.snapshot' && known !== undefined) known.snapshot = text
}

/**
 * Any page in a browser on this machine can dial a loopback port; it then says where it comes from.
 *
 * @param {{ origin: string | undefined }} client
 */
function isFromHere({ origin }) {
  return origin === undefined || /^https?:\/\/(localhost|127\.0\.0\.1)(:\d+)?$/.test(origin)
}
