import type { ClientOutcome, ClientTransport, Network, NodeId, Transport } from '@quorate/core'
import { memoryNetwork } from '@quorate/log'

/** The memory network, with a plug for each node to pull: what a cut node says and hears is gone, as over a dead cable. */
export class CuttableNetwork {
  readonly #network = memoryNetwork()
  readonly #cut = new Set<NodeId>()
  readonly #plugs = new Map<NodeId, Set<Plug>>()

  /** What the node (or client) of this name is given. */
  for(id: NodeId): Network {
    return { join: (node) => this.#join(node), client: () => this.#client(id) }
  }

  cut(...ids: NodeId[]): void {
    for (const id of ids) {
      this.#cut.add(id)
      for (const plug of this.#plugs.get(id) ?? []) plug.pull()
    }
  }

  heal(): void {
    const healed = [...this.#cut]
    this.#cut.clear()
    for (const id of healed) for (const plug of this.#plugs.get(id) ?? []) plug.insert()
  }

  #join(node: NodeId): Transport {
    const inner = this.#network.join(node)
    return {
      ...inner,
      open: (receiver) =>
        inner.open({
          received: (from, packet) => {
            if (!this.#cut.has(node) && !this.#cut.has(from)) receiver.received(from, packet)
          },
          connected: () => receiver.connected(),
          disconnected: () => receiver.disconnected(),
        }),
    }
  }

  /** As over NATS: a lost connection takes its listeners along, and settles the requests that are open. */
  #client(id: NodeId): ClientTransport {
    const inner = this.#network.client()
    const plugs = this.#plugs.get(id) ?? new Set()
    this.#plugs.set(id, plugs)
    return {
      maxEntryBytes: inner.maxEntryBytes,
      close: (done) => inner.close(done),
      request: (group, request, timeoutMs, settled) => {
        if (this.#cut.has(id)) {
          setImmediate(() => settled({ type: 'notSent', reason: 'disconnected' }))
          return
        }
        let isOpen = true
        const settle = (outcome: ClientOutcome): void => {
          if (!isOpen) return
          isOpen = false
          plugs.delete(plug)
          settled(outcome)
        }
        const plug = { pull: () => settle({ type: 'noAnswer', reason: 'disconnected' }), insert: () => {} }
        plugs.add(plug)
        inner.request(group, request, timeoutMs, settle)
      },
      serve: (group, term, handler) => {
        const listen = (): (() => void) =>
          inner.serve(group, term, (request, reply) =>
            handler(request, (answer) => {
              if (!this.#cut.has(id)) reply(answer)
            }),
          )
        let stop = this.#cut.has(id) ? undefined : listen()
        const plug = {
          pull: () => {
            stop?.()
            stop = undefined
          },
          insert: () => {
            stop ??= listen()
          },
        }
        plugs.add(plug)
        return () => {
          plugs.delete(plug)
          stop?.()
        }
      },
    }
  }
}

interface Plug {
  readonly pull: () => void
  readonly insert: () => void
}
