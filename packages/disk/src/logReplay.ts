import type { ConfigurationEntry, GroupId, HardState, Index, LogPosition } from '@quorate/core'
import { decodeEntry } from '@quorate/wire'
import { GroupLog } from './groupLog.ts'
import {
  type EntriesHead,
  type GroupState,
  type RecordReceiver,
  type RecordedSnapshot,
  SenselessRecord,
  readRecords,
  storedChecksum,
} from './record.ts'

/** Takes in the records of all frames, in order, and ends up with the groups. */
export class LogReplay implements RecordReceiver {
  /** Whether segments before the first were freed: what groups were there, their group records say. */
  readonly #hasPast: boolean
  readonly #byNumber = new Map<number, GroupLog>()
  readonly #byName = new Map<GroupId, GroupLog>()
  /** Where the frame stands that is being read. */
  #segment = 0
  #bytes: Uint8Array = new Uint8Array()
  /** Where the bytes of entries begin in it that cannot be read any more. */
  #damaged: readonly number[] = []
  /** The group of the last entries record. */
  #growing: GroupLog | undefined
  #highestFile = 0

  constructor(hasPast: boolean) {
    this.#hasPast = hasPast
  }

  /** The records between `start` and `end` of the segment's bytes. @throws SenselessRecord */
  readFrame(segment: number, bytes: Uint8Array, start: number, end: number, damaged: readonly number[] = []): void {
    this.#segment = segment
    this.#bytes = bytes
    this.#damaged = damaged
    readRecords(bytes, start, end, this)
  }

  get logs(): GroupLog[] {
    return [...this.#byName.values()]
  }

  /** The highest number of a snapshot's file that was named. */
  get highestFile(): number {
    return this.#highestFile
  }

  takeGroup(number: number, group: GroupId, state: GroupState): void {
    const log = this.#byNumber.get(number) ?? this.#beGroup(number, group, state)
    // The same was said before, in other words: the two must agree.
    if (log.group !== group || !isSame(log.state, state)) {
      throw new SenselessRecord(`group ${group} is not what it was before`)
    }
    log.describedIn = this.#segment
  }

  takeHardState(number: number, state: HardState): void {
    this.#of(number).hardState = state
  }

  takeTruncation(number: number, after: Index): void {
    const log = this.#of(number)
    if (after >= log.lastIndex) throw new SenselessRecord(`nothing of group ${log.group} stands behind ${after}`)
    if (after < log.logStartsAfter.index) {
      throw new SenselessRecord(`group ${log.group}: the log begins behind ${log.logStartsAfter.index}, not ${after}`)
    }
    log.truncate(after)
  }

  takeSnapshot(number: number, snapshot: RecordedSnapshot, logStartsAfter: LogPosition): void {
    const log = this.#of(number)
    const { index } = snapshot.lastIncluded
    const isLater = index > (log.snapshot?.lastIncluded.index ?? 0)
    if (!isLater || logStartsAfter.index > index || logStartsAfter.index < log.logStartsAfter.index) {
      const behind = `the log begins behind ${logStartsAfter.index}`
      throw new SenselessRecord(`group ${log.group}: a snapshot up to ${index} cannot follow, where ${behind}`)
    }
    log.adopt(snapshot, logStartsAfter)
    this.#noteFile(snapshot)
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
    if (this.#damaged.includes(offset)) log.noteDamage(length, storedChecksum(this.#bytes, offset))
    else if (isConfiguration) log.noteConfiguration(this.#configurationAt(offset, length))
  }

  takeRepair(number: number, index: Index, offset: number, length: number, isConfiguration: boolean): void {
    const log = this.#of(number)
    // The entry stood in a segment that was freed: what takes it away stands further on.
    if (!log.knowsPlaceOf(index)) return
    if (index <= log.logStartsAfter.index || index > log.lastIndex || log.lengthOf(index) !== length) {
      throw new SenselessRecord(`group ${log.group}: there is no entry ${index} of ${length} bytes to be repaired`)
    }
    // What was given again and is damaged in its turn is missing as before.
    if (this.#damaged.includes(offset)) return
    const wasDamaged = log.isDamagedAt(index)
    log.repair(index, this.#segment, offset)
    if (isConfiguration && wasDamaged) log.noteRepairedConfiguration(this.#configurationAt(offset, length))
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

  #noteFile(snapshot: RecordedSnapshot | undefined): void {
    this.#highestFile = Math.max(this.#highestFile, snapshot?.file ?? 0)
  }

  #beGroup(number: number, group: GroupId, state: GroupState): GroupLog {
    if (this.#byName.has(group)) throw new SenselessRecord(`group ${group} has two numbers`)
    const log = new GroupLog(group, number)
    if (this.#hasPast) log.beginWith(state)
    this.#noteFile(log.snapshot)
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

function isSame(a: GroupState, b: GroupState): boolean {
  return (
    a.hardState.currentTerm === b.hardState.currentTerm &&
    a.hardState.votedFor === b.hardState.votedFor &&
    a.lastIndex === b.lastIndex &&
    isSamePosition(a.logStartsAfter, b.logStartsAfter) &&
    isSameFile(a.snapshot, b.snapshot)
  )
}

function isSameFile(a: RecordedSnapshot | undefined, b: RecordedSnapshot | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return (
    a.file === b.file &&
    isSamePosition(a.lastIncluded, b.lastIncluded) &&
    a.lastTime === b.lastTime &&
    a.sizeBytes === b.sizeBytes &&
    a.checksum === b.checksum
  )
}

function isSamePosition(a: LogPosition, b: LogPosition): boolean {
  return a.index === b.index && a.term === b.term
}
