import type { ConfigurationEntry, GroupId, HardState, Index } from '@quorate/core'
import { decodeEntry } from '@quorate/wire'
import { GroupLog } from './groupLog.ts'
import { type EntriesHead, type RecordReceiver, SenselessRecord, readRecords } from './record.ts'

/** Takes in the records of all frames, in order, and ends up with the groups. */
export class LogReplay implements RecordReceiver {
  readonly #byNumber = new Map<number, GroupLog>()
  readonly #byName = new Map<GroupId, GroupLog>()
  /** Where the frame stands that is being read. */
  #segment = 0
  #bytes: Uint8Array = new Uint8Array()
  /** The group of the last entries record. */
  #growing: GroupLog | undefined

  /** The records between `start` and `end` of the segment's bytes. @throws SenselessRecord */
  readFrame(segment: number, bytes: Uint8Array, start: number, end: number): void {
    this.#segment = segment
    this.#bytes = bytes
    readRecords(bytes, start, end, this)
  }

  get logs(): GroupLog[] {
    return [...this.#byName.values()]
  }

  takeGroup(number: number, group: GroupId, state: HardState, lastIndex: Index): void {
    const log = this.#byNumber.get(number) ?? this.#beGroup(number, group)
    const { currentTerm, votedFor } = log.hardState
    // The same was said before, in other words: the two must agree.
    const isSame = currentTerm === state.currentTerm && votedFor === state.votedFor && log.lastIndex === lastIndex
    if (log.group !== group || !isSame) throw new SenselessRecord(`group ${group} is not what it was before`)
    log.describedIn = this.#segment
  }

  takeHardState(number: number, state: HardState): void {
    this.#of(number).hardState = state
  }

  takeTruncation(number: number, after: Index): void {
    const log = this.#of(number)
    if (after >= log.lastIndex) throw new SenselessRecord(`nothing of group ${log.group} stands behind ${after}`)
    log.truncate(after)
  }

  takeEntries(number: number, { firstIndex, term, lastTime }: EntriesHead): void {
    const log = this.#of(number)
    if (firstIndex !== log.lastIndex + 1) {
      throw new SenselessRecord(`group ${log.group}: entry ${firstIndex} follows entry ${log.lastIndex}`)
    }
    log.beginRun(term, lastTime)
    this.#growing = log
  }

  takeEntry(offset: number, length: number, isConfiguration: boolean): void {
    const log = this.#growing
    if (log === undefined) throw new SenselessRecord('an entry of no group')
    log.append(this.#segment, offset, length)
    if (isConfiguration) log.noteConfiguration(this.#configurationAt(offset, length))
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

  #beGroup(number: number, group: GroupId): GroupLog {
    if (this.#byName.has(group)) throw new SenselessRecord(`group ${group} has two numbers`)
    const log = new GroupLog(group, number)
    this.#byNumber.set(number, log)
    this.#byName.set(group, log)
    return log
  }

  #of(number: number): GroupLog {
    const log = this.#byNumber.get(number)
    if (log?.describedIn === this.#segment) return log
    throw new SenselessRecord(`the segment does not say which group has the number ${number}`)
  }
}
