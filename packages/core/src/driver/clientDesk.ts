import type { AppendRequest, ClientReply, ClientRequest } from '../clientProtocol.ts'
import { commandBytes } from '../entry.ts'
import { LogCompactedError } from '../errors.ts'
import type { Index } from '../identifiers.ts'
import type { ClientTransport } from '../ports.ts'
import type { AppendOrder } from '../state/pendingAppends.ts'
import type { ReadOrder } from '../state/readRounds.ts'
import type { RaftServer } from '../statecharts/raftServer.ts'
import type { EntriesDone } from './applier.ts'
import type { ServerStatus } from './status.ts'

export interface ClientDeskOptions {
  readonly server: RaftServer
  readonly client: ClientTransport
  /** The largest entry that this node can pass on, in bytes. */
  readonly maxEntryBytes: () => number
  readonly order: (order: AppendOrder) => void
  readonly ask: (order: ReadOrder) => void
  readonly read: (after: Index, maxBytes: number, done: EntriesDone) => void
}

/** Where clients are heard: open while this server leads, and for the term it leads in. */
export class ClientDesk {
  readonly #options: ClientDeskOptions
  #close: (() => void) | undefined

  constructor(options: ClientDeskOptions) {
    this.#options = options
  }

  /** Opens or closes as the status has it. */
  follow({ role, group, term }: ServerStatus): void {
    this.#close?.()
    this.#close = undefined
    if (role !== 'leader') return
    this.#close = this.#options.client.serve(group, term, (request, reply) => this.#answer(request, reply))
  }

  #answer(request: ClientRequest, reply: (reply: ClientReply) => void): void {
    const { role, state, id } = this.#options.server
    const { currentTerm: term, leaderId, commitIndex } = state
    if (role !== 'leader') {
      reply({ type: 'notLeader', term, leaderId })
      return
    }
    switch (request.type) {
      case 'append':
        this.#append(request, reply)
        return
      case 'status':
        reply({ type: 'status', leaderId: id, term, commitIndex })
        return
      case 'readIndex':
        this.#options.ask({ token: reply, mayLease: request.mayLease })
        return
      case 'read':
        this.#options.read(request.after, request.maxBytes, (error, entries) => {
          if (error instanceof LogCompactedError) reply({ type: 'compacted', firstAvailable: error.firstAvailable })
          else if (error !== undefined) reply({ type: 'refused', reason: 'closed', message: error.message })
          else reply({ type: 'entries', entries, commitIndex: state.commitIndex, term: state.currentTerm })
        })
    }
  }

  /** What this node could not send to its followers must not come into its log. */
  #append({ term, commands }: AppendRequest, reply: (reply: ClientReply) => void): void {
    const maxBytes = this.#options.maxEntryBytes()
    const tooLarge = commands.find((command) => commandBytes(command) > maxBytes)
    if (tooLarge === undefined) {
      this.#options.order({ token: reply, term, commands })
      return
    }
    const message = `a command takes up to ${commandBytes(tooLarge)} bytes, the leader's limit is ${maxBytes}`
    reply({ type: 'refused', reason: 'tooLarge', message })
  }
}
