import { describeStory } from './diagram/describeStory.ts'
import type { Story } from './diagram/story.ts'
import type { SimRandom } from './random.ts'
import type { FaultName } from './storm/faults.ts'
import { Storm, type StormFailure, type StormLimits } from './storm/storm.ts'
import { storyOf } from './storm/stormStory.ts'
import { UserWorkload, type SentCommands, type StateMachineUnderTest } from './workload/userWorkload.ts'

export interface SimulateOptions<Command, Under extends StateMachineUnderTest<Command>> {
  /** Makes one: every process of every server gets its own. */
  readonly stateMachine: () => Under
  /** The next command of some client; `number` counts them from 1. It must survive `JSON.stringify`. */
  readonly command: (random: SimRandom, number: number) => Command
  /**
   * Looks at the state machine of a server once all is calm, and throws when it should not be so. `sent` is what clients
   * know of their commands.
   */
  readonly check?: (machine: Under, sent: SentCommands<Command>) => void
  /** How many runs, from seed 1 on, or which seeds. */
  readonly seeds: number | readonly number[]
  readonly storm?: UserStorm
}

export interface UserStorm {
  /** 3 to 7; drawn for each seed unless given. */
  readonly servers?: number
  /** Drawn for each seed unless given. */
  readonly clients?: number
  /** Kinds of faults that are not to happen. */
  readonly without?: readonly FaultName[]
  /** Whether clients send a command again when its outcome is unknown, as most do; true unless given. */
  readonly retriesUnknown?: boolean
}

/** What was simulated, and how much of it. */
export interface SimulateReport {
  readonly seeds: number
  readonly events: number
  readonly simulatedMs: number
  readonly faults: number
  /** Operations of clients. */
  readonly operations: number
}

/** The first run in which something was wrong. */
export class SimulationFailedError extends Error {
  readonly seed: number
  readonly failure: StormFailure
  /** What happened in that run: `drawStory` makes a page of it. */
  readonly story: Story

  constructor(seed: number, failure: StormFailure, story: Story) {
    const lines = describeStory(story).slice(-SHOWN_LINES)
    super(`seed ${seed}, after ${failure.atMs.toFixed(0)} ms: ${failure.sentence}\n${lines.join('\n')}`, {
      cause: failure.error,
    })
    this.name = 'SimulationFailedError'
    this.seed = seed
    this.failure = failure
    this.story = story
  }
}

const SHOWN_LINES = 20

/**
 * Runs a state machine on a simulated group through storms: crashes, power cuts, partitions, stalled disks, late and
 * doubled messages. After every event all invariants of the simulator are looked at, that all servers hold the same among
 * them; after every storm your `check`.
 * @throws SimulationFailedError for the first seed in which something is wrong.
 * @throws RangeError for options that make no sense.
 */
export async function simulate<Command, Under extends StateMachineUnderTest<Command>>(
  options: SimulateOptions<Command, Under>,
): Promise<SimulateReport> {
  const { seeds, storm = {} } = options
  const limits = limitsOf(storm)
  const report = { seeds: 0, events: 0, simulatedMs: 0, faults: 0, operations: 0 }
  for (const seed of seedsOf(seeds)) {
    const one = await new Storm({ seed, limits, workload: workloadOf(options) }).run()
    if (one.broken !== undefined) {
      const again = { seed, limits, workload: workloadOf(options) }
      throw new SimulationFailedError(seed, one.broken, await storyOf(again, `simulate({ seeds: [${seed}], … })`))
    }
    report.seeds++
    report.events += one.events
    report.simulatedMs += one.simulatedMs
    report.faults += one.faults.length
    report.operations += one.operations
  }
  return report
}

function workloadOf<Command, Under extends StateMachineUnderTest<Command>>({
  stateMachine,
  command,
  check = () => {},
  storm,
}: SimulateOptions<Command, Under>): UserWorkload<Command, Under> {
  return new UserWorkload({ stateMachine, command, check, retriesUnknown: storm?.retriesUnknown ?? true })
}

function limitsOf({ servers, clients, without = [] }: UserStorm): StormLimits {
  if (servers !== undefined && ![3, 4, 5, 6, 7].includes(servers)) {
    throw new RangeError(`storm.servers is ${servers}; give 3 to 7`)
  }
  if (clients !== undefined && !(Number.isSafeInteger(clients) && clients > 0 && clients <= 100)) {
    throw new RangeError(`storm.clients is ${clients}; give 1 to 100`)
  }
  return {
    ...(servers === undefined ? {} : { servers }),
    ...(clients === undefined ? {} : { clients }),
    // Every command of a state machine of one's own is some client's.
    withoutKinds: [...without, 'burst'],
  }
}

function seedsOf(seeds: number | readonly number[]): readonly number[] {
  const list = typeof seeds === 'number' ? Array.from({ length: seeds }, (_, place) => place + 1) : seeds
  if (list.length === 0 || !list.every((seed) => Number.isSafeInteger(seed) && seed >= 0)) {
    throw new RangeError(`seeds is ${JSON.stringify(seeds)}; give how many, or a list of whole numbers`)
  }
  return list
}
