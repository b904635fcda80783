import { isVoter, type Index, type NodeId, type RaftState } from '@quorate/core'
import type { Letter } from '../world/simNetwork.ts'
import type { SimNode } from '../world/simNode.ts'
import { hold } from './invariant.ts'
import { isWordOfLeader, leadsAnew, type Sight } from './sight.ts'

/** Milliseconds that a turn may take beyond what its process is busy for. */
const SLACK_MS = 1

/** What is remembered of a server's timers from one look to the next. */
interface TimerGlimpse {
  readonly incarnation: number
  readonly lastContactMs: number
  readonly electionTimeoutMs: number
  /** The place of the configuration under which it began to wait: 0 for none. */
  readonly waitsUnder: Index
}

/** Who waits for whom, and how long. */
export class TimerChecks {
  readonly #now: () => number
  readonly #glimpses = new Map<NodeId, TimerGlimpse>()
  /** When a leader last said something to a follower, by link: milliseconds of the world. */
  readonly #spokeAtMs = new Map<string, number>()
  /** What a leader knows of a follower, by link: one that comes back is another. */
  readonly #followers = new Map<string, object>()
  readonly #timeouts = new Map<NodeId, Set<number>>()
  readonly #draws = new Map<NodeId, number>()

  /** @param now milliseconds of the world's time. */
  constructor(now: () => number) {
    this.#now = now
  }

  sent(node: SimNode, { to, packets }: Letter): void {
    const leads = packets.some(({ messages }) => messages.some(isWordOfLeader))
    if (leads) this.#spokeAtMs.set(`${node.id}>${to}`, this.#now())
  }

  look(sight: Sight): void {
    const { node, role, before } = sight
    if (role === 'leader') this.#checkHeartbeats(sight)
    if (before?.role === 'follower' && role === 'candidate' && !isTold(sight)) this.#checkPatience(node)
    if (before?.role === 'candidate' && role === 'candidate') this.#checkRound(sight)
    if (role === 'follower') {
      this.#checkContact(sight)
      this.#checkSilence(sight)
    }
    this.#noteTimeout(sight)
    const { lastContactMs, electionTimeoutMs } = sight.state
    const waitsUnder = this.#waitsUnder(sight)
    this.#glimpses.set(node.id, { incarnation: node.incarnation, lastContactMs, electionTimeoutMs, waitsUnder })
  }

  /** In the end: draws that were all the same were none. */
  checkEnd(): void {
    for (const [id, timeouts] of this.#timeouts) {
      const draws = this.#draws.get(id) ?? 0
      hold(
        draws < 20 || timeouts.size > 1,
        'timeoutsAreDrawn',
        () => `${id} drew ${[...timeouts][0]} ms ${draws} times`,
      )
    }
  }

  #checkHeartbeats(sight: Sight): void {
    const { node, state } = sight
    if (node.process === undefined) return
    const { clockRate, busyMs, awakeSinceMs } = node.process
    const now = this.#now()
    const limitMs = state.settings.heartbeatIntervalMs / clockRate + 2 * busyMs + SLACK_MS
    for (const [id, progress] of state.peers) {
      const link = `${node.id}>${id}`
      const isNew = this.#followers.get(link) !== progress
      if (isNew || leadsAnew(sight)) this.#spokeAtMs.set(link, now)
      this.#followers.set(link, progress)
      // Nothing can be asked of a process while it stands still.
      const spokeAtMs = Math.max(this.#spokeAtMs.get(link) ?? now, awakeSinceMs)
      hold(now - spokeAtMs <= limitMs, 'heartbeatsKeepUp', () => {
        return `${node.id} leads term ${state.currentTerm} and has let ${id} wait for ${(now - spokeAtMs).toFixed(1)} ms`
      })
    }
  }

