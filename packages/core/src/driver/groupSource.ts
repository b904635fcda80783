import type { SnapshotSource } from '../ports.ts'
import { encodeSystemPart, type SystemPart } from './systemPart.ts'

/** A snapshot of the group: the system's part, then the state machine's. */
export class GroupSource implements SnapshotSource {
  readonly #machine: SnapshotSource
  #system: Uint8Array | undefined

  constructor(system: SystemPart, machine: SnapshotSource) {
    this.#system = encodeSystemPart(system)
    this.#machine = machine
  }

  read(done: (error: Error | undefined, bytes: Uint8Array | undefined) => void): void {
    const system = this.#system
    this.#system = undefined
    if (system === undefined) this.#machine.read(done)
    else done(undefined, system)
  }

  close(): void {
    this.#machine.close()
  }
}
