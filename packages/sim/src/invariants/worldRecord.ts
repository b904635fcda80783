import { crc32 } from 'node:zlib'
import { FIRST_MACHINE_VERSION } from '@quorate/core'
import type { Entry, Index, LogPosition, NodeId, PlacedConfiguration, SnapshotDescription, Term } from '@quorate/core'
import type { LogDigest } from '../world/logDigest.ts'
import type { KnownEntries } from '../world/storeLedger.ts'

/** A committed entry: `chain` is a digest of it and of all before it. */
export interface CommittedEntry {
  readonly term: Term
  readonly chain: number
  /** The term in which it was committed. */
  readonly inTerm: Term
}

/** What has happened in a world, over all processes and for all time: all of it, whatever of it servers still have. */
export class WorldRecord implements KnownEntries {
  readonly leaders = new Map<Term, NodeId>()
  /** At the place of its index; the first is no entry. */
  readonly committed: CommittedEntry[] = [{ term: 0, chain: 0, inTerm: 0 }]
  /** What the state machines made of the entries, by index. */
  readonly results: unknown[] = []
  /** The configurations that were applied, in order. */
  readonly configurations: PlacedConfiguration[] = []
  /** What the state machines were at an index, by the first that said so. */
  readonly digests = new Map<Index, string>()
  readonly #snapshots = new Map<string, Uint8Array>()
  readonly #chains = new Map<number, number>()
  readonly #times = new Map<number, number>()
  /** Where it is not the first. */
  readonly #versions = new Map<number, number>()
  /** The highest term that anybody has led. */
  lastLedTerm: Term = 0

  get commitIndex(): Index {
    return this.committed.length - 1
  }

  /** The chain of the entry of this place, the first time it was seen; undefined when it never was. */
  chainAt({ index, term }: LogPosition): number | undefined {
    return this.#chains.get(keyOf(index, term))
  }

  /** The time of the entry of this place; 0 before the first. */
  timeAt({ index, term }: LogPosition): number {
    return this.#times.get(keyOf(index, term)) ?? 0
  }

  /** The version of the state machine that is in force for the entry of this place. */
  versionAt({ index, term }: LogPosition): number {
    return this.#versions.get(keyOf(index, term)) ?? FIRST_MACHINE_VERSION
  }

  /** An entry that was not there before, behind one that was. */
  noteEntry(entry: Entry, before: LogPosition, chain: number): void {
    const key = keyOf(entry.index, entry.term)
    this.#chains.set(key, chain)
    this.#times.set(key, entry.time)
    const version = 'machineVersion' in entry ? entry.machineVersion : this.versionAt(before)
    if (version !== undefined && version !== FIRST_MACHINE_VERSION) this.#versions.set(key, version)
  }

  isCommitted({ index, term }: LogPosition): boolean {
    return this.committed[index]?.term === term
  }

  /** The term of a log's entry there; where a snapshot stands for it, that of the committed one. */
  termIn(log: LogDigest, index: Index): Term | undefined {
    return index < log.startsAfter.index ? this.committed[index]?.term : log.termAt(index)
  }

  /** The same for what stands for the entry and all before it. */
  chainIn(log: LogDigest, index: Index): number | undefined {
    return index < log.startsAfter.index ? this.committed[index]?.chain : log.chainAt(index)
  }

  /** The configuration that is committed up to there, and applied. */
  configurationUpTo(index: Index): PlacedConfiguration | undefined {
    return this.configurations.filter((placed) => placed.index <= index).at(-1)
  }

  /** A state machine that stands at an index gave this for its state. */
  noteSnapshot(index: Index, bytes: Uint8Array): void {
    this.#snapshots.set(`${index}:${crc32(bytes)}`, bytes)
  }

  /** What a state machine gave for the state that the snapshot says; undefined when none did. */
  snapshotOf({ lastIncluded, checksum }: SnapshotDescription): Uint8Array | undefined {
    return this.#snapshots.get(`${lastIncluded.index}:${checksum}`)
  }
}

/** Index and term as one number: terms of a world stay below 2^20. */
function keyOf(index: Index, term: Term): number {
  return index * 0x10_0000 + term
}
