import {
  LOG_START,
  PAPER_SETTINGS,
  RaftServer,
  firstEntry,
  resolveSettings,
  type AppendEntries,
  type Command,
  type ConfigurationEntry,
  type Entry,
  type Index,
  type Inspect,
  type IntakeStep,
  type LogPosition,
  type Outputs,
  type RaftMessage,
  type RaftSettings,
  type RaftState,
  type RequestVote,
  type Role,
  type ServerId,
  type SnapshotDescription,
  type SnapshotRead,
  type Term,
  type Write,
} from '@quorate/core'
import { orderLines } from './orders.ts'
import { TestClock } from './testClock.ts'

export interface ServerWorldOptions {
  readonly servers?: number
  readonly id?: ServerId
  /** The terms of its log; the first entry is the configuration. */
  readonly log?: readonly Term[]
  /** The snapshot of so many of its entries, and where the log begins behind it. */
  readonly snapshot?: { readonly upTo: Index; readonly logStartsAfter: Index }
  readonly term?: Term
  readonly votedFor?: ServerId
  readonly settings?: Partial<RaftSettings>
  readonly store?: string
  readonly inspect?: Inspect
}

export function serverIds(count: number): ServerId[] {
  return Array.from({ length: count }, (_, place) => `S${place + 1}`)
}

export function firstEntryOf(servers: number): ConfigurationEntry {
  return firstEntry('the-group', new Map(serverIds(servers).map((id) => [id, `store-of-${id}`])), 0)
}

/** A log by the terms of its entries, the first of them the configuration of so many servers. */
export function logOf(terms: readonly Term[], servers: number = 3): Entry[] {
  return terms.map((term, place) =>
    place === 0
      ? { ...firstEntryOf(servers), term }
      : { kind: 'command', index: place + 1, term, time: 0, data: new TextEncoder().encode(`${place + 1}/${term}`) },
  )
}

/** What a snapshot says that stands for the log up to `lastIncluded`, with `sizeBytes` of data. */
export function descriptionOf(lastIncluded: LogPosition, sizeBytes = 100, servers = 3): SnapshotDescription {
  const { index, configuration } = firstEntryOf(servers)
  return { lastIncluded, lastTime: 0, configuration: { index, configuration }, sizeBytes, checksum: lastIncluded.index }
}

/** One server whose network, disk and clock are the test's. Every input returns the orders that follow from it. */
export class ServerWorld {
  readonly clock = new TestClock()
  readonly server: RaftServer
  /** The next draws of election timeouts, then 0: the shortest. */
  chances: number[] = []
  /** How many draws were taken. */
  draws = 0
  /** Handed out and not completed, oldest first. */
  writes: Write[] = []
  /** Applied, in order. */
  readonly applied: Index[] = []
  /** The snapshots that the state machine was put in the place of, by their last entry. */
  readonly restored: Index[] = []
  /** Pieces of snapshots that were asked for, and what was wanted done with one that comes. */
  readonly snapshotReads: SnapshotRead[] = []
  readonly intakeSteps: IntakeStep[] = []
  /** The messages of the last input. */
  messages: Outputs['messages'] = []
  /** All reads that were asked for. */
  readonly reads: Outputs['reads'] = []
  readonly #stored: Entry[]

  constructor({ servers = 3, id = 'S1', log = [1], votedFor, settings, store, inspect, ...rest }: ServerWorldOptions) {
    this.#stored = logOf(log, servers)
    const { term = Math.max(1, log.at(-1) ?? 0), snapshot = { upTo: 0, logStartsAfter: 0 } } = rest
    const positionAt = (index: Index): LogPosition => ({ index, term: log[index - 1] ?? 0 })
    const inLog = this.#stored.slice(snapshot.logStartsAfter)
    this.server = new RaftServer({
      id,
      group: 'orders',
      store: store ?? `store-of-${id}`,
      settings: resolveSettings({ ...PAPER_SETTINGS, ...settings }),
      recovered:
        log.length === 0
          ? undefined
          : {
              hardState: { currentTerm: term, votedFor },
              snapshot: snapshot.upTo === 0 ? undefined : descriptionOf(positionAt(snapshot.upTo), 100, servers),
              logStartsAfter: snapshot.logStartsAfter === 0 ? LOG_START : positionAt(snapshot.logStartsAfter),
              lastIndex: log.length,
              lastTime: 0,
              termStarts: inLog.filter((entry, place) => inLog[place - 1]?.term !== entry.term),
              configurations: inLog.filter((entry) => entry.kind === 'configuration'),
            },
      surroundings: {
        now: () => this.clock.now(),
        wallTime: () => this.clock.wallTime(),
        chance: () => {
          this.draws++
          return this.chances.shift() ?? 0
        },
      },
      clock: this.clock,
      onElapsed: () => {},
      inspect,
    })
    this.server.start()
  }

  get state(): RaftState {
    return this.server.state
  }

  get role(): Role {
    return this.server.role
  }

  /** The terms of the log. */
  get terms(): Term[] {
    return Array.from({ length: this.state.log.lastIndex }, (_, place) => this.state.log.termAt(place + 1)!)
  }

  receive(from: ServerId, message: RaftMessage): string[] {
    return this.input(() => this.server.receive(from, message))
  }

