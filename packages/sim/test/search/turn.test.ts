import { PAPER_SETTINGS, RaftServer, firstEntry, resolveSettings, type RaftMessage, type Write } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { SimRandom } from '../../src/random.ts'
import { envelopeKey, isSpent, type Envelope } from '../../src/search/envelope.ts'
import type { Input } from '../../src/search/input.ts'
import { Machine } from '../../src/search/machine.ts'
import { flushed, recoveredFrom, withWrite, type ModelDisk } from '../../src/search/modelDisk.ts'
import { ModelHost } from '../../src/search/modelHost.ts'
import { idAt, placeOf, storeAt, type Place } from '../../src/search/places.ts'
import { renameEnvelope, renameMachine } from '../../src/search/renaming.ts'
import { settledImage, settledMessage } from '../../src/search/settledImage.ts'
import { startMachine, takeTurn, type TurnOptions, type TurnResult } from '../../src/search/turn.ts'

const PLACES: readonly Place[] = [0, 1, 2]
const FIRST = firstEntry('the-group', new Map(PLACES.map((place) => [idAt(place), storeAt(place)])), 0)
const BORN: ModelDisk = { hardState: { currentTerm: 1, votedFor: undefined }, entries: [FIRST], pending: [] }

/** A server that is never put back and never settled: what it numbers, it numbers on and on. */
class LivingServer {
  readonly place: Place
  readonly #options: TurnOptions
  #host = new ModelHost()
  #server!: RaftServer
  #writes: Write[] = []
  #announcedCommit = 0
  disk = BORN

  constructor(place: Place, options: TurnOptions) {
    this.place = place
    this.#options = options
    this.#restart(BORN)
  }

  get machine(): Machine {
    return new Machine(this.place, settledImage(this.#server.takeImage()), this.disk)
  }

  /** Returns what it sent, as it said it. */
  take(input: Input, message: RaftMessage | undefined): { to: Place; message: RaftMessage }[] {
    if (input.type === 'crash') {
      for (let write = 0; write < input.kept; write++) this.disk = flushed(this.disk)
      this.#restart({ ...this.disk, pending: [] })
      return []
    }
    const sent: { to: Place; message: RaftMessage }[] = []
    const flush = (): void => this.#flush(sent)
    if (input.type === 'tick') {
      // Once for the peers that had no word since the last tick, once for those that had.
      this.#server.handle({ type: 'heartbeatTick.elapsed' })
      flush()
      this.#server.handle({ type: 'heartbeatTick.elapsed' })
    } else this.#give(input, message)
    flush()
    return sent
  }

  #give(input: Exclude<Input, { type: 'crash' | 'tick' }>, message: RaftMessage | undefined): void {
    const server = this.#server
    switch (input.type) {
      case 'deliver':
        return server.receive(idAt(input.envelope.from), message!)
      case 'timeout':
        return this.#host.elapse()
      case 'append': {
        const commands = [{ data: new TextEncoder().encode(`command ${input.command}`) }]
        return server.append([{ token: input.command, term: server.state.currentTerm, commands }])
      }
      case 'flush':
        return this.#completeWrite()
    }
  }

  #flush(sent: { to: Place; message: RaftMessage }[]): void {
    const server = this.#server
    for (;;) {
      if (server.role === 'leader' && server.state.commitIndex > this.#announcedCommit) {
        this.#announcedCommit = server.state.commitIndex
        server.handle({ type: 'commitIndex.advanced' })
      }
      for (let next = server.startApplying(); next !== undefined; next = server.startApplying())
        server.applied(next.upTo)
      const { messages, reads, pollWanted, write } = server.takeOutputs()
      sent.push(...messages.map(({ to, message }) => ({ to: placeOf(to), message })))
      if (write !== undefined) {
        this.#writes.push(write)
        this.disk = withWrite(this.disk, write)
      }
      for (const { for: peer, session, after, upTo } of reads) {
        server.handle({ type: 'entries.read', for: peer, session, entries: this.disk.entries.slice(after, upTo) })
      }
      if (pollWanted) server.handle({ type: 'poll.completed' })
      if (write !== undefined && this.#options.writes === 'atOnce') this.#completeWrite()
      else if (!pollWanted && reads.length === 0) return
    }
  }

  #completeWrite(): void {
    this.disk = flushed(this.disk)
    this.#server.writeCompleted(this.#writes.shift()!.id)
  }

