import { isVoter, type LogPosition, type Message, type NodeId, type Term } from '@quorate/core'
import type { SimNode } from '../world/simNode.ts'
import type { Letter } from '../world/simNetwork.ts'
import type { StoreContent } from '../world/storeLedger.ts'
import { isSticky } from './electionChecks.ts'
import { hold } from './invariant.ts'
import { leadsAnew, mayBeNeeded, type Sight } from './sight.ts'
import type { WorldRecord } from './worldRecord.ts'

/** Terms and votes, on the wire, on disk and in memory. */
export class VoteChecks {
  readonly #record: WorldRecord
  /** Votes by voter and term, once said. */
  readonly #said = new Map<string, NodeId>()
  /** Votes by voter and term, once on disk. */
  readonly #durable = new Map<string, NodeId>()
  /** The same, of disks that were exchanged since: voter, term and candidate. */
  readonly #lost = new Set<string>()
  /** What candidates said of their logs, by candidate and term. */
  readonly #requests = new Map<string, LogPosition>()
  readonly #spokenTerm = new Map<NodeId, Term>()
  /** The last term spoken in, by link. */
  readonly #spokenTerms = new Map<string, Term>()

  constructor(record: WorldRecord) {
    this.#record = record
  }

  /** How many candidates of this term have asked for votes. */
  candidatesOf(term: Term, ids: readonly NodeId[]): number {
    return ids.filter((id) => this.#requests.has(keyOf(id, term))).length
  }

  sent(node: SimNode, { to, packets }: Letter): void {
    for (const { messages } of packets) {
      for (const message of messages) if ('term' in message) this.#checkMessage(node, to, message)
    }
  }

  opened({ id }: SimNode, { hardState }: StoreContent): void {
    const spoken = this.#spokenTerm.get(id) ?? 0
    hold(hardState.currentTerm >= spoken, 'termNeverFalls', () => {
      return `${id} has spoken in term ${spoken}, and comes back with term ${hardState.currentTerm}`
    })
    this.#noteDurable(id, hardState.currentTerm, hardState.votedFor)
  }

  /** Who has another disk has promised nothing; what the former one had promised was true. */
  exchanged(id: NodeId): void {
    for (const [key, candidate] of this.#durable) {
      if (!key.startsWith(`${id}@`)) continue
      this.#lost.add(`${key} ${candidate}`)
      this.#durable.delete(key)
    }
    for (const key of this.#said.keys()) if (key.startsWith(`${id}@`)) this.#said.delete(key)
    for (const link of this.#spokenTerms.keys()) if (link.startsWith(`${id}>`)) this.#spokenTerms.delete(link)
    this.#spokenTerm.delete(id)
  }

  written({ id, ledger }: SimNode): void {
    const { currentTerm, votedFor } = ledger.durable.hardState
    this.#noteDurable(id, currentTerm, votedFor)
  }

  look(sight: Sight): void {
    const { node, state, before, role } = sight
    const { currentTerm, votedFor } = state
    if (before !== undefined) {
      hold(before.term <= currentTerm, 'termNeverFalls', () => `${node.id} went from ${before.term} to ${currentTerm}`)
    }
    // A leader that was removed leads until the others can do without it (thesis §4.2.2).
    if (role === 'candidate' || leadsAnew(sight)) this.#checkMember(sight)
    if (role === 'candidate') this.#checkCount(sight)
    if (leadsAnew(sight)) this.#checkElection(sight)
    if (sight.letter !== undefined && role !== 'stopped') this.#checkHearing(sight, sight.letter)
    const isNewVote = before !== undefined && (before.term !== currentTerm || before.votedFor !== votedFor)
    if (isNewVote && votedFor !== undefined) this.#checkVote(sight, votedFor)
  }

  #checkMessage(node: SimNode, to: NodeId, message: Extract<Message, { term: Term }>): void {
    const { id, ledger } = node
    const { type, term } = message
    const { currentTerm } = ledger.durable.hardState
    hold(currentTerm >= term, 'termIsDurable', () => `${id} says ${type} in term ${term}, its disk has ${currentTerm}`)
    // Along a link: what leaves in one turn is put together by destination.
    const link = `${id}>${to}`
    const spoken = this.#spokenTerms.get(link) ?? 0
    // A server whose disk was exchanged is another one: it knows nothing of what this one has said, and never votes.
    hold(
      term >= spoken || node.lostFor === 'wipe',
      'speaksForward',
      () => `${id} says ${type} to ${to} in term ${term} after term ${spoken}`,
    )
    this.#spokenTerms.set(link, term)
    this.#spokenTerm.set(id, Math.max(this.#spokenTerm.get(id) ?? 0, term))
    if (type === 'requestVote') {
      this.#requests.set(keyOf(id, term), message.lastLog)
      this.#checkSaidVote(id, term, id)
    } else if (type === 'requestVote.granted') {
      this.#checkSaidVote(id, term, to)
    }
  }

  #checkSaidVote(voter: NodeId, term: Term, candidate: NodeId): void {
    const key = keyOf(voter, term)
    const said = this.#said.get(key) ?? candidate
    hold(said === candidate, 'oneVoteATerm', () => `${voter} votes in term ${term} for ${said} and for ${candidate}`)
    this.#said.set(key, candidate)
    const durable = this.#durable.get(key)
    hold(durable === candidate, 'voteIsDurable', () => {
      return `${voter} votes in term ${term} for ${candidate}, its disk has ${durable ?? 'no vote'}`
    })
  }

  #noteDurable(voter: NodeId, term: Term, candidate: NodeId | undefined): void {
    if (candidate === undefined) return
    const key = keyOf(voter, term)
    const former = this.#durable.get(key) ?? candidate
    hold(former === candidate, 'oneVoteATerm', () => {
      return `the disk of ${voter} holds for term ${term} a vote for ${candidate}, after one for ${former}`
    })
    this.#durable.set(key, candidate)
  }

