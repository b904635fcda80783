import type { NodeId, RaftSettings, ReadOutcome } from '@quorate/core'
import { cluster, type Cluster } from './cluster.ts'
import type { Letter } from './testNetwork.ts'
import { TestRandom } from './testRandom.ts'

export interface HistoryOptions {
  readonly servers: number
  readonly seed: number
  readonly settings?: Partial<RaftSettings>
}

/** What happens to a cluster in which anything may happen at any moment, as a seed has it: nothing is checked here. */
export class RandomHistory {
  readonly cluster: Cluster
  readonly #random: TestRandom
  readonly #weights: readonly (readonly [weight: number, happen: () => void])[]
  readonly #sum: number
  readonly #stalled = new Set<NodeId>()
  /** Delivered already, to come again: perhaps in another term, to another process. */
  readonly #echoes: Letter[] = []
  #appends = 0
  /** What those were told who wanted to read, in the order of the answers. */
  readonly reads: ReadOutcome[] = []

  constructor({ servers, seed, settings }: HistoryOptions) {
    const random = new TestRandom(seed)
    this.#random = random
    const checkQuorum = random.happens(0.7)
    this.cluster = cluster(servers, {
      seed,
      settings: {
        backtracking: random.happens(0.5) ? 'term' : 'entry',
        maxInflightEntries: random.pick([2, 16, 16_384]),
        maxBatchBytes: random.pick([100, 300, 256 * 1024]),
        cacheBytes: random.pick([150, 16 * 1024 * 1024]),
        checkQuorum,
        preVote: checkQuorum && random.happens(0.7),
        storeStallTimeoutMs: random.pick([100, 1_000]),
        leaseReads: checkQuorum && random.happens(0.5),
        ...settings,
      },
    })
    this.cluster.network.isHeld = true
    for (const node of this.cluster.nodes.values()) node.store.isHeld = true
    // Each history has its own temper: some of it happens often, some of it never.
    const often = (weight: number): number => weight * random.pick([0, 0.3, 1, 1, 3])
    this.#weights = [
      [20 + 10 * servers, () => this.#deliver()],
      [10 + 5 * servers, () => this.#completeWrite()],
      [10, () => this.#letTimePass()],
      [5, () => this.#append()],
      [often(4), () => this.#read()],
      [often(4), () => this.#lose()],
      [often(6), () => this.#deliverAgain()],
      [often(1.2), () => this.#crash()],
      [3, () => this.#restart()],
      [often(1.2), () => this.#cut()],
      [1, () => this.cluster.heal()],
      [often(1), () => this.#stall()],
      [0.6, () => this.#stalled.clear()],
      [often(0.2), () => this.cluster.network.reconnect(random.pick(this.cluster.ids))],
      [often(0.3), () => this.#transfer()],
      [often(0.6), () => this.#changeMembers()],
    ]
    this.#sum = this.#weights.reduce((sum, [weight]) => sum + weight, 0)
  }

  /** One event. */
  step(): void {
    let left = this.#random.next() * this.#sum
    for (const [weight, happen] of this.#weights) {
      left -= weight
      if (left < 0) {
        happen()
        break
      }
    }
    // Several inputs may share a turn.
    if (this.#random.happens(0.7)) this.cluster.clock.finishTurn()
  }

  #deliver(): void {
    const { network } = this.cluster
    const { letters } = network
    if (letters.length === 0) return
    // Mostly in order, now and then not.
    const place = this.#random.happens(0.7) ? 0 : this.#random.below(letters.length)
    const [letter] = letters.splice(place, 1)
    if (this.#echoes.length < 60) this.#echoes.push(letter!)
    else if (this.#random.happens(0.2)) this.#echoes[this.#random.below(60)] = letter!
    network.deliver(letter!)
  }

  #deliverAgain(): void {
    if (this.#echoes.length > 0) this.cluster.network.deliver(this.#random.pick(this.#echoes))
  }

  #lose(): void {
    const { letters } = this.cluster.network
    if (letters.length > 0) letters.splice(this.#random.below(letters.length), this.#random.pick([1, 1, 1, 10]))
  }

  #completeWrite(): void {
    const ready = this.cluster.up.filter(({ id, store }) => store.waiting > 0 && !this.#stalled.has(id))
    if (ready.length > 0) this.#random.pick(ready).store.complete(1)
  }

  #letTimePass(): void {
    if (this.#random.happens(0.02)) this.cluster.clock.pause(400)
    this.cluster.run(this.#random.pick([1, 10, 30, 60]))
  }

  #append(): void {
    const { leader, up } = this.cluster
    if (up.length === 0) return
    const to = leader !== undefined && this.#random.happens(0.8) ? leader : this.#random.pick(up).id
    const texts = Array.from({ length: this.#random.pick([1, 1, 2, 5]) }, () => `a${++this.#appends}`)
    this.cluster.append(to, ...texts)
  }

  #read(): void {
    const { up } = this.cluster
    if (up.length === 0) return
    this.#random.pick(up).server!.readIndex(this.#random.happens(0.5), (outcome) => this.reads.push(outcome))
  }

  #transfer(): void {
    const { leader, ids } = this.cluster
    if (leader === undefined) return
    const to = this.#random.pick([undefined, ...ids])
    this.cluster.server(leader).transferLeadership(to, () => {})
  }

  #changeMembers(): void {
    const { leader, ids } = this.cluster
    if (leader === undefined) return
    const voters = ids.filter(() => this.#random.happens(0.7))
    const learners = ids.filter((id) => !voters.includes(id) && this.#random.happens(0.5))
    if (voters.length === 0) voters.push(leader)
    const request = { voters, learners: learners.filter((id) => !voters.includes(id)), timeoutMs: 500 }
    this.cluster.server(leader).changeMembership(request, () => {})
  }

  #crash(): void {
    const { up } = this.cluster
    if (up.length === 0) return
    const node = this.#random.pick(up)
    this.cluster.crash(node.id, this.#random.below(node.store.waiting + 1))
  }

  #restart(): void {
    const down = [...this.cluster.nodes.values()].filter((node) => node.server === undefined)
    if (down.length > 0) this.cluster.restart(this.#random.pick(down).id)
  }

  #cut(): void {
    this.cluster.partition(...this.cluster.ids.filter(() => this.#random.happens(0.4)))
  }

  #stall(): void {
    this.#stalled.add(this.#random.pick(this.cluster.ids))
  }
}
