import type { Entry, Index, LogPosition, NodeId, SnapshotDescription } from '@quorate/core'
import type { SimNode } from '../world/simNode.ts'
import { hold } from './invariant.ts'
import type { WorldRecord } from './worldRecord.ts'

/** Where logs go over to another version of the state machine, and by which each entry is applied. */
export class VersionChecks {
  readonly #record: WorldRecord
  readonly #nodes: ReadonlyMap<NodeId, SimNode>

  constructor(record: WorldRecord, nodes: ReadonlyMap<NodeId, SimNode>) {
    this.#record = record
    this.#nodes = nodes
  }

  /** An entry that was in no log before. */
  noted(entry: Entry, before: LogPosition): void {
    if (entry.kind !== 'upgrade') return
    const { index, term, machineVersion } = entry
    const former = this.#record.versionAt(before)
    hold(machineVersion > former, 'versionsRise', () => {
      return `${index}/${term} names version ${machineVersion} where ${former} is in force`
    })
    const leader = this.#record.leaders.get(term) ?? ''
    const configuration = this.#nodes.get(leader)?.server?.server.state.configurations.at(-1)?.configuration
    for (const { id } of configuration?.members ?? []) {
      const { newestVersion = machineVersion } = this.#nodes.get(id) ?? {}
      hold(machineVersion <= newestVersion, 'versionIsSupported', () => {
        return `${leader} names version ${machineVersion}, and ${id} has never had code beyond ${newestVersion}`
      })
    }
  }

  applied({ id }: SimNode, { index, term }: Entry, version: number): void {
    this.#check(id, { index, term }, version, 'applies')
  }

  restored({ id }: SimNode, { lastIncluded }: SnapshotDescription, version: number): void {
    this.#check(id, lastIncluded, version, 'restores')
  }

  #check(id: NodeId, position: LogPosition, version: number, does: string): void {
    const { index }: { index: Index } = position
    const inForce = this.#record.versionAt(position)
    hold(version === inForce, 'versionsAgree', () => {
      return `${id} ${does} ${index} by version ${version}, and ${inForce} is in force there`
    })
  }
}
