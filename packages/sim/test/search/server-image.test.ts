import {
  LOG_START,
  RaftServer,
  firstEntry,
  resolveSettings,
  type Entry,
  type Outputs,
  type RaftMessage,
  type ServerHost,
  type ServerId,
  type ServerImage,
  type Write,
} from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { SimRandom } from '../../src/random.ts'

const IDS: readonly ServerId[] = ['S1', 'S2', 'S3']
const FIRST = firstEntry('the-group', new Map(IDS.map((id) => [id, `store-of-${id}`])), 0)
/** So small a cache that leaders must read from the store. */
const SETTINGS = resolveSettings({ cacheBytes: 300, maxBatchBytes: 150 })

/** Surroundings of one server. Chance is a sequence, so that twins draw the same. */
class TestHost implements ServerHost {
  readonly surroundings
  readonly clock
  readonly onElapsed = (): void => {}
  timeout: { readonly callback: () => void; readonly dueAtMs: number } | undefined
  draws: number

  constructor(time: { nowMs: number }, draws: number = 0) {
    this.draws = draws
    this.surroundings = {
      now: () => time.nowMs,
      wallTime: () => 1_000 + time.nowMs,
      chance: () => ((this.draws++ * 7) % 10) / 10,
    }
    this.clock = {
      setTimeout: (callback: () => void, delayMs: number) =>
        (this.timeout = { callback, dueAtMs: time.nowMs + delayMs }),
      clearTimeout: (handle: unknown) => {
        if (handle === this.timeout) this.timeout = undefined
      },
    }
  }

  elapse(): void {
    const { timeout } = this
    this.timeout = undefined
    timeout?.callback()
  }
}

type Given = (server: RaftServer, host: TestHost) => void

/** All of an image, as text. */
function textOf({ state, peerValues, ...rest }: ServerImage): string {
  const { log, votes, peers, ...others } = state
  return JSON.stringify({
    ...rest,
    peerValues: [...peerValues],
    log: [log.termStarts, log.lastIndex, log.cachedAfter, log.cached(log.cachedAfter, log.lastIndex, Infinity)],
    votes: [...votes],
    peers: [...peers],
    ...others,
    failure: state.failure?.message,
  })
}

/** One server that runs on, and beside it another that is put back from its last image before each input. */
class Twins {
  readonly id: ServerId
  readonly host: TestHost
  server!: RaftServer
  entries: Entry[] = [FIRST]
  hardState: NonNullable<Write['hardState']> = { currentTerm: 1, votedFor: undefined }
  writes: Write[] = []
  reads: Outputs['reads'] = []
  isPollDue = false
  #image!: ServerImage
  readonly #time = { nowMs: 0 }

