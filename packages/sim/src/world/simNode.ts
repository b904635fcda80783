import {
  FIRST_MACHINE_VERSION,
  RaftNode,
  type CompactionPolicy,
  type Entry,
  type GroupWrite,
  type HostedServer,
  type Index,
  type LogPosition,
  type NodeId,
  type RaftSettings,
  type Role,
  type SnapshotDescription,
  type ServerStatus,
  type Store,
  type StoreFailure,
  type StoreIdentity,
} from '@quorate/core'
import { openDiskStore, type DiskEvent, type DiskStore } from '@quorate/disk'
import type { AttachedDisk } from '../disk/attachedDisk.ts'
import type { DiskCall } from '../disk/diskCall.ts'
import { SimDisk } from '../disk/simDisk.ts'
import type { SimRandom } from '../random.ts'
import type { EventQueue } from './eventQueue.ts'
import type { Machine, MachineFactory } from './machine.ts'
import { MachineRun } from './machineRun.ts'
import type { SimNetwork } from './simNetwork.ts'
import { SimProcess } from './simProcess.ts'
import { StoreLedger, type KnownEntries, type StoreContent } from './storeLedger.ts'
import { contentOf } from './storeReading.ts'

/** The one group of a simulated world. */
export const GROUP = 'simulated'

const FOLDER = '/store'

/** How a node's process and disk behave. */
export interface NodeConditions {
  /** How fast its clock runs; 1 keeps the world's time, and 0 stands still. */
  readonly clockRate: number
  /** The longest time that its event loop is busy before a turn ends. */
  readonly busyMs: number
  /** Milliseconds that a call of the disk takes, drawn between these two. */
  readonly diskMs: readonly [low: number, high: number]
  /** Milliseconds that the state machine takes for a batch, or for a piece of a snapshot, at most; 0 for at once. */
  readonly applyMs: number
  readonly segmentBytes: number
  /** When it compacts its log, if its machine can be snapshotted; undefined: never. */
  readonly compaction?: CompactionPolicy | undefined
}

/** Told of what a node does that is no message. */
export interface NodeWatcher {
  /** The store holds this, now that a process has opened it. */
  opened(node: SimNode, found: StoreContent): void
  refused(node: SimNode, error: Error): void
  /** Its log is whole again, or could not be made so: its process has ended. */
  repaired(node: SimNode, error: Error | undefined): void
  /** Its disk is another one, and empty. */
  exchanged(node: SimNode): void
  /** The store is about to be given a write: the ledger has it only behind this. */
  writing(node: SimNode, write: GroupWrite): void
  wrote(node: SimNode, write: GroupWrite): void
  written(node: SimNode, failure: StoreFailure | undefined): void
  /** Entries are read back from the store. */
  read(node: SimNode): void
  applied(node: SimNode, entry: Entry, result: unknown, machineVersion: number): void
  /** Its machine stands at what it has applied, and this is all of its state. */
  snapshotTaken(node: SimNode, bytes: Uint8Array): void
  /** Its machine is about to be put in the state that a snapshot says. */
  restoring(node: SimNode, description: SnapshotDescription): void
  /** Its machine is in the state that a snapshot says, and in no other. */
  restored(node: SimNode, description: SnapshotDescription, machineVersion: number): void
  status(node: SimNode, status: ServerStatus): void
  disk(node: SimNode, event: DiskEvent): void
}

export interface SimNodeOptions {
  readonly id: NodeId
  readonly queue: EventQueue
  readonly network: SimNetwork
  readonly random: SimRandom
  readonly settings: Partial<RaftSettings>
  readonly conditions: NodeConditions
  readonly machine: MachineFactory
  readonly known: KnownEntries
  readonly watcher: NodeWatcher
}

/** A process that has the other servers make its log whole, and takes no part. */
interface Repairing {
  readonly process: SimProcess
  readonly attached: AttachedDisk
}

/** What stands of one process of a node. */
interface Running {
  readonly process: SimProcess
  readonly attached: AttachedDisk
  readonly raft: RaftNode
  readonly server: HostedServer
  readonly machine: MachineRun
}

/** How long a process asks the others for what its store cannot read, in milliseconds. */
const REPAIR_TIMEOUT_MS = 20_000

export type StartOutcome = 'started' | 'repairing' | 'refused' | 'killed'

