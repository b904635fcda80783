import type {
  ClientOutcome,
  ClientReply,
  ClientRequest,
  ClientRequestHandler,
  ClientTransport,
  GroupId,
  NodeId,
  Term,
} from '@quorate/core'
import type { SimRandom } from '../random.ts'
import { PHASES, type EventQueue } from './eventQueue.ts'
import type { SimNetwork } from './simNetwork.ts'
import type { SimProcess } from './simProcess.ts'

/** A leader that listens. */
interface Service {
  readonly node: NodeId
  readonly process: SimProcess
  readonly term: Term
  readonly handler: ClientRequestHandler
}

/** The way from any process to whoever leads a group. Requests and replies may be lost or late; none comes twice. */
export class SimClients {
  readonly #network: SimNetwork
  readonly #queue: EventQueue
  readonly #random: SimRandom
  readonly #services = new Map<GroupId, Set<Service>>()

  constructor(network: SimNetwork, queue: EventQueue, random: SimRandom) {
    this.#network = network
    this.#queue = queue
    this.#random = random
  }

  /** The way in for `process`, which the network knows as `place`. */
  open(place: string, process: SimProcess): ClientTransport {
    const open = new Set<(outcome: ClientOutcome) => void>()
    const served = new Set<() => void>()
    let isClosed = false
    return {
      maxEntryBytes: Infinity,
      request: (group, request, timeoutMs, settled) => {
        if (isClosed) {
          process.soon(() => settled({ type: 'notSent', reason: 'closed' }))
          return
        }
        const settle = settleOnce(process, open, timeoutMs, settled)
        this.#carry(() => this.#ask(place, group, request, (outcome) => process.arrive(0, () => settle(outcome))))
      },
      serve: (group, term, handler) => {
        const stop = this.#serve(group, { node: place, process, term, handler })
        served.add(stop)
        return () => {
          served.delete(stop)
          stop()
        }
      },
      close: (done) => {
        isClosed = true
        for (const stop of served) stop()
        process.soon(() => {
          for (const settle of open) settle({ type: 'noAnswer', reason: 'closed' })
          done()
        })
      },
    }
  }

  /** The process is gone: nobody listens there any more. */
  leave(process: SimProcess): void {
    for (const services of this.#services.values()) {
      for (const service of services) if (service.process === process) services.delete(service)
    }
  }

  #serve(group: GroupId, service: Service): () => void {
    const services = this.#services.get(group) ?? new Set()
    this.#services.set(group, services.add(service))
    return () => services.delete(service)
  }

  /** An append goes to the leader of the term that it names alone: if none listens, nobody has heard it. */
  #ask(place: string, group: GroupId, request: ClientRequest, settle: (outcome: ClientOutcome) => void): void {
    const asked = [...(this.#services.get(group) ?? [])].filter(
      ({ node, term }) => this.#network.reaches(place, node) && (request.type !== 'append' || request.term === term),
    )
    if (asked.length === 0) {
      this.#carry(() => settle({ type: 'noResponder' }))
      return
    }
    const reply = firstDecisive(asked.length, settle)
    for (const { node, process, handler } of asked) {
      process.arrive(0, () => handler(request, (answer) => this.#answer(node, place, () => reply(answer))))
    }
  }

  #answer(from: NodeId, place: string, reply: () => void): void {
    if (this.#network.reaches(from, place)) this.#carry(reply)
  }

  #carry(arrive: () => void): void {
    const { delayMs, lossProbability, lateProbability, lateMs } = this.#network.conditions
    if (this.#random.happens(lossProbability)) return
    const delay = this.#random.between(...(this.#random.happens(lateProbability) ? lateMs : delayMs))
    this.#queue.add(this.#queue.now + delay, PHASES.sockets, undefined, arrive)
  }
}

function settleOnce(
  process: SimProcess,
  open: Set<(outcome: ClientOutcome) => void>,
  timeoutMs: number,
  settled: (outcome: ClientOutcome) => void,
): (outcome: ClientOutcome) => void {
  const settle = (outcome: ClientOutcome): void => {
    if (!open.delete(settle)) return
    process.clearTimeout(timer)
    settled(outcome)
  }
  open.add(settle)
  const timer = process.setTimeout(() => settle({ type: 'noAnswer', reason: 'timeout' }), timeoutMs)
  return settle
}

/** While an old leader and a new one both listen, the one's "not I" says nothing of the other. */
function firstDecisive(asked: number, settle: (reply: ClientReply) => void): (reply: ClientReply) => void {
  let open = asked
  return (reply) => {
    open--
    if (reply.type !== 'notLeader' || open === 0) settle(reply)
  }
}
