import type { AppendEntries, Configuration, Entry, GroupWrite, Index, LogPosition, NodeId } from '@quorate/core'
import { digestOf, mix } from '../world/entryDigest.ts'
import type { Letter } from '../world/simNetwork.ts'
import type { SimNode } from '../world/simNode.ts'
import type { StoreContent } from '../world/storeLedger.ts'
import { hold } from './invariant.ts'
import { leadsAnew, type Glimpse, type Sight } from './sight.ts'
import type { VersionChecks } from './versionChecks.ts'
import type { WorldRecord } from './worldRecord.ts'

/** What stands in logs, as they are written. */
export class LogChecks {
  readonly #record: WorldRecord
  readonly #versions: VersionChecks

  constructor(record: WorldRecord, versions: VersionChecks) {
    this.#record = record
    this.#versions = versions
  }

  /** A truncation must not reach what is committed here, unless a snapshot comes that stands for it. */
  writing(node: SimNode, { truncateAfter, snapshot }: GroupWrite): void {
    if (truncateAfter === undefined) return
    const { log } = node.ledger.written
    const { committed } = this.#record
    const goneAfter = Math.max(truncateAfter, snapshot?.snapshot.description.lastIncluded.index ?? 0)
    for (let index = goneAfter + 1; index <= Math.min(log.lastIndex, committed.length - 1); index++) {
      hold(log.chainAt(index) !== committed[index]?.chain, 'commitStays', () => {
        return `${node.id} cuts its log after ${truncateAfter}, and ${index}/${log.termAt(index)} is committed`
      })
    }
  }

  /** Behind the write: the ledger has the entries. */
  wrote(node: SimNode, { entries }: GroupWrite): void {
    const { log } = node.ledger.written
    const server = node.server?.server
    for (const entry of entries) {
      const { index, term } = entry
      const before = { index: index - 1, term: log.termAt(index - 1) as number }
      this.#note(node.id, before, entry, log.chainAt(index) as number)
      hold(server === undefined || term <= server.state.currentTerm, 'termsAscend', () => {
        return `${node.id} writes ${index}/${term} in term ${server?.state.currentTerm}`
      })
    }
  }

  opened(node: SimNode, found: StoreContent): void {
    hold(node.ledger.explains(found), 'storeKeeps', () => {
      return `${node.id} was told that ${inWords(node.ledger.durable)} are flushed, and finds ${inWords(found)}`
    })
  }

  sent({ id }: SimNode, { packets }: Letter): void {
    for (const { messages } of packets) {
      for (const message of messages) if (message.type === 'appendEntries') this.#checkSent(id, message)
    }
  }

  look(sight: Sight): void {
    const { node, state, role, before } = sight
    if (leadsAnew(sight)) {
      hold(state.log.lastTerm === state.currentTerm, 'leaderAppendsFirst', () => {
        return `${node.id} leads term ${state.currentTerm}, and its log ends with an entry of term ${state.log.lastTerm}`
      })
      this.#checkCompleteness(sight)
    } else if (role === 'leader' && before !== undefined) {
      const { last } = before
      hold(last.index <= state.log.lastIndex && state.log.holds(last), 'leaderAppendOnly', () => {
        return `the leader ${node.id} had ${last.index}/${last.term} in its log, and has it no more`
      })
    }
    if (role === 'leader' && before?.role === 'leader') this.#checkNewConfiguration(sight, before)
    const latest = state.configurations.at(-1)
    hold(latest === undefined || latest.index <= state.log.lastIndex, 'configurationIsLatest', () => {
      return `${node.id} uses the configuration at ${latest?.index}, and its log ends at ${state.log.lastIndex}`
    })
    this.#checkSnapshotConfiguration(sight)
  }

