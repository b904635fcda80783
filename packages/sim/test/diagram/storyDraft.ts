import type { MessageName, Story, StoryRole, StoryStep, StoryTone } from '../../src/diagram/story.ts'

/** Takes down what happens in any order, and tells it in the order of time. */
export class StoryDraft {
  readonly #steps: StoryStep[] = []
  #messages = 0

  role(atMs: number, node: string, role: StoryRole, term: number): void {
    this.#steps.push({ kind: 'role', atMs, node, role, term })
  }

  /** On a node, or to the world when it is undefined. */
  happened(atMs: number, node: string | undefined, tone: StoryTone, text: string): void {
    this.#steps.push({ kind: 'happened', atMs, node, tone, text })
  }

  /** A message leaves; `text` is what stands behind its name. */
  send(atMs: number, from: string, to: string, name: MessageName, text: string): number {
    const message = ++this.#messages
    this.#steps.push({ kind: 'sent', atMs, message, from, to, name, text: `${name} ${text}` })
    return message
  }

  receive(atMs: number, message: number, copy?: number): void {
    this.#steps.push({ kind: 'received', atMs, message, ...(copy === undefined ? {} : { copy }) })
  }

  lose(atMs: number, message: number, why: string): void {
    this.#steps.push({ kind: 'lost', atMs, message, why })
  }

  /** A message that arrives after `delayMs`. */
  post(atMs: number, delayMs: number, from: string, to: string, name: MessageName, text: string): number {
    const message = this.send(atMs, from, to, name, text)
    this.receive(atMs + delayMs, message)
    return message
  }

  /** A message that never arrives. */
  postInVain(atMs: number, from: string, to: string, name: MessageName, text: string, why: string): number {
    const message = this.send(atMs, from, to, name, text)
    this.lose(atMs, message, why)
    return message
  }

  /** Rounds of heartbeats that all are answered, from `fromMs` on every 50 ms. */
  beat(
    fromMs: number,
    rounds: number,
    leader: string,
    followers: readonly string[],
    text: string,
    answer: string,
  ): void {
    for (let round = 0; round < rounds; round += 1) {
      const atMs = fromMs + round * 50
      followers.forEach((follower, number) => {
        const delayMs = 0.4 + number / 10
        this.post(atMs, delayMs, leader, follower, 'heartbeat', text)
        this.post(atMs + delayMs, delayMs, follower, leader, 'appendEntries.accepted', answer)
      })
    }
  }

  finish(head: Partial<Omit<Story, 'steps'>> & Pick<Story, 'nodes'>): Story {
    // What happened at one moment stays in the order in which it was taken down.
    const steps = this.#steps.map(toMicroseconds).sort((one, other) => one.atMs - other.atMs)
    return { title: 'A story', seed: 1, broken: undefined, replay: 'npx quorate-sim --seed 1', ...head, steps }
  }
}

/** Sums of tenths are not quite what they seem, and would make two moments of one. */
function toMicroseconds(step: StoryStep): StoryStep {
  return { ...step, atMs: Math.round(step.atMs * 1000) / 1000 }
}
