import type { GroupWrite, ServerStatus, SnapshotDescription, StoreFailure } from '@quorate/core'
import type { DiskEvent } from '@quorate/disk'
import { messageWords } from '../diagram/messageWords.ts'
import type { StoryRole, StoryStep, StoryTone } from '../diagram/story.ts'
import type { Letter } from './simNetwork.ts'
import type { SimNode, StartOutcome } from './simNode.ts'
import type { WorldWatcher } from './worldWatcher.ts'

/** Writes down what happens in a world, to be told as a story. */
export class StoryRecorder implements WorldWatcher {
  readonly steps: StoryStep[] = []
  readonly #now: () => number
  /** The story's numbers of the messages of a letter. */
  readonly #messages = new Map<number, { numbers: number[]; arrivals: number }>()
  readonly #roles = new Map<string, string>()
  readonly #committed = new Map<string, number>()
  #messageCount = 0

  /** @param now milliseconds of the world's time. */
  constructor(now: () => number) {
    this.#now = now
  }

  happened(what: string): void {
    this.#tell(undefined, what, 'fault')
  }

  sent({ number, from, to, packets }: Letter): void {
    const numbers: number[] = []
    for (const { messages } of packets) {
      for (const message of messages) {
        const { name, text } = messageWords(message)
        numbers.push(++this.#messageCount)
        this.steps.push({ kind: 'sent', atMs: this.#now(), message: this.#messageCount, from, to, name, text })
      }
    }
    this.#messages.set(number, { numbers, arrivals: 0 })
  }

  received({ number }: Letter): void {
    const known = this.#messages.get(number)
    if (known === undefined) return
    known.arrivals++
    for (const message of known.numbers) {
      const copy = known.arrivals === 1 ? {} : { copy: known.arrivals }
      this.steps.push({ kind: 'received', atMs: this.#now(), message, ...copy })
    }
  }

  lost({ number }: Letter, why: string): void {
    for (const message of this.#messages.get(number)?.numbers ?? []) {
      this.steps.push({ kind: 'lost', atMs: this.#now(), message, why })
    }
  }

  started(node: SimNode, outcome: StartOutcome): void {
    const words = {
      started: 'starts',
      repairing: 'starts, and lacks entries of its log',
      refused: 'cannot open its store',
      killed: 'crashes while it opens its store',
    }
    this.#tell(node, words[outcome], 'fault')
    this.looked(node)
  }

  killed(node: SimNode): void {
    this.#tell(node, 'crashes', 'fault')
    this.#takeRole(node.id, 'down', node.ledger.durable.hardState.currentTerm)
  }

  writing(node: SimNode, { hardState, truncateAfter, snapshot, entries }: GroupWrite): void {
    const parts: string[] = []
    if (hardState !== undefined) parts.push(`term ${hardState.currentTerm}, vote ${hardState.votedFor ?? 'none'}`)
    if (truncateAfter !== undefined) parts.push(`cut after ${truncateAfter}`)
    if (snapshot !== undefined) {
      const { index, term } = snapshot.snapshot.description.lastIncluded
      parts.push(`snapshot up to ${index}/${term}, log from ${snapshot.logStartsAfter.index + 1}`)
    }
    if (entries.length > 0) parts.push(`entries ${entries.map(({ index, term }) => `${index}/${term}`).join(' ')}`)
    this.#tell(node, `writes ${parts.join('; ')}`, 'disk')
  }

  written(node: SimNode, failure: StoreFailure | undefined): void {
    this.#tell(node, failure === undefined ? 'flushed' : `the disk fails: ${failure.error.message}`, 'disk')
  }

  restored(node: SimNode, { lastIncluded: { index, term } }: SnapshotDescription): void {
    this.#tell(node, `its state is that of the snapshot up to ${index}/${term}`, 'disk')
  }

  status(node: SimNode, { failure }: ServerStatus): void {
    if (failure !== undefined) this.#tell(node, `stops: ${failure.message}`, 'fault')
  }

  disk(node: SimNode, { type }: DiskEvent): void {
    if (type === 'tail.cut') this.#tell(node, 'cuts off a write that did not arrive as a whole', 'disk')
  }

  looked(node: SimNode): void {
    const state = node.server?.server.state
    if (state === undefined || node.role === 'down') return
    this.#takeRole(node.id, node.role, state.currentTerm)
    const before = this.#committed.get(node.id) ?? 0
    if (state.commitIndex > before && node.role === 'leader')
      this.#tell(node, `commits up to ${state.commitIndex}`, 'commit')
    this.#committed.set(node.id, state.commitIndex)
  }

  #takeRole(node: string, role: StoryRole, term: number): void {
    const key = `${role} ${term}`
    if (this.#roles.get(node) === key) return
    this.#roles.set(node, key)
    this.steps.push({ kind: 'role', atMs: this.#now(), node, role, term })
  }

  #tell(node: SimNode | undefined, text: string, tone: StoryTone): void {
    this.steps.push({ kind: 'happened', atMs: this.#now(), node: node?.id, text, tone })
  }
}
