import type { ConfigurationEntry, GroupId, HardState, Index, LogPosition, RecoveredGroup } from '@quorate/core'
import { decodeEntry } from '@quorate/wire'
import { GroupLog } from './groupLog.ts'
import { type EntriesHead, type RecordReceiver, SenselessRecord, readRecords } from './record.ts'

/** A group as it grows record by record. */
interface Replayed {
  readonly log: GroupLog
  termStarts: LogPosition[]
  configurations: ConfigurationEntry[]
  /** Undefined behind a truncation, until entries follow. */
  lastTime: number | undefined
}

/** Takes in the records of all frames, in order, and ends up with the groups. */
export class LogReplay implements RecordReceiver {
  readonly #byNumber = new Map<number, Replayed>()
  readonly #byName = new Map<GroupId, Replayed>()
  /** Where the frame stands that is being read. */
  #segment = 0
  #bytes: Uint8Array = new Uint8Array()
  /** The group of the last entries record. */
  #growing: Replayed | undefined

  /** The records between `start` and `end` of the segment's bytes. @throws SenselessRecord */
  readFrame(segment: number, bytes: Uint8Array, start: number, end: number): void {
    this.#segment = segment
    this.#bytes = bytes
    readRecords(bytes, start, end, this)
  }

  get logs(): GroupLog[] {
    return [...this.#byName.values()].map(({ log }) => log)
  }

  /** The groups of which the time of the last entry is to be looked up: they were truncated, and nothing followed. */
  get logsWithoutTime(): GroupLog[] {
    return [...this.#byName.values()].filter(({ lastTime }) => lastTime === undefined).map(({ log }) => log)
  }

  setLastTime(group: GroupId, lastTime: number): void {
    const replayed = this.#byName.get(group)
    if (replayed !== undefined) replayed.lastTime = lastTime
  }

  recovered(): Map<GroupId, RecoveredGroup> {
    const groups = new Map<GroupId, RecoveredGroup>()
    for (const [group, { log, termStarts, configurations, lastTime = 0 }] of this.#byName) {
      groups.set(group, { hardState: log.hardState, lastIndex: log.lastIndex, lastTime, termStarts, configurations })
    }
    return groups
  }

  takeGroup(number: number, group: GroupId, state: HardState, lastIndex: Index): void {
    const replayed = this.#byNumber.get(number) ?? this.#beGroup(number, group)
    const { log } = replayed
    const { currentTerm, votedFor } = log.hardState
    // The same was said before, in other words: the two must agree.
    const isSame = currentTerm === state.currentTerm && votedFor === state.votedFor && log.lastIndex === lastIndex
    if (log.group !== group || !isSame) throw new SenselessRecord(`group ${group} is not what it was before`)
    log.describedIn = this.#segment
  }

  takeHardState(number: number, state: HardState): void {
    this.#of(number).log.hardState = state
  }

  takeTruncation(number: number, after: Index): void {
    const replayed = this.#of(number)
    const { log } = replayed
    if (after >= log.lastIndex) throw new SenselessRecord(`nothing of group ${log.group} stands behind ${after}`)
    log.truncate(after)
    replayed.termStarts = replayed.termStarts.filter(({ index }) => index <= after)
    replayed.configurations = replayed.configurations.filter(({ index }) => index <= after)
    replayed.lastTime = after === 0 ? 0 : undefined
  }

  takeEntries(number: number, { firstIndex, term, lastTime }: EntriesHead): void {
    const replayed = this.#of(number)
    const { log, termStarts } = replayed
    if (firstIndex !== log.lastIndex + 1) {
      throw new SenselessRecord(`group ${log.group}: entry ${firstIndex} follows entry ${log.lastIndex}`)
    }
    if (termStarts.at(-1)?.term !== term) termStarts.push({ index: firstIndex, term })
    replayed.lastTime = Math.max(replayed.lastTime ?? 0, lastTime)
    this.#growing = replayed
  }

  takeEntry(offset: number, length: number, isConfiguration: boolean): void {
    const growing = this.#growing
    if (growing === undefined) throw new SenselessRecord('an entry of no group')
    growing.log.append(this.#segment, offset, length)
    if (isConfiguration) growing.configurations.push(this.#configurationAt(offset, length))
  }

  #configurationAt(offset: number, length: number): ConfigurationEntry {
    try {
      // A copy: the entry keeps its bytes, and these go when the next segment is read.
      const entry = decodeEntry(this.#bytes.slice(offset, offset + length))
      if (entry.kind === 'configuration') return entry
    } catch (error) {
      throw new SenselessRecord('a configuration entry cannot be decoded', { cause: error })
    }
    throw new SenselessRecord('an entry is not the configuration that it should be')
  }

  #beGroup(number: number, group: GroupId): Replayed {
    if (this.#byName.has(group)) throw new SenselessRecord(`group ${group} has two numbers`)
    const replayed: Replayed = { log: new GroupLog(group, number), termStarts: [], configurations: [], lastTime: 0 }
    this.#byNumber.set(number, replayed)
    this.#byName.set(group, replayed)
    return replayed
  }

  #of(number: number): Replayed {
    const replayed = this.#byNumber.get(number)
    if (replayed?.log.describedIn !== this.#segment) {
      throw new SenselessRecord(`the segment does not say which group has the number ${number}`)
    }
    return replayed
  }
}
