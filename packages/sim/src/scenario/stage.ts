import { PAPER_SETTINGS, type NodeId, type RaftSettings } from '@quorate/core'
import type { BrokenPromise, Story, StoryTone } from '../diagram/story.ts'
import { CALM_CONDITIONS } from '../world/simNetwork.ts'
import type { SimNode } from '../world/simNode.ts'
import { SimWorld } from '../world/simWorld.ts'
import { StoryRecorder } from '../world/storyRecorder.ts'
import { bothWatchers } from '../world/worldWatcher.ts'
import { Appends } from './appends.ts'
import { StepFailed } from './errors.ts'
import { Expectations } from './expectations.ts'
import { Mail } from './mail.ts'
import { StartingLogs, type StartingState } from './startingLogs.ts'
import { TextMachine } from './textMachine.ts'

export interface ClusterOptions extends StartingState {
  /** Beside `PAPER_SETTINGS`: what the thesis adds to elections is off unless it is asked for. */
  readonly settings?: Partial<RaftSettings>
  /** Whether messages arrive by themselves, rather than when they are delivered by hand. */
  readonly isFlowing?: boolean
  readonly seed?: number
}

/** The largest cluster. */
export const MOST_SERVERS = 9
const DISK_MS = [0.2, 0.2] as const
/** Between two steps, so that a story shows them apart. */
const STEP_MS = 1

/** A world in which nothing happens by itself: no clock runs, and what is sent waits. What steps of a scenario stand on. */
export class Stage {
  readonly world: SimWorld
  readonly expect: Expectations
  protected readonly recorder: StoryRecorder
  protected readonly mail: Mail
  protected readonly appends: Appends
  /** Why servers could not open their stores. */
  protected readonly refusals = new Map<NodeId, Error>()
  readonly #seed: number
  readonly #starting: StartingLogs

  /** @throws RangeError for servers, settings or logs that make no sense. */
  constructor(servers: number, { settings = {}, isFlowing = false, seed = 1, ...starting }: ClusterOptions) {
    if (!Number.isSafeInteger(servers) || servers < 1 || servers > MOST_SERVERS) {
      throw new RangeError(`a cluster of ${servers} servers: give 1 to ${MOST_SERVERS}`)
    }
    this.#seed = seed
    this.recorder = new StoryRecorder(() => this.world.now)
    this.world = new SimWorld({
      seed,
      servers,
      settings: { ...PAPER_SETTINGS, ...settings },
      network: { ...CALM_CONDITIONS, splits: true },
      encodes: true,
      node: () => ({ clockRate: 0, busyMs: 0, diskMs: DISK_MS, applyMs: 0, segmentBytes: 64 * 1024 }),
      machine: () => new TextMachine(),
      largestCommandBytes: 32 * 1024,
      watcher: bothWatchers({ refused: ({ id }, error) => void this.refusals.set(id, error) }, this.recorder),
    })
    this.world.network.isHeld = !isFlowing
    this.#starting = new StartingLogs(this.world.ids, starting)
    this.mail = new Mail(this.world)
    this.appends = new Appends(this.world)
    this.expect = new Expectations({
      world: this.world,
      mail: this.mail,
      appends: this.appends,
      refusals: this.refusals,
    })
  }

  /** Every process starts, on the disk that it has. Called once, before all else. */
  async begin(): Promise<void> {
    const { logs, terms } = this.#starting
    await this.#starting.lay(this.world)
    for (const node of this.world.nodes.values()) {
      await node.start()
      this.tell(node, `term ${terms.get(node.id)}, log ${(logs.get(node.id) ?? []).join(' ')}`, 'disk')
    }
    await this.rest()
  }

  /** Says something that the story is to tell. */
  note(text: string): void {
    this.recorder.steps.push({ kind: 'happened', atMs: this.world.now, node: undefined, text, tone: 'role' })
  }

  /** What has happened so far, to be drawn. `replay` is how to see it again. */
  story(title: string, replay = 'run the scenario again', broken?: BrokenPromise): Story {
    return { title, seed: this.#seed, nodes: this.world.ids, broken, replay, steps: this.recorder.steps }
  }

  /** Waits until all has happened that follows from a step. */
  protected async rest(): Promise<void> {
    const { world } = this
    await world.run(0)
    for (let dueMs = world.queue.nextDueMs; dueMs !== undefined && dueMs < Infinity; dueMs = world.queue.nextDueMs) {
      await world.run(Math.max(0, dueMs - world.now))
    }
    await world.run(STEP_MS)
  }

  protected tell({ id }: SimNode, text: string, tone: StoryTone = 'fault'): void {
    this.recorder.steps.push({ kind: 'happened', atMs: this.world.now, node: id, text, tone })
  }

  /** @throws StepFailed when it is down, RangeError when there is no such server. */
  protected running(id: NodeId): SimNode {
    const node = this.world.node(id)
    if (!node.isUp) throw new StepFailed(`${id} is down: restart it first`)
    return node
  }

  /** @throws StepFailed when it runs, RangeError when there is no such server. */
  protected down(id: NodeId): SimNode {
    const node = this.world.node(id)
    if (!node.isDown) throw new StepFailed(`${id} runs: crash it first`)
    return node
  }
}