/** One node over all its processes: what stays is its disk. */
export class SimNode {
  readonly id: NodeId
  readonly disk = new SimDisk()
  /** Of the disk that it has now. */
  ledger: StoreLedger
  /** Of the disk that it had before it was exchanged. */
  #lostLedger: StoreLedger | undefined
  conditions: NodeConditions
  wallSkewMs = 0
  /** The newest version of the state machine that the code of its next process can run, and of any it has had. */
  machineVersion = FIRST_MACHINE_VERSION
  newestVersion = FIRST_MACHINE_VERSION
  /** Called once, as soon as the store has reported a flush and before the driver says anything of it. */
  afterNextFlush: (() => void) | undefined
  /** Why it cannot come back: its disk was damaged or exchanged. */
  lostFor: 'damage' | 'wipe' | undefined
  /** Its group has heard of its new disk: it may take part again, and has not caught up for sure. */
  isRecovering = false
  /** Of the disk that it has now; undefined until a process has opened it. */
  storeIdentity: StoreIdentity | undefined
  /** Its processes so far. */
  incarnation = 0
  readonly #options: SimNodeOptions
  readonly #random: SimRandom
  #running: Running | undefined
  #repairing: Repairing | undefined
  /** What was repaired of the log of the store: entries that were never committed went from its end. */
  #wasCut = false
  #isOpening = false
  #diskStalledUntilMs = 0
  /** Calls that wait for a stalled disk, of the process that runs. */
  #stalledCalls: (() => void)[] = []

  constructor(options: SimNodeOptions) {
    this.id = options.id
    this.#options = options
    this.#random = options.random
    this.ledger = new StoreLedger(options.known)
    this.conditions = options.conditions
  }

  get isUp(): boolean {
    return this.#running !== undefined
  }

  get isDown(): boolean {
    return this.#running === undefined && this.#repairing === undefined && !this.#isOpening
  }

  get process(): SimProcess | undefined {
    return this.#running?.process
  }

  get server(): HostedServer | undefined {
    return this.#running?.server
  }

  get raft(): RaftNode | undefined {
    return this.#running?.raft
  }

  get machine(): Machine | undefined {
    return this.#running?.machine.machine
  }

  get appliedIndex(): Index {
    return this.#running?.machine.appliedIndex ?? 0
  }

  get role(): Role | 'down' {
    return this.#running?.server.server.role ?? 'down'
  }