  #checkPatience({ id, process }: SimNode): void {
    const waiting = process?.overdueArrivals ?? 0
    hold(waiting === 0, 'looksBeforeItStands', () => {
      return `${id} stands for election after it stood still, and has not looked at ${waiting} of what has come meanwhile`
    })
  }

  #checkRound({ node, state, before }: Sight): void {
    if (before === undefined || state.currentTerm === before.term) return
    const { currentTerm } = node.ledger.durable.hardState
    hold(currentTerm >= before.term, 'roundIsAsked', () => {
      return `${node.id} begins the round of term ${state.currentTerm}, and that of term ${before.term} is not on its disk yet`
    })
  }

  #checkContact({ node, state, before, letter }: Sight): void {
    const glimpse = this.#glimpses.get(node.id)
    if (glimpse?.incarnation !== node.incarnation || before?.role !== 'follower') return
    const { leaderId, following, currentTerm, votedFor, lastContactMs } = state
    const messages = letter?.packets.flatMap((packet) => packet.messages) ?? []
    const isLed = messages.some((message) => isWordOfLeader(message) && message.term === currentTerm)
    const isAsked = messages.some((message) => message.type === 'requestVote' && message.term === currentTerm)
    // Who becomes a voter has waited for nobody so far, and begins.
    const isConfiguredAnew = configurationIndexOf(state) !== glimpse.waitsUnder
    const mayReset = isLed || (isAsked && votedFor === letter?.from) || isConfiguredAnew
    hold(lastContactMs === glimpse.lastContactMs || mayReset, 'contactIsTheLeaders', () => {
      return `${node.id} waits anew, though it heard neither the leader of term ${currentTerm} nor gave its vote`
    })
    const heard = messages.some(
      (message) =>
        isWordOfLeader(message) &&
        message.term === currentTerm &&
        letter?.from === leaderId &&
        message.session === following?.session,
    )
    const isNow = lastContactMs === node.process?.now()
    const gaveVote = before.votedFor !== votedFor && votedFor !== undefined && votedFor !== node.id
    hold((!heard && !gaveVote) || isNow, 'contactIsTheLeaders', () => {
      return `${node.id} ${heard ? `heard ${leaderId}, its leader` : `gave its vote to ${votedFor}`}, and does not wait anew`
    })
  }

  #waitsUnder({ node, state }: Sight): Index {
    const glimpse = this.#glimpses.get(node.id)
    const index = configurationIndexOf(state)
    // What a process finds in its store is durable: anything else came in this very event.
    if (glimpse?.incarnation !== node.incarnation) return index <= state.durability.durableIndex ? index : 0
    return glimpse.lastContactMs === state.lastContactMs ? glimpse.waitsUnder : index
  }

  #checkSilence({ node, state, before }: Sight): void {
    const latest = state.configurations.at(-1)
    if (before?.role !== 'follower' || node.process === undefined || latest === undefined) return
    const isKnown = latest.configuration.members.some(({ id, store }) => id === node.id && store === state.store)
    if (!isKnown || !isVoter(latest.configuration, node.id) || state.removedAt >= latest.index) return
    const { clockRate, busyMs, awakeSinceMs } = node.process
    // A clock that stands still in a scenario measures no silence.
    if (clockRate === 0) return
    const sinceMs = Math.max(state.lastContactMs / clockRate, awakeSinceMs)
    const limitMs = state.settings.electionTimeoutMaxMs / clockRate + 2 * busyMs + SLACK_MS
    const silenceMs = this.#now() - sinceMs
    hold(silenceMs <= limitMs, 'electionsAreCalled', () => {
      return `${node.id} has heard nothing for ${silenceMs.toFixed(1)} ms, and waits for an election timeout of ${state.settings.electionTimeoutMaxMs} ms at most`
    })
  }

  #noteTimeout({ node, state }: Sight): void {
    const { electionTimeoutMs, settings } = state
    if (electionTimeoutMs === 0 || this.#glimpses.get(node.id)?.electionTimeoutMs === electionTimeoutMs) return
    const isWithin =
      electionTimeoutMs >= settings.electionTimeoutMinMs && electionTimeoutMs <= settings.electionTimeoutMaxMs
    hold(isWithin, 'timeoutsAreDrawn', () => {
      return `${node.id} waits ${electionTimeoutMs} ms, and the interval is ${settings.electionTimeoutMinMs} to ${settings.electionTimeoutMaxMs} ms`
    })
    const timeouts = this.#timeouts.get(node.id) ?? new Set()
    this.#timeouts.set(node.id, timeouts.add(electionTimeoutMs))
    this.#draws.set(node.id, (this.#draws.get(node.id) ?? 0) + 1)
  }
}

/** Its leader has told it to stand for election. */
function isTold({ letter }: Sight): boolean {
  return letter?.packets.some(({ messages }) => messages.some(({ type }) => type === 'timeoutNow')) ?? false
}

function configurationIndexOf({ configurations }: RaftState): Index {
  return configurations.at(-1)?.index ?? 0
}
