import { type LogPosition, type NodeId, type Term } from '@quorate/core'
import type { Letter } from '../world/simNetwork.ts'
import type { SimNode } from '../world/simNode.ts'
import { hold } from './invariant.ts'
import { heardAlone, isWordOfLeader, mayBeNeeded, type Sight } from './sight.ts'

/** Whether a server believes in its leader, or in itself as one, so that it listens to no candidate (thesis §4.2.3). */
export function isSticky({ node, state, before }: Sight): boolean {
  const { checkQuorum, electionTimeoutMinMs } = state.settings
  if (!checkQuorum) return false
  return before?.role === 'leader' || (node.process?.now() ?? 0) - state.leaderHeardAtMs < electionTimeoutMinMs
}

/** What a voter was asked, and whether it had a leader then. */
interface Question {
  readonly candidate: LogPosition
  readonly voter: LogPosition
  readonly hasLeader: boolean
}

/** Elections that disturb nobody: what is asked before a term begins, and who may begin one. */
export class ElectionChecks {
  /** By voter, candidate, term and round. */
  readonly #asked = new Map<string, Question[]>()
  /** Who granted a pre-vote, by candidate, term and round, once the candidate has heard of it. */
  readonly #granted = new Map<string, Set<NodeId>>()
  /** When a leader was last heard, as its followers have it. */
  readonly #heardAtMs = new Map<NodeId, { readonly incarnation: number; readonly atMs: number }>()

  sent({ id }: SimNode, { to, packets }: Letter): void {
    for (const message of packets.flatMap(({ messages }) => messages)) {
      if (message.type !== 'preVote.granted') continue
      const asked = this.#asked.get(keyOf(id, to, message.term, message.round)) ?? []
      // A question may come twice, and the first answer wait for the disk meanwhile.
      hold(asked.length === 0 || asked.some(mayBeGranted), 'preVoteIsEarned', () => {
        const { candidate, voter, hasLeader } = asked[0]!
        const why = hasLeader ? 'has a leader' : `has a log that ends at ${voter.index}/${voter.term}`
        return `${id}, which ${why}, would vote for ${to}, whose log ends at ${candidate.index}/${candidate.term}`
      })
    }
  }

  look(sight: Sight): void {
    this.#noteAnswers(sight)
    this.#checkQuestion(sight)
    this.#checkBelief(sight)
    this.#checkContact(sight)
    this.#checkNewTerm(sight)
  }

  #noteAnswers({ node, letter }: Sight): void {
    for (const message of letter?.packets.flatMap(({ messages }) => messages) ?? []) {
      if (message.type !== 'preVote.granted' || letter === undefined) continue
      const key = keyOf(`${node.id}.${node.incarnation}`, '', message.term, message.round)
      this.#granted.set(key, (this.#granted.get(key) ?? new Set()).add(letter.from))
    }
  }

  /** A question, heard alone, leaves term and vote as they are. */
  #checkQuestion(sight: Sight): void {
    const { node, state, before, letter } = sight
    const message = heardAlone(sight)
    if (message?.type !== 'preVote' || before === undefined || letter === undefined) return
    const { currentTerm, votedFor, log } = state
    const { term, round, lastLog } = message
    if (term !== before.term) return
    const key = keyOf(node.id, letter.from, term, round)
    const question = { candidate: lastLog, voter: log.last, hasLeader: isSticky(sight) }
    this.#asked.set(key, [...(this.#asked.get(key) ?? []), question])
    hold(currentTerm === before.term && votedFor === before.votedFor, 'preVoteIsEarned', () => {
      return `${node.id} is asked for a pre-vote in term ${term}, and has term ${currentTerm} and a vote for ${votedFor ?? 'nobody'} then`
    })
  }

  #checkBelief(sight: Sight): void {
    const { node, state, before, letter } = sight
    const message = heardAlone(sight)
    if (message?.type !== 'requestVote' || message.isTransfer || before === undefined) return
    const hasListened = state.currentTerm !== before.term || state.votedFor !== before.votedFor
    hold(!hasListened || !isSticky(sight), 'leaderIsBelieved', () => {
      return `${node.id} listens to ${letter?.from}, which stands for term ${message.term}, though it has a leader`
    })
  }

  /** What it takes for the last word of a leader was one. */
  #checkContact({ node, state, before, letter }: Sight): void {
    const former = this.#heardAtMs.get(node.id)
    const { leaderHeardAtMs } = state
    this.#heardAtMs.set(node.id, { incarnation: node.incarnation, atMs: leaderHeardAtMs })
    if (before === undefined || former?.incarnation !== node.incarnation || former.atMs === leaderHeardAtMs) return
    const isLed = letter?.packets.some(({ messages }) =>
      messages.some((message) => isWordOfLeader(message) && message.term >= before.term),
    )
    hold(isLed ?? false, 'leaderIsBelieved', () => `${node.id} takes a leader for heard that has said nothing`)
  }

  #checkNewTerm({ node, state, before, letter }: Sight): void {
    const { currentTerm, votedFor, settings, preVoteRound } = state
    const hasBegun = before !== undefined && currentTerm > before.term && votedFor === node.id
    if (!hasBegun || !settings.preVote) return
    const isTold = letter?.packets.some(({ messages }) => messages.some(({ type }) => type === 'timeoutNow')) ?? false
    if (isTold) return
    const granted = this.#granted.get(keyOf(`${node.id}.${node.incarnation}`, '', currentTerm - 1, preVoteRound))
    const configuration = state.configurations.at(-1)?.configuration
    for (const voters of configuration?.voters ?? []) {
      const willing = voters.filter((id) => id === node.id || granted?.has(id))
      hold(2 * willing.length > voters.length, 'termIsWanted', () => {
        return `${node.id} begins term ${currentTerm}, and of ${voters.join(', ')} only ${willing.join(', ')} would vote for it`
      })
    }
    hold(mayBeNeeded(state), 'membersAlone', () => {
      return `${node.id} begins term ${currentTerm}, and is no voter of its configuration`
    })
  }
}

function mayBeGranted({ candidate, voter, hasLeader }: Question): boolean {
  const isAtLeast = candidate.term > voter.term || (candidate.term === voter.term && candidate.index >= voter.index)
  return isAtLeast && !hasLeader
}

function keyOf(id: string, other: string, term: Term, round: number): string {
  return `${id}<${other}@${term}#${round}`
}