  /**
   * Starts a process: it opens the store, all in one moment of the world's time, and takes part from then on.
   * `killedAfterCalls` ends it within that, after so many calls of the disk.
   */
  async start(killedAfterCalls: number = Infinity): Promise<StartOutcome> {
    if (!this.isDown) throw new Error(`${this.id} runs already`)
    this.#isOpening = true
    this.incarnation++
    const process = this.#newProcess()
    const opening = new OpeningDisk(this.disk, killedAfterCalls)
    try {
      const opened = await opening.pump(this.#openStore(opening.attached))
      if (opened === 'killed') {
        opening.attached.end(this.#random)
        return 'killed'
      }
      const { store, content } = opened
      if (content === undefined) this.#repair(process, opening.attached, store)
      else this.#take(process, opening.attached, store, content)
      opening.handOver((_call, complete) => this.#serveDisk(process, complete), process)
      return content === undefined ? 'repairing' : 'started'
    } catch (error) {
      opening.attached.end()
      this.#options.watcher.refused(this, error as Error)
      return 'refused'
    } finally {
      this.#isOpening = false
    }
  }

  /** While no process runs: its store is opened for `work`, and closed. What it holds then is taken for flushed. */
  async useStore(work: (store: Store) => Promise<void>): Promise<void> {
    if (!this.isDown) throw new Error(`${this.id} runs, and has its store to itself`)
    const opening = new OpeningDisk(this.disk, Infinity)
    const using = async (): Promise<StoreContent> => {
      const { store } = await this.#openStore(opening.attached)
      await work(store)
      const content = await contentOf(store, GROUP, this.#options.known)
      await new Promise<void>((resolve) => store.close(() => resolve()))
      return content
    }
    const content = await opening.pump(using())
    opening.attached.end()
    if (content !== 'killed') this.ledger.beginWith(content)
  }

  /** Its next process runs other code. */
  deploy(machineVersion: number): void {
    this.machineVersion = machineVersion
    this.newestVersion = Math.max(this.newestVersion, machineVersion)
  }

  /** It gets another disk, and nothing on it. */
  exchangeDisk(): void {
    this.lostFor = 'wipe'
    this.disk.wipe()
    this.#lostLedger = this.ledger
    this.ledger = new StoreLedger(this.#options.known)
    this.storeIdentity = undefined
    this.#options.watcher.exchanged(this)
  }

  /** A configuration names its new disk. */
  noteInvited(): void {
    this.lostFor = undefined
    this.isRecovering = true
  }

  /** It holds all that is committed: its former disk counts for nothing any more. */
  noteRecovered(): void {
    this.isRecovering = false
    this.#lostLedger = undefined
  }

  /**
   * Whether its disk holds the entry of this place, and with `chain` all before it, or did before it was exchanged: what
   * that one had acknowledged counts, since the server never votes again before it has caught up.
   */
  hasHeld(position: LogPosition, chain?: number): boolean {
    return this.ledger.holdsDurably(position, chain) || (this.#lostLedger?.holdsDurably(position, chain) ?? false)
  }

  /** Its disk answers nothing for so long. */
  stallDisk(durationMs: number): void {
    const { queue } = this.#options
    this.#diskStalledUntilMs = Math.max(this.#diskStalledUntilMs, queue.now + durationMs)
    queue.add(this.#diskStalledUntilMs, 0, undefined, () => {
      if (this.#diskStalledUntilMs <= queue.now) this.releaseDisk()
    })
  }

  /** Its disk goes on, if it was stalled. */
  releaseDisk(): void {
    this.#diskStalledUntilMs = 0
    for (const serve of this.#stalledCalls.splice(0)) serve()
  }

  /** The process is gone from one moment to the next. Calls of the disk that are under way have been made, or not. */
  kill(): void {
    const running = this.#running
    if (running === undefined) return
    this.#running = undefined
    this.#stalledCalls = []
    running.process.end()
    running.attached.end(this.#random)
    this.#options.network.leave(running.process)
  }

  #newProcess(): SimProcess {
    const { queue } = this.#options
    const { clockRate, busyMs } = this.conditions
    return new SimProcess({
      node: this.id,
      queue,
      random: this.#random,
      clockRate,
      busyMs,
      wallSkewMs: this.wallSkewMs,
    })
  }

  /** Without its content where entries of it are damaged. */
  async #openStore(files: AttachedDisk): Promise<{ store: DiskStore; content: StoreContent | undefined }> {
    const { watcher } = this.#options
    const store = await openDiskStore({
      folder: FOLDER,
      files,
      segmentBytes: this.conditions.segmentBytes,
      random: this.#random,
      log: (event) => watcher.disk(this, event),
    })
    const isDamaged = store.recover(GROUP)?.damaged !== undefined
    return { store, content: isDamaged ? undefined : await contentOf(store, GROUP, this.#options.known) }
  }

  /** A process that does nothing but repair the log: the next one opens what it leaves, and is looked at. */
  #repair(process: SimProcess, attached: AttachedDisk, store: DiskStore): void {
    const { network, settings, watcher } = this.#options
    const raft = new RaftNode({
      id: this.id,
      network: network.of(process),
      store: this.#cutting(store),
      clock: process,
      random: this.#random,
      settings,
    })
    const repairing = { process, attached }
    this.#repairing = repairing
    raft.repair(GROUP, REPAIR_TIMEOUT_MS, (error) => {
      raft.closeNode(() => {
        if (this.#repairing !== repairing) return
        this.#endRepair(repairing)
        watcher.repaired(this, error)
      })
    })
  }

  #endRepair({ process, attached }: Repairing): void {
    this.#repairing = undefined
    process.end()
    attached.end(this.#random)
    this.#options.network.leave(process)
  }

  /** The store, with somebody who notes when entries go from it. */
  #cutting(store: DiskStore): Store {
    const write: Store['write'] = (batch, done) => {
      if (batch.some(({ truncateAfter }) => truncateAfter !== undefined)) this.#wasCut = true
      store.write(batch, done)
    }
    return {
      identity: store.identity,
      get groups() {
        return store.groups
      },
      recover: (group) => store.recover(group),
      read: (group, range, done) => store.read(group, range, done),
      beginSnapshot: (group, head) => store.beginSnapshot(group, head),
      openSnapshot: (group) => store.openSnapshot(group),
      close: (done) => store.close(done),
      write,
    }
  }

  #take(process: SimProcess, attached: AttachedDisk, store: DiskStore, content: StoreContent): void {
    const { network, settings, watcher } = this.#options
    this.storeIdentity = store.identity
    if (this.#wasCut) this.ledger.beginWith(content)
    this.#wasCut = false
    watcher.opened(this, content)
    this.ledger.beginWith(content)
    const raft = new RaftNode({
      id: this.id,
      network: network.of(process),
      store: this.#watched(store),
      clock: process,
      random: this.#random,
      settings,
    })
    const machine = this.#run(process, () => server)
    const server: HostedServer = raft.open(GROUP, {
      stateMachine: machine.port,
      compaction: machine.canBeSnapshotted ? this.conditions.compaction : undefined,
      onStatus: (status) => watcher.status(this, status),
    })
    this.#running = { process, attached, raft, server, machine }
  }

  #run(process: SimProcess, server: () => HostedServer): MachineRun {
    const { machine, watcher } = this.#options
    return new MachineRun({
      machine: machine(),
      newestVersion: this.machineVersion,
      process,
      random: this.#random,
      applyMs: () => this.conditions.applyMs,
      restoring: () => server().server.state.snapshot as SnapshotDescription,
      watcher: {
        applied: (entry, result, version) => watcher.applied(this, entry, result, version),
        snapshotTaken: (bytes) => watcher.snapshotTaken(this, bytes),
        restoring: (description) => watcher.restoring(this, description),
        restored: (description, version) => watcher.restored(this, description, version),
      },
    })
  }

  /** The store, with somebody who looks on. */
  #watched(store: DiskStore): Store {
    const { watcher } = this.#options
    return {
      identity: store.identity,
      get groups() {
        return store.groups
      },
      recover: (group) => store.recover(group),
      read: (group, range, done) => {
        watcher.read(this)
        store.read(group, range, done)
      },
      beginSnapshot: (group, head) => store.beginSnapshot(group, head),
      openSnapshot: (group) => store.openSnapshot(group),
      close: (done) => store.close(done),
      write: (batch, done) => {
        for (const write of batch) {
          watcher.writing(this, write)
          this.ledger.note(write)
          watcher.wrote(this, write)
        }
        store.write(batch, (failure) => {
          if (failure === undefined) for (let left = batch.length; left > 0; left--) this.ledger.noteFlushed()
          watcher.written(this, failure)
          done(failure)
          const { afterNextFlush } = this
          this.afterNextFlush = undefined
          afterNextFlush?.()
        })
      },
    }
  }

  #serveDisk(process: SimProcess, complete: () => void): void {
    const serve = (): void => void process.arrive(this.#random.between(...this.conditions.diskMs), complete)
    if (this.#diskStalledUntilMs > this.#options.queue.now) this.#stalledCalls.push(serve)
    else serve()
  }
}

/** The disk while a process opens its store: its calls end as soon as it waits for them. */
class OpeningDisk {
  readonly attached: AttachedDisk
  #schedule: (call: DiskCall, complete: () => void) => void
  #soon: (callback: () => void) => void
  #due: (() => void)[] = []
  #callsLeft: number

  constructor(disk: SimDisk, killedAfterCalls: number) {
    this.#callsLeft = killedAfterCalls
    this.#schedule = (_call, complete) => {
      this.#callsLeft--
      this.#due.push(complete)
    }
    this.#soon = (callback) => this.#due.push(callback)
    this.attached = disk.attach({
      schedule: (call, complete) => this.#schedule(call, complete),
      soon: (callback) => this.#soon(callback),
    })
  }

  /** Completes calls until the work is done. Nothing but promises is waited for, so that every run goes the same way. */
  async pump<Value>(work: Promise<Value>): Promise<Value | 'killed'> {
    let outcome: { readonly value: Value } | { readonly error: unknown } | undefined
    work.then(
      (value) => (outcome = { value }),
      (error: unknown) => (outcome = { error }),
    )
    while (outcome === undefined) {
      for (const complete of this.#due.splice(0)) complete()
      if (this.#callsLeft < 0) return 'killed'
      await Promise.resolve()
    }
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }

  /** From here on calls take their time. */
  handOver(schedule: (call: DiskCall, complete: () => void) => void, process: SimProcess): void {
    this.#schedule = schedule
    // The store gathers what comes in one turn: this must not wait for the driver's own flush.
    this.#soon = (callback) => process.arrive(0, callback)
    for (const complete of this.#due.splice(0)) process.arrive(0, complete)
  }
}