  append(...texts: readonly string[]): string[] {
    const commands = texts.map((text): Command => ({ data: new TextEncoder().encode(text) }))
    return this.input(() => this.server.append([{ token: texts[0], term: this.state.currentTerm, commands }]))
  }

  /** The oldest write is flushed. */
  flush(): string[] {
    const write = this.writes.shift()
    if (write === undefined) throw new Error('no write is under way')
    return this.input(() => this.server.writeCompleted(write.id))
  }

  flushAll(): string[] {
    const lines: string[] = []
    while (this.writes.length > 0) lines.push(...this.flush())
    return lines
  }

  /** A caller wants to read. */
  ask(token: string, mayLease: boolean = false): string[] {
    return this.input(() => this.server.read([{ token, mayLease }]))
  }

  tick(): string[] {
    return this.input(() => this.server.handle({ type: 'heartbeatTick.elapsed' }))
  }

  /** Time passes; the sockets are not looked at. */
  elapse(ms: number): string[] {
    return this.input(() => this.clock.run(ms))
  }

  poll(): string[] {
    return this.input(() => this.server.handle({ type: 'poll.completed' }))
  }

  /** The election timeout elapses, and nothing waits in the sockets. */
  timeOut(): string[] {
    const timeoutMs = this.state.electionTimeoutMs + 1
    const lines = this.elapse(timeoutMs)
    if (lines[0] !== 'poll') throw new Error(`no timeout within ${timeoutMs} ms: ${lines.join('; ')}`)
    return this.poll()
  }

  /** Entries asked for of the store, come from there. */
  serveReads(): string[] {
    return this.reads.splice(0).flatMap((read) =>
      this.input(() =>
        this.server.handle({
          type: 'entries.read',
          for: read.for,
          session: read.session,
          entries: this.#stored.slice(read.after, read.upTo),
        }),
      ),
    )
  }

  /** Makes it the leader of its next term, all of it durable, with votes from all that are needed. */
  lead(): string[] {
    this.timeOut()
    this.flushAll()
    const voters = this.state.configurations.at(-1)!.configuration.members
    for (const { id } of voters) {
      if (this.role !== 'candidate') break
      if (id !== this.server.id) this.receive(id, { type: 'requestVote.granted', term: this.state.currentTerm })
    }
    if (this.role !== 'leader') throw new Error(`it is ${this.role}: ${this.server.failure?.stack}`)
    return this.lines
  }

  /** The orders of the last input. */
  lines: string[] = []

  session(peer: ServerId): number {
    return this.state.peers.get(peer)!.session
  }

  accept(from: ServerId, matchIndex: Index, term: Term = this.state.currentTerm, session = this.session(from)) {
    return this.receive(from, {
      type: 'appendEntries.accepted',
      term,
      session,
      round: 0,
      matchIndex,
      machineVersion: 1,
    })
  }

  /** A follower says that it has heard of `round`, and holds what it held before. */
  acknowledge(from: ServerId, round: number): string[] {
    const { session, matchIndex } = this.state.peers.get(from)!
    const term = this.state.currentTerm
    return this.receive(from, { type: 'appendEntries.accepted', term, session, round, matchIndex, machineVersion: 1 })
  }

  reject(from: ServerId, prevLogIndex: Index, hint: LogPosition) {
    const { currentTerm } = this.state
    const session = this.session(from)
    return this.receive(from, {
      type: 'appendEntries.rejected',
      term: currentTerm,
      session,
      round: 0,
      prevLogIndex,
      hint,
    })
  }

  /** Stands between the driver and the server: one turn, then what it wants. Entries are applied at once. */
  input(give: () => void): string[] {
    give()
    for (let next = this.server.startApplying(); next !== undefined; next = this.server.startApplying()) {
      if (next.type === 'snapshot') this.restored.push(next.upTo)
      else for (let index = next.after + 1; index <= next.upTo; index++) this.applied.push(index)
      this.server.applied(next.upTo)
    }
    const outputs = this.server.takeOutputs()
    if (outputs.write !== undefined) this.writes.push(outputs.write)
    this.messages = outputs.messages
    this.reads.push(...outputs.reads)
    this.snapshotReads.push(...outputs.snapshotReads)
    this.intakeSteps.push(...outputs.intakeSteps)
    this.lines = orderLines(outputs)
    return this.lines
  }
}

export function serverWorld(options: ServerWorldOptions = {}): ServerWorld {
  const world = new ServerWorld(options)
  world.input(() => {})
  return world
}

export function requestVote(term: Term, index: Index, lastTerm: Term): RequestVote {
  return { type: 'requestVote', term, lastLog: { index, term: lastTerm }, isTransfer: false }
}

/** `terms` are those of the new entries, from `prev.index + 1`. */
export function appendEntries(
  term: Term,
  prev: readonly [index: Index, term: Term],
  terms: readonly Term[] = [],
  leaderCommit: Index = 0,
  session: number = 1,
): AppendEntries {
  const [index, prevTerm] = prev
  const entries = terms.map((entryTerm, place): Entry => {
    const at = index + place + 1
    const data = new TextEncoder().encode(`${at}/${entryTerm}`)
    return at === 1
      ? { ...firstEntryOf(3), term: entryTerm }
      : { kind: 'command', index: at, term: entryTerm, time: 0, data }
  })
  return { type: 'appendEntries', term, session, round: 0, prevLog: { index, term: prevTerm }, entries, leaderCommit }
}