  #checkSnapshotConfiguration({ node, state: { snapshot, configurations } }: Sight): void {
    if (snapshot === undefined) return
    const { lastIncluded, configuration } = snapshot
    const inForce = configurations.filter(({ index }) => index <= lastIncluded.index).at(-1)
    hold(inForce?.index === configuration.index, 'configurationIsLatest', () => {
      return `${node.id} has up to ${lastIncluded.index} the configuration at ${inForce?.index}, and its snapshot the one at ${configuration.index}`
    })
  }

  #checkNewConfiguration({ node, state }: Sight, before: Glimpse): void {
    const { configurations, commitIndex, currentTerm, log } = state
    const [former, latest] = configurations.slice(-2)
    if (former === undefined || latest === undefined || latest.index <= before.last.index) return
    hold(former.index <= commitIndex && log.termAt(commitIndex) === currentTerm, 'oneChangeAtATime', () => {
      return `${node.id} appends the configuration at ${latest.index} in term ${currentTerm}, with ${commitIndex}/${log.termAt(commitIndex)} committed and the one before at ${former.index}`
    })
    hold(haveMajorityInCommon(former.configuration, latest.configuration), 'majoritiesOverlap', () => {
      return `${node.id} goes from the voters ${namesOf(former.configuration)} to ${namesOf(latest.configuration)}`
    })
  }

  /** Said by the leader of the term; it may have given way since, and its log may have changed before the words left. */
  #checkSent(id: NodeId, { term, prevLog, entries, leaderCommit }: AppendEntries): void {
    const leader = this.#record.leaders.get(term)
    hold(
      leader === id,
      'leaderSpeaksTruth',
      () => `${id} sends entries in term ${term}, which ${leader ?? 'nobody'} leads`,
    )
    let chain = prevLog.index === 0 ? 0 : this.#record.chainAt(prevLog)
    let before = prevLog
    hold(chain !== undefined, 'leaderSpeaksTruth', () => {
      return `${id} says that ${prevLog.index}/${prevLog.term} stands in its log, and it never stood in any`
    })
    for (const [place, entry] of entries.entries()) {
      const { index } = entry
      hold(index === prevLog.index + 1 + place && entry.term <= term, 'leaderSpeaksTruth', () => {
        return `${id} sends ${index}/${entry.term} in place ${place} behind ${prevLog.index}/${prevLog.term} in term ${term}`
      })
      chain = mix(chain, digestOf(entry))
      this.#note(id, before, entry, chain)
      before = entry
    }
    hold(leaderCommit <= this.#record.commitIndex, 'leaderSpeaksTruth', () => {
      return `${id} says that ${leaderCommit} is committed, and only ${this.#record.commitIndex} is`
    })
  }

  /** Index and term decide the entry and all before it; and it was the leader of the term who first had it. */
  #note(id: NodeId, before: LogPosition, entry: Entry, chain: number): void {
    const { index, term, time } = entry
    const known = this.#record.chainAt({ index, term })
    hold(known === undefined || known === chain, 'logMatching', () => {
      return `${id} has at ${index}/${term} another entry, or behind another log, than was known before`
    })
    if (known !== undefined) return
    // The first entry of all is made by the bootstrap, in a term that nobody leads.
    const leader = this.#record.leaders.get(term)
    hold(index === 1 || leader === id, 'entriesAreLed', () => {
      return `${index}/${term} appears at ${id}, and term ${term} is led by ${leader ?? 'nobody'}`
    })
    const isInOrder = before.term <= term && this.#record.timeAt(before) <= time
    hold(isInOrder, 'termsAscend', () => {
      return `${id} has ${index}/${term} of ${time} behind ${before.index}/${before.term} of ${this.#record.timeAt(before)}`
    })
    this.#versions.noted(entry, before)
    this.#record.noteEntry(entry, before, chain)
  }

  #checkCompleteness({ node, state }: Sight): void {
    const { committed } = this.#record
    const { currentTerm, log } = state
    for (let index: Index = committed.length - 1; index >= 1; index--) {
      const entry = committed[index] as (typeof committed)[number]
      if (entry.inTerm >= currentTerm) continue
      // What its snapshot stands for it has, if that is committed.
      hold(index < log.startsAfter.index || log.termAt(index) === entry.term, 'leaderCompleteness', () => {
        return `${node.id} leads term ${currentTerm} without ${index}/${entry.term}, which was committed in term ${entry.inTerm}`
      })
      // Of a matching entry all before it match (§5.3).
      return
    }
  }
}

function inWords({ hardState: { currentTerm, votedFor = 'none' }, snapshot, log }: StoreContent): string {
  const { startsAfter, last } = log
  const until = snapshot === undefined ? '' : `a snapshot up to ${snapshot.lastIncluded.index}, `
  return `term ${currentTerm}, vote ${votedFor}, ${until}and the log behind ${startsAfter.index} up to ${last.index}/${last.term}`
}

/** Tried out: no choice of servers is a majority of the one, while the rest is a majority of the other. */
function haveMajorityInCommon(a: Configuration, b: Configuration): boolean {
  const ids = [...new Set([...a.voters.flat(), ...b.voters.flat()])]
  for (let choice = 0; choice < 2 ** ids.length; choice++) {
    const isChosen = (id: string): boolean => ((choice >> ids.indexOf(id)) & 1) === 1
    if (hasMajorities(a, isChosen) && hasMajorities(b, (id) => !isChosen(id))) return false
  }
  return true
}

function hasMajorities({ voters }: Configuration, agrees: (id: string) => boolean): boolean {
  return voters.every((set) => 2 * set.filter(agrees).length > set.length)
}

function namesOf({ voters }: Configuration): string {
  return voters.map((set) => set.join(', ')).join(' and ')
}