  #restart(disk: ModelDisk): void {
    this.disk = disk
    this.#writes = []
    this.#announcedCommit = 0
    this.#host = new ModelHost()
    const { surroundings, clock, onElapsed } = this.#host
    this.#server = new RaftServer({
      id: idAt(this.place),
      group: 'group',
      store: storeAt(this.place),
      settings: this.#options.settings,
      recovered: recoveredFrom(disk),
      surroundings,
      clock,
      onElapsed,
    })
    this.#server.start()
  }
}

/** A message as the living server said it, and as the machine did. */
interface Letter {
  readonly said: RaftMessage
  readonly envelope: Envelope
}

/** A group of living servers, and the same group by machines. */
class TwoGroups {
  readonly coverage = new Map<string, number>()
  readonly #random: SimRandom
  readonly #options: TurnOptions
  readonly #living: readonly LivingServer[]
  #machines: Machine[]
  #letters: Letter[] = []
  #spent: Letter[] = []
  #commands = 0

  constructor(seed: number, options: TurnOptions) {
    this.#random = new SimRandom(seed)
    this.#options = options
    this.#living = PLACES.map((place) => new LivingServer(place, options))
    this.#machines = PLACES.map((place) => startMachine(place, BORN, options).machine)
  }

  step(): void {
    const place = this.#random.pick(PLACES)
    const [input, letter] = this.#inputFor(this.#machines[place]!)
    if (input === undefined) return
    this.#count(input.type === 'deliver' ? input.envelope.message.type : input.type)
    const living = this.#living[place]!
    const said = living.take(input, letter?.said)
    const before = this.#machines[place]!
    const result = takeTurn(before, input, this.#options)
    this.#checkRenamed(before, input, result)
    const { machine, sent } = result
    this.#machines[place] = machine
    expect(machine.key).toBe(living.machine.key)
    expect(sent.map(({ to, message }) => JSON.stringify([to, message])).sort()).toEqual(
      said.map(({ to, message }) => JSON.stringify([to, settledMessage(message)])).sort(),
    )
    for (const { to, message } of said) {
      const envelope = { from: place, to, message: settledMessage(message) }
      this.#letters.push({ said: message, envelope })
    }
    if (this.#letters.length > 14) this.#letters.shift()
    this.#setSpentApart()
  }

  /** Under other names, the same happens under other names. */
  #checkRenamed(before: Machine, input: Input, { machine, sent }: TurnResult): void {
    const to = this.#random.shuffled(PLACES)
    const renamedInput = input.type === 'deliver' ? { ...input, envelope: renameEnvelope(to, input.envelope) } : input
    const other = takeTurn(renameMachine(to, before), renamedInput, this.#options)
    expect(other.machine.key).toBe(renameMachine(to, machine).key)
    expect(other.machine.place).toBe(to[machine.place])
    expect(other.machine.shape).toBe(machine.shape)
    const renamedSent = sent.map((envelope) => renameEnvelope(to, envelope))
    expect(other.sent.map(envelopeKey).sort()).toEqual(renamedSent.map(envelopeKey).sort())
  }

  /** A message of which it was once said that it makes no difference, makes none. */
  deliverSpent(): void {
    if (this.#spent.length === 0) return
    const { envelope, said } = this.#random.pick(this.#spent)
    const living = this.#living[envelope.to]!
    const before = living.machine.key
    expect(living.take({ type: 'deliver', envelope }, said), envelopeKey(envelope)).toEqual([])
    expect(living.machine.key, envelopeKey(envelope)).toBe(before)
    this.#count(`spent ${envelope.message.type}`)
  }

  #setSpentApart(): void {
    const isDone = ({ envelope }: Letter): boolean => isSpent(envelope, this.#machines[envelope.to]!)
    this.#spent.push(...this.#letters.filter(isDone))
    this.#letters = this.#letters.filter((letter) => !isDone(letter))
  }

  #inputFor(machine: Machine): [Input | undefined, Letter?] {
    const letters = this.#letters.filter(({ envelope }) => envelope.to === machine.place)
    const chance = this.#random.next()
    if (letters.length > 0 && chance < 0.7) {
      const letter = this.#random.pick(letters)
      if (this.#random.happens(0.9)) this.#letters = this.#letters.filter((other) => other !== letter)
      return [{ type: 'deliver', envelope: letter.envelope }, letter]
    }
    const pending = machine.disk.pending.length
    if (pending > 0 && chance < 0.9) return [{ type: 'flush' }]
    if (chance > 0.98) return [{ type: 'crash', kept: this.#random.below(pending + 1) }]
    if (machine.role !== 'leader') return [this.#random.happens(0.2) ? { type: 'timeout' } : undefined]
    return [this.#random.happens(0.3) ? { type: 'append', command: ++this.#commands } : { type: 'tick' }]
  }

  #count(what: string): void {
    this.coverage.set(what, (this.coverage.get(what) ?? 0) + 1)
  }
}

const WAYS = [
  { writes: 'atOnce', settings: resolveSettings(PAPER_SETTINGS) },
  { writes: 'late', settings: resolveSettings(PAPER_SETTINGS) },
  { writes: 'late', settings: resolveSettings({ ...PAPER_SETTINGS, maxBatchBytes: 1 }) },
] as const

describe('a turn of the search', () => {
  it('is what a server does that runs on, as far as behaviour goes, and the same under other names: 12 histories of 250 events', () => {
    const coverage = new Map<string, number>()
    for (let seed = 1; seed <= 12; seed++) {
      const groups = new TwoGroups(seed, WAYS[seed % WAYS.length]!)
      for (let event = 0; event < 250; event++) {
        groups.step()
        groups.deliverSpent()
      }
      for (const [what, times] of groups.coverage) coverage.set(what, (coverage.get(what) ?? 0) + times)
    }
    const happened = ['requestVote', 'requestVote.granted', 'requestVote.refused', 'appendEntries', 'timeout', 'tick']
    const answers = ['appendEntries.accepted', 'appendEntries.rejected', 'append', 'flush', 'crash']
    const spent = ['requestVote.granted', 'requestVote.refused', 'appendEntries.accepted', 'appendEntries.rejected']
    for (const what of [...happened, ...answers, ...spent.map((type) => `spent ${type}`)]) {
      expect(coverage.get(what) ?? 0, what).toBeGreaterThanOrEqual(5)
    }
  }, 120_000)

  it('makes machines that will act alike look alike', () => {
    const { machine } = startMachine(0, BORN, WAYS[1])
    const candidate = takeTurn(machine, { type: 'timeout' }, WAYS[1]).machine
    const { image, disk } = candidate
    const { durability, peers } = image.state
    const later = {
      ...durability,
      lastWriteId: durability.lastWriteId + 7,
      durableWriteId: 7,
      hardStateWriteId: durability.hardStateWriteId + 7,
      pending: durability.pending.map((write) => ({ ...write, id: write.id + 7 })),
      held: durability.held.map((held) => ({ ...held, after: held.after + 7 })).reverse(),
    }
    const state = { ...image.state, durability: later, peers, lastSession: 4, lastContactMs: 9, electionTimeoutMs: 222 }
    const aged = { ...image, state, timeout: image.timeout && { ...image.timeout, dueAtMs: 1_234 } }
    expect(durability.held).toHaveLength(2)
    expect(new Machine(0, aged, disk).key).not.toBe(candidate.key)
    expect(new Machine(0, settledImage(aged), disk).key).toBe(candidate.key)
  })

  it('keeps an answer of a term that a crash would make the server forget', () => {
    const { machine } = startMachine(0, BORN, WAYS[1])
    const heartbeat = { session: 1, round: 0, prevLog: { index: 1, term: 1 }, entries: [], leaderCommit: 0 }
    const message = { type: 'appendEntries', term: 5, ...heartbeat } as const
    const follower = takeTurn(machine, { type: 'deliver', envelope: { from: 1, to: 0, message } }, WAYS[1]).machine
    expect([follower.term, follower.durableTerm]).toEqual([5, 1])
    const refused = { from: 2, to: 0, message: { type: 'requestVote.refused', term: 5 } } as const
    expect(isSpent(refused, follower)).toBe(false)
    expect(isSpent(refused, takeTurn(follower, { type: 'flush' }, WAYS[1]).machine)).toBe(true)
  })
})