  #hasVoted(voter: NodeId, term: Term, candidate: NodeId): boolean {
    const key = keyOf(voter, term)
    return this.#durable.get(key) === candidate || this.#lost.has(`${key} ${candidate}`)
  }

  #checkMember({ node, state, role }: Sight): void {
    hold(mayBeNeeded(state), 'membersAlone', () => {
      return `${node.id} is ${role}, and no voter of its configuration`
    })
  }

  #checkCount({ node, state }: Sight): void {
    for (const voter of state.votes) {
      hold(this.#hasVoted(voter, state.currentTerm, node.id), 'votesAreReal', () => {
        return `${node.id} counts the vote of ${voter} for term ${state.currentTerm}, whose disk has no such vote`
      })
    }
  }

  /** A letter of a server that has no place in the group, or for one that has none yet, counts for nothing. */
  #checkHearing(sight: Sight, { from, packets }: Letter): void {
    const { node, state } = sight
    const configuration = state.configurations.at(-1)?.configuration
    const isHeard = packets.every(({ store }) =>
      configuration?.members.some((member) => member.id === from && member.store === store),
    )
    const isKnown = configuration?.members.some(({ id, store }) => id === node.id && store === state.store)
    if (configuration === undefined || !isHeard || !isKnown) return
    const messages = packets.flatMap((packet) => packet.messages).filter((message) => 'term' in message)
    for (const message of messages) {
      const { term, type } = message
      if (message.type === 'requestVote' && !message.isTransfer && isSticky(sight)) continue
      hold(term <= state.currentTerm, 'newerTermIsAdopted', () => {
        return `${node.id} heard ${type} of term ${term} from ${from}, and stays in term ${state.currentTerm}`
      })
    }
    const [message, ...more] = messages
    if (message?.type !== 'requestVote' || more.length > 0 || message.term !== state.currentTerm) return
    const { last } = state.log
    const isFree = state.votedFor === undefined && (message.isTransfer || !isSticky(sight))
    const isRefused = isFree && isVoter(configuration, node.id)
    hold(!isRefused || !isAtLeast(message.lastLog, last), 'voteIsGiven', () => {
      return `${node.id}, whose log ends at ${last.index}/${last.term}, has no vote for ${from}, whose log ends at ${message.lastLog.index}/${message.lastLog.term}`
    })
  }

  #checkElection({ node, state }: Sight): void {
    const { currentTerm } = state
    const former = this.#record.leaders.get(currentTerm) ?? node.id
    hold(former === node.id, 'electionSafety', () => `term ${currentTerm} is led by ${former} and by ${node.id}`)
    this.#record.leaders.set(currentTerm, node.id)
    this.#record.lastLedTerm = Math.max(this.#record.lastLedTerm, currentTerm)
    for (const voters of state.configurations.at(-1)?.configuration.voters ?? [[]]) {
      const votes = voters.filter((id) => this.#hasVoted(id, currentTerm, node.id))
      hold(2 * votes.length > voters.length, 'leaderIsElected', () => {
        return `${node.id} leads term ${currentTerm} with the votes of ${votes.join(', ') || 'nobody'} of ${voters.join(', ')}`
      })
    }
  }

  /** Looked at when the vote is decided: the log of the voter may grow before the vote is on disk. */
  #checkVote({ node, state }: Sight, candidate: NodeId): void {
    const { currentTerm, log } = state
    const configuration = state.configurations.at(-1)?.configuration
    hold(configuration !== undefined, 'membersAlone', () => {
      return `${node.id} votes for ${candidate}, and knows of no configuration`
    })
    if (candidate === node.id) return
    const asked = this.#requests.get(keyOf(candidate, currentTerm))
    hold(asked !== undefined, 'voteIsAsked', () => {
      return `${node.id} votes for ${candidate} in term ${currentTerm}, which has not asked for it`
    })
    const { last } = log
    hold(isAtLeast(asked, last), 'voteIsEarned', () => {
      return `${node.id}, whose log ends at ${last.index}/${last.term}, votes for ${candidate}, whose log ends at ${asked.index}/${asked.term}`
    })
  }
}

/** §5.4.1. */
function isAtLeast(candidate: LogPosition, voter: LogPosition): boolean {
  return candidate.term > voter.term || (candidate.term === voter.term && candidate.index >= voter.index)
}

function keyOf(id: NodeId, term: Term): string {
  return `${id}@${term}`
}