  constructor(id: ServerId) {
    this.id = id
    this.host = new TestHost(this.#time)
    this.restart()
  }

  /** Time passes here, as much as until the timeout that runs. */
  pass(ms: number): void {
    const end = Math.min(this.#time.nowMs + ms, this.host.timeout?.dueAtMs ?? Infinity)
    if (Number.isFinite(end)) this.#time.nowMs = end
  }

  restart(): void {
    this.writes = []
    this.reads = []
    this.isPollDue = false
    const { id, host, entries, hardState } = this
    const starts = entries.filter(({ term }, at) => entries[at - 1]?.term !== term)
    const lastTime = Math.max(...entries.map(({ time }) => time))
    const none = { snapshot: undefined, logStartsAfter: LOG_START }
    const recovered = {
      ...none,
      hardState,
      lastIndex: entries.length,
      termStarts: starts,
      lastTime,
      configurations: [FIRST],
    }
    const { surroundings, clock, onElapsed } = host
    host.timeout = undefined
    const options = { id, group: 'group', store: `store-of-${id}`, settings: SETTINGS, recovered }
    this.server = new RaftServer({ ...options, surroundings, clock, onElapsed })
    this.server.start()
    this.#image = this.server.takeImage()
  }

  /** Gives both the input, holds what they want and what they are to be the same, and returns what is to be sent. */
  give(given: Given): Outputs['messages'] {
    const host = new TestHost(this.#time, this.host.draws)
    const twin = RaftServer.putBack(this.#image, host)
    expect(host.timeout?.dueAtMs, 'the timeout that runs').toBe(this.host.timeout?.dueAtMs)
    const outputs = turnOf(this.server, this.host, given)
    const [wanted, other] = [outputs, turnOf(twin, host, given)].map((of) => JSON.stringify(of))
    if (wanted !== other) expect.fail(`${this.id} wants ${wanted}, and its twin ${other}`)
    const image = this.server.takeImage()
    const [own, others] = [image, twin.takeImage()].map(textOf)
    if (own !== others) expect.fail(`${this.id} is\n${own}, and its twin\n${others}`)
    // The image of the twin, so that it goes on from what was put back.
    this.#image = twin.takeImage()
    if (outputs.write !== undefined) this.writes.push(outputs.write)
    this.reads.push(...outputs.reads)
    this.isPollDue ||= outputs.pollWanted
    return outputs.messages
  }

  /** The oldest write reaches the disk. */
  flush(): Given {
    const write = this.writes.shift()!
    if (write.hardState !== undefined) this.hardState = write.hardState
    this.entries = [...this.entries.slice(0, write.truncateAfter ?? this.entries.length), ...write.entries]
    return (server) => server.writeCompleted(write.id)
  }

  read(): Given {
    const { for: peer, session, after, upTo } = this.reads.shift()!
    const entries = this.entries.slice(after, upTo)
    return (server) => server.handle({ type: 'entries.read', for: peer, session, entries })
  }
}

function turnOf(server: RaftServer, host: TestHost, given: Given): Outputs & { write: Write | undefined } {
  given(server, host)
  for (let next = server.startApplying(); next !== undefined; next = server.startApplying()) server.applied(next.upTo)
  return server.takeOutputs()
}

/** What happened in a history, so that a history in which nothing happens cannot pass. */
type Coverage = Map<string, number>

class RandomHistory {
  readonly #random: SimRandom
  readonly #twins = IDS.map((id) => new Twins(id))
  readonly #coverage: Coverage
  #letters: { from: ServerId; to: ServerId; message: RaftMessage }[] = []

  constructor(seed: number, coverage: Coverage) {
    this.#random = new SimRandom(seed)
    this.#coverage = coverage
  }

  step(): void {
    const twins = this.#random.pick(this.#twins)
    twins.pass(this.#random.below(20))
    const [kind, given] = this.#inputFor(twins)
    if (given === undefined) return
    this.#count(`${twins.server.role} ${kind}`)
    for (const { to, message } of twins.give(given)) this.#letters.push({ from: twins.id, to, message })
    if (this.#letters.length > 12) this.#letters.shift()
  }

  #inputFor(twins: Twins): [string, Given | undefined] {
    const letter = this.#letters.findIndex(({ to }) => to === twins.id)
    const chance = this.#random.next()
    if (twins.isPollDue && chance < 0.5) {
      twins.isPollDue = false
      return ['poll', (server) => server.handle({ type: 'poll.completed' })]
    }
    if (letter >= 0 && chance < 0.6) {
      const { from, message } = this.#letters[letter]!
      if (this.#random.happens(0.9)) this.#letters.splice(letter, 1)
      return [message.type, (server) => server.receive(from, message)]
    }
    if (twins.writes.length > 0 && chance < 0.85) return ['flush', twins.flush()]
    if (twins.reads.length > 0) return ['read', twins.read()]
    return this.#rareInputFor(twins)
  }

  #rareInputFor(twins: Twins): [string, Given | undefined] {
    switch (this.#random.below(24)) {
      case 0:
        twins.restart()
        return ['restart', () => {}]
      case 1:
      case 2: {
        const { timeout } = twins.host
        if (timeout === undefined || this.#random.happens(0.3)) return ['no timeout', undefined]
        twins.pass(Infinity)
        return ['timeout', (_, host) => host.elapse()]
      }
      case 3:
        return ['connection', (server) => server.handle({ type: 'connection.restored' })]
      case 4:
      case 5:
      case 6:
      case 7: {
        const commands = [{ data: new Uint8Array(60) }]
        return ['append', (server) => server.append([{ token: 1, term: server.state.currentTerm, commands }])]
      }
      case 8:
        if (this.#random.happens(0.7)) return ['no stop', undefined]
        return this.#end(twins)
      default:
        return ['tick', (server) => server.handle({ type: 'heartbeatTick.elapsed' })]
    }
  }

  #end(twins: Twins): [string, Given] {
    // Stopped is a state too: the next input finds the twin in it.
    if (twins.server.role === 'stopped') twins.restart()
    return this.#random.happens(0.5)
      ? ['stop', (server) => server.stop()]
      : ['failure', (server) => server.fail(new Error('the disk is broken'))]
  }

  #count(what: string): void {
    this.#coverage.set(what, (this.#coverage.get(what) ?? 0) + 1)
  }
}

describe('a server put back from its image', () => {
  it('does what the one would that the image was taken of: 20 histories, put back before each of 400 events', () => {
    const coverage: Coverage = new Map()
    for (let seed = 1; seed <= 20; seed++) {
      const history = new RandomHistory(seed, coverage)
      for (let event = 0; event < 400; event++) history.step()
    }
    const happened = [
      'follower appendEntries',
      'follower requestVote',
      'follower timeout',
      'follower poll',
      'candidate requestVote.granted',
      'candidate timeout',
      'candidate poll',
      'leader append',
      'leader appendEntries.accepted',
      'leader appendEntries.rejected',
      'leader read',
      'leader connection',
      'leader tick',
      'leader requestVote',
      'leader flush',
      'stopped requestVote',
      'follower stop',
      'follower failure',
    ]
    for (const what of happened) expect(coverage.get(what) ?? 0, what).toBeGreaterThanOrEqual(2)
  }, 120_000)

  it('is a server of its own: the image stands, whatever becomes of the servers', () => {
    const twins = new Twins('S1')
    const image = twins.server.takeImage()
    const before = textOf(image)
    const [one, other] = [{ nowMs: 0 }, { nowMs: 0 }].map((time) => RaftServer.putBack(image, new TestHost(time)))
    one!.receive('S2', { type: 'requestVote', term: 3, lastLog: { index: 1, term: 1 }, isTransfer: true })
    expect(one!.state.currentTerm).toBe(3)
    expect(other!.state.currentTerm).toBe(1)
    other!.receive('S2', {
      type: 'appendEntries',
      term: 2,
      session: 1,
      round: 0,
      prevLog: { index: 1, term: 1 },
      entries: [{ kind: 'no-op', index: 2, term: 2, time: 0 }],
      leaderCommit: 2,
    })
    expect(other!.state.log.lastIndex).toBe(2)
    expect(one!.state.log.lastIndex).toBe(1)
    expect(textOf(image)).toBe(before)
    expect(textOf(twins.server.takeImage())).toBe(before)
  })
})
