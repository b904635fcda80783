import { MemoryNetwork, type ClientTransport } from '@quorate/core'
import type { ClientTransportHarness } from '../../src/contracts/index.ts'
import { BRIEF } from './caught.ts'
import { loopClock } from './loopClock.ts'

/** Makes something else of a sound client transport. Clients of one meeting share the `meeting`. */
export type ClientChange = (client: ClientTransport, meeting: object) => ClientTransport

/** Meetings of sound client transports, all changed by `change`. */
export function clientsLike(change: ClientChange = (client) => client): ClientTransportHarness {
  return {
    ...BRIEF,
    meeting: async () => {
      const network = new MemoryNetwork({ clock: loopClock })
      return { client: async () => change(soundClient(network.client()), network) }
    },
  }
}

/** `client` with some of its methods replaced. */
export function altered(client: ClientTransport, changes: Partial<ClientTransport>): ClientTransport {
  return {
    maxEntryBytes: client.maxEntryBytes,
    request: (group, request, timeoutMs, settled) => client.request(group, request, timeoutMs, settled),
    serve: (group, term, handler) => client.serve(group, term, handler),
    close: (done) => client.close(done),
    ...changes,
  }
}

/** Passes on what `client` passes on, and keeps all that the port promises. */
function soundClient(client: ClientTransport): ClientTransport {
  const ends = new Set<() => void>()
  return altered(client, {
    serve: (group, term, handler) => {
      const end = client.serve(group, term, (request, reply) => {
        if (request.type !== 'append' || request.term === term) handler(request, reply)
        else reply({ type: 'notLeader', term, leaderId: undefined })
      })
      ends.add(end)
      return end
    },
    close: (done) => {
      for (const end of ends) end()
      client.close(done)
    },
  })
}
