import type { ClientOutcome, ClientReply, ClientRequest } from '../clientProtocol.ts'
import type { GroupId, NodeId, Term } from '../identifiers.ts'
import type { Packet } from '../messages.ts'
import type { ClientRequestHandler, ClientTransport, Clock, Network, Transport, TransportReceiver } from '../ports.ts'

/** A leader that listens. */
interface Service {
  readonly term: Term
  readonly handler: ClientRequestHandler
}

/**
 * A network within one process: real, and as wide as the process. Packets arrive in a later turn, in order, as long as
 * both nodes are joined; requests reach whoever listens for the group.
 */
export class MemoryNetwork implements Network {
  readonly #clock: Clock
  readonly #receivers = new Map<NodeId, TransportReceiver>()
  readonly #services = new Map<GroupId, Set<Service>>()

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock
  }

  join(node: NodeId): Transport {
    return {
      maxEntryBytes: Infinity,
      open: (receiver) => {
        if (this.#receivers.has(node)) throw new Error(`node ${node} has joined this network already`)
        this.#receivers.set(node, receiver)
        this.#clock.soon(() => receiver.connected())
      },
      send: (to, packets) => this.#clock.soon(() => this.#deliver(node, to, packets)),
      close: (done) => {
        this.#receivers.delete(node)
        this.#clock.soon(done)
      },
    }
  }

  client(): ClientTransport {
    const open = new Set<(outcome: ClientOutcome) => void>()
    const served = new Set<() => void>()
    let isClosed = false
    return {
      maxEntryBytes: Infinity,
      request: (group, request, timeoutMs, settled) => {
        if (isClosed) {
          this.#clock.soon(() => settled({ type: 'notSent', reason: 'closed' }))
          return
        }
        const settle = this.#settleOnce(open, timeoutMs, settled)
        this.#clock.soon(() => this.#ask(group, request, settle))
      },
      serve: (group, term, handler) => {
        const stop = this.#serve(group, { term, handler })
        served.add(stop)
        return () => {
          served.delete(stop)
          stop()
        }
      },
      close: (done) => {
        isClosed = true
        for (const stop of served) stop()
        this.#clock.soon(() => {
          for (const settle of open) settle({ type: 'noAnswer', reason: 'closed' })
          done()
        })
      },
    }
  }

  #deliver(from: NodeId, to: NodeId, packets: readonly Packet[]): void {
    // Looked up one by one: a packet may end the node that the next is for.
    for (const packet of packets) this.#receivers.get(to)?.received(from, packet)
  }

  /** An append goes to the leader of the term it names, and to nobody else. */
  #ask(group: GroupId, request: ClientRequest, settle: (outcome: ClientOutcome) => void): void {
    const all = [...(this.#services.get(group) ?? [])]
    const asked = request.type === 'append' ? all.filter(({ term }) => request.term === term) : all
    if (asked.length === 0) settle({ type: 'noResponder' })
    const reply = firstDecisive(asked.length, settle)
    for (const { handler } of asked) handler(request, (answer) => this.#clock.soon(() => reply(answer)))
  }

  #serve(group: GroupId, service: Service): () => void {
    const services = this.#services.get(group) ?? new Set()
    this.#services.set(group, services.add(service))
    return () => services.delete(service)
  }

  #settleOnce(
    open: Set<(outcome: ClientOutcome) => void>,
    timeoutMs: number,
    settled: (outcome: ClientOutcome) => void,
  ): (outcome: ClientOutcome) => void {
    const settle = (outcome: ClientOutcome): void => {
      if (!open.delete(settle)) return
      this.#clock.clearTimeout(timer)
      settled(outcome)
    }
    open.add(settle)
    const timer = this.#clock.setTimeout(() => settle({ type: 'noAnswer', reason: 'timeout' }), timeoutMs)
    return settle
  }
}

/** While an old leader and a new one both listen, the one's "not I" says nothing of the other. */
function firstDecisive(asked: number, settle: (reply: ClientReply) => void): (reply: ClientReply) => void {
  let open = asked
  return (reply) => {
    open--
    if (reply.type !== 'notLeader' || open === 0) settle(reply)
  }
}
