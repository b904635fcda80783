import type { ClientOutcome, ClientRequest, Network } from '@quorate/core'
import { memoryNetwork } from '@quorate/log'

export interface SmallMessages extends Network {
  /** Every request that left, in order. */
  readonly sent: ClientRequest[]
}

/** The memory network, with the limit that every other network has. What is larger does not get through. */
export function smallMessages(maxEntryBytes: number): SmallMessages {
  const network = memoryNetwork()
  const sent: ClientRequest[] = []
  return {
    sent,
    join: (node) => ({ ...network.join(node), maxEntryBytes }),
    client: () => {
      const client = network.client()
      return {
        ...client,
        maxEntryBytes,
        request: (group, request, timeoutMs, settled: (outcome: ClientOutcome) => void) => {
          sent.push(request)
          client.request(group, request, timeoutMs, settled)
        },
      }
    },
  }
}
