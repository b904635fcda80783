import type { NodeId } from '@quorate/core'
import type { Letter } from '../world/simNetwork.ts'
import { StepFailed } from './errors.ts'
import type { Which } from './mail.ts'
import { Stage } from './stage.ts'

/** More messages than any scenario needs to come to rest. */
const MOST_MESSAGES = 10_000

/** What a scenario does with the messages and the links between servers. */
export class NetworkInHand extends Stage {
  /** What is under way on a link now arrives, one after the other. @throws StepFailed when there is nothing. */
  async deliver(from: NodeId, to: NodeId, which: Which = {}): Promise<void> {
    for (const letter of this.mail.find(from, to, which)) await this.bring(letter)
  }

  /** All that is under way now and not late arrives, in the order in which it was sent. */
  async deliverAll(): Promise<void> {
    for (const letter of this.mail.punctual) await this.bring(letter)
  }

  /** What is under way on a link is lost. @throws StepFailed when there is nothing. */
  drop(from: NodeId, to: NodeId, which: Which = {}): void {
    const letters = this.mail.find(from, to, which)
    this.mail.take(letters)
    for (const letter of letters) this.recorder.lost(letter, 'lost on the way')
  }

  /** All that is under way and not late is lost. */
  dropAll(): void {
    const letters = this.mail.punctual
    this.mail.take(letters)
    for (const letter of letters) this.recorder.lost(letter, 'lost on the way')
  }

  /** What is under way on a link arrives twice: the copies are late. @throws StepFailed when there is nothing. */
  copy(from: NodeId, to: NodeId, which: Which = {}): void {
    this.mail.copy(this.mail.find(from, to, which))
  }

  /** What is under way on a link is late: it arrives when it is delivered as such. @throws StepFailed when there is nothing. */
  delay(from: NodeId, to: NodeId, which: Which = {}): void {
    this.mail.delay(this.mail.find(from, to, which))
  }

  /** Two servers talk, or one with several, until they have nothing more to say to one another. */
  async exchange(id: NodeId, ...others: readonly NodeId[]): Promise<void> {
    const isBetween = ({ from, to }: { from: NodeId; to: NodeId }): boolean =>
      (from === id && others.includes(to)) || (to === id && others.includes(from))
    await this.#deliverWhile(() => this.mail.punctual.find(isBetween))
  }

  /** Everything flows, but for what is late, until all is quiet. */
  async settle(): Promise<void> {
    await this.#deliverWhile(() => this.mail.punctual[0])
  }

  /** From here on nothing is delivered by itself. */
  hold(): void {
    this.world.network.isHeld = true
  }

  /** From here on messages arrive by themselves, and what was held arrives now. */
  async flow(): Promise<void> {
    await this.settle()
    this.world.network.isHeld = false
  }

  /** Cuts the servers named off from all others, both ways: what is sent across is lost, until `heal`. */
  partition(...side: readonly NodeId[]): void {
    for (const id of side) this.world.node(id)
    const others = this.world.ids.filter((id) => !side.includes(id))
    if (side.length === 0 || others.length === 0) {
      throw new StepFailed(`name the servers of one side: all others, and there must be some, are the other side`)
    }
    const links = side.flatMap((id) => others.flatMap((other) => [[id, other] as const, [other, id] as const]))
    this.world.network.cut({ links })
    this.world.happened(`${side.join(', ')} cut off from ${others.join(', ')}`)
  }

  /** What one server sends to another is lost, until `heal`; the other way nothing changes. */
  cut(from: NodeId, to: NodeId): void {
    for (const id of [from, to]) this.world.node(id)
    this.world.network.cut({ links: [[from, to]] })
    this.world.happened(`what ${from} sends to ${to} is lost`)
  }

  /** All links carry again what is sent from here on. */
  heal(): void {
    this.world.network.healAll()
    this.world.happened('all links are whole again')
  }

  /** The connection of a server breaks and comes back: it takes what it has sent for lost. */
  async reconnect(id: NodeId): Promise<void> {
    this.tell(this.running(id), 'its connection breaks, and comes back')
    this.world.network.reconnect(id)
    await this.rest()
  }

  /** Delivers what `next` names, one after the other. */
  async #deliverWhile(next: () => Letter | undefined): Promise<void> {
    await this.rest()
    let left = MOST_MESSAGES
    for (let letter = next(); letter !== undefined; letter = next()) {
      if (left-- === 0) throw new StepFailed(`there are still messages after ${MOST_MESSAGES} of them`)
      await this.bring(letter)
    }
  }

  protected async bring(letter: Letter): Promise<void> {
    this.mail.take([letter])
    this.world.network.deliver(letter)
    await this.rest()
  }
}
