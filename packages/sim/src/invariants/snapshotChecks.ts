import {
  encodeSystemPart,
  IdempotencyKeys,
  isSameSnapshot,
  type Configuration,
  type GroupWrite,
  type Index,
  type InstallSnapshot,
  type SnapshotDescription,
} from '@quorate/core'
import type { Letter } from '../world/simNetwork.ts'
import type { SimNode } from '../world/simNode.ts'
import type { StoreContent } from '../world/storeLedger.ts'
import { hold } from './invariant.ts'
import type { WorldRecord } from './worldRecord.ts'

/** What stands for the beginnings of logs: on disks, on its way to followers, and in state machines. */
export class SnapshotChecks {
  readonly #record: WorldRecord

  constructor(record: WorldRecord) {
    this.#record = record
  }

  /** A state machine has given its state: whatever snapshot says so later must be of these bytes. */
  taken({ id, appliedIndex, server }: SimNode, bytes: Uint8Array): void {
    const { lastApplied } = server?.server.state ?? { lastApplied: 0 }
    hold(lastApplied === appliedIndex, 'snapshotIsCommitted', () => {
      return `${id} takes a snapshot at ${lastApplied}, and its state machine stands at ${appliedIndex}`
    })
    const { keys, machineVersion } = server?.server.state ?? { keys: new IdempotencyKeys(), machineVersion: 1 }
    this.#record.noteSnapshot(appliedIndex, Buffer.concat([encodeSystemPart({ keys, machineVersion }), bytes]))
  }

  writing({ id }: SimNode, { snapshot }: GroupWrite): void {
    if (snapshot === undefined) return
    const { description } = snapshot.snapshot
    this.#check(id, description)
    const { logStartsAfter } = snapshot
    hold(logStartsAfter.index <= description.lastIncluded.index, 'snapshotIsCommitted', () => {
      return `${id} lets its log begin behind ${logStartsAfter.index}, and its snapshot ends at ${description.lastIncluded.index}`
    })
    hold(this.#record.isCommitted(logStartsAfter), 'snapshotIsCommitted', () => {
      return `${id} lets its log begin behind ${logStartsAfter.index}/${logStartsAfter.term}, which is not committed`
    })
  }

  opened({ id }: SimNode, { snapshot }: StoreContent): void {
    if (snapshot !== undefined) this.#check(id, snapshot)
  }

  sent({ id }: SimNode, { packets }: Letter): void {
    for (const { messages } of packets) {
      for (const message of messages) if (message.type === 'installSnapshot') this.#checkSent(id, message)
    }
  }

  restoring({ id, ledger }: SimNode, description: SnapshotDescription): void {
    const { index } = description.lastIncluded
    const onDisk = ledger.durable.snapshot
    hold(onDisk !== undefined && isSameSnapshot(onDisk, description), 'appliedIsDurable', () => {
      return `${id} restores the snapshot up to ${index}, and its disk has ${onDisk === undefined ? 'none' : `the one up to ${onDisk.lastIncluded.index}`}`
    })
  }

  restored({ id, machine }: SimNode, description: SnapshotDescription, formerIndex: Index): void {
    const { index } = description.lastIncluded
    hold(index > formerIndex, 'appliedInOrder', () => `${id} goes back to ${index} after it has applied ${formerIndex}`)
    this.#check(id, description)
    const known = this.#record.digests.get(index)
    const found = machine?.digest()
    hold(known === found, 'snapshotIsCommitted', () => {
      return `the state of ${id}, restored from the snapshot up to ${index}, is ${found}, and that of the entries is ${known}`
    })
  }

  #check(id: string, description: SnapshotDescription): void {
    const { lastIncluded, lastTime, configuration } = description
    const { index, term } = lastIncluded
    hold(this.#record.isCommitted(lastIncluded), 'snapshotIsCommitted', () => {
      return `${id} has a snapshot up to ${index}/${term}, and committed there is ${this.#record.committed[index]?.term ?? 'nothing'}`
    })
    const latest = this.#record.configurationUpTo(index)
    const isLatest = latest?.index === configuration.index && isSame(latest.configuration, configuration.configuration)
    hold(isLatest, 'snapshotIsCommitted', () => {
      return `${id} has a snapshot up to ${index} with the configuration at ${configuration.index}, and the one up to there stands at ${latest?.index}`
    })
    hold(lastTime >= this.#record.timeAt(lastIncluded), 'snapshotIsCommitted', () => {
      return `${id} has a snapshot up to ${index} with the time ${lastTime}, and that entry is of ${this.#record.timeAt(lastIncluded)}`
    })
    hold(this.#record.snapshotOf(description) !== undefined, 'snapshotIsCommitted', () => {
      return `${id} has a snapshot up to ${index} that no state machine gave when it stood there`
    })
  }

  #checkSent(id: string, { term, description, offset, data }: InstallSnapshot): void {
    const leader = this.#record.leaders.get(term)
    hold(
      leader === id,
      'leaderSpeaksTruth',
      () => `${id} sends a snapshot in term ${term}, which ${leader ?? 'nobody'} leads`,
    )
    this.#check(id, description)
    const told = this.#record.snapshotOf(description)?.subarray(offset, offset + data.length)
    hold(Buffer.compare(told ?? new Uint8Array(), data) === 0, 'leaderSpeaksTruth', () => {
      return `${id} sends ${data.length} bytes from ${offset} of its snapshot up to ${description.lastIncluded.index}, and they are others there`
    })
  }
}

function isSame(a: Configuration, b: Configuration): boolean {
  const [one, other] = [a, b].map(({ groupUuid, members, voters, next }) => {
    return JSON.stringify([groupUuid, members, voters, next])
  })
  return one === other
}
