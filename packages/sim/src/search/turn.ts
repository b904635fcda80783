import { RaftServer, type AppendOutcome, type Index, type RaftSettings, type WriteId } from '@quorate/core'
import type { Envelope } from './envelope.ts'
import type { Input } from './input.ts'
import { Machine } from './machine.ts'
import { checkFlush, checkProgress, checkSend } from './machineChecks.ts'
import { ModelHost } from './modelHost.ts'
import { flushed, recoveredFrom, withWrite, type ModelDisk } from './modelDisk.ts'
import { idAt, placeOf, storeAt, type Place } from './places.ts'
import { PromiseBroken } from './promise.ts'
import { settledImage, settledMessage } from './settledImage.ts'

/** How an append ended, as its caller was told. */
export interface Answered {
  readonly command: number
  readonly outcome: AppendOutcome
}

/** What one input made of one machine. */
export interface TurnResult {
  readonly machine: Machine
  readonly sent: readonly Envelope[]
  readonly answered: readonly Answered[]
}

export interface TurnOptions {
  readonly settings: RaftSettings
  readonly writes: 'atOnce' | 'late'
}

/**
 * Gives a machine one input, and does all that the driver would: entries are applied, messages leave, writes go to the
 * disk. The server is the real one, put back from its image. Reads and polls are answered at once.
 * @throws PromiseBroken
 */
export function takeTurn(machine: Machine, input: Input, options: TurnOptions): TurnResult {
  if (input.type === 'crash') return restart(machine, input.kept, options)
  const { place, image, disk } = machine
  const host = new ModelHost()
  const turn = new Turn(place, RaftServer.putBack(image, host), disk, options)
  turn.give(input, host)
  const result = turn.finish()
  checkProgress(machine, result.machine)
  return result
}

/** A process that starts from what its disk holds. */
export function startMachine(place: Place, disk: ModelDisk, { settings, writes }: TurnOptions): TurnResult {
  const host = new ModelHost()
  const server = new RaftServer({
    id: idAt(place),
    group: 'group',
    store: storeAt(place),
    settings,
    recovered: recoveredFrom(disk),
    surroundings: host.surroundings,
    clock: host.clock,
    onElapsed: host.onElapsed,
  })
  server.start()
  return new Turn(place, server, disk, { settings, writes }).finish()
}

/** Of the writes that were under way, the first `kept` had reached the disk. */
function restart({ place, disk }: Machine, kept: number, options: TurnOptions): TurnResult {
  let left = disk
  for (let write = 0; write < kept; write++) left = flush(place, left)
  return startMachine(place, { ...left, pending: [] }, options)
}

function flush(place: Place, disk: ModelDisk): ModelDisk {
  const after = flushed(disk)
  checkFlush(place, disk.hardState, after.hardState)
  return after
}

class Turn {
  readonly #place: Place
  readonly #server: RaftServer
  readonly #options: TurnOptions
  readonly #sent: Envelope[] = []
  readonly #answered: Answered[] = []
  #disk: ModelDisk
  #nextWriteId: WriteId
  #announcedCommit: Index

  constructor(place: Place, server: RaftServer, disk: ModelDisk, options: TurnOptions) {
    this.#place = place
    this.#server = server
    this.#disk = disk
    this.#options = options
    this.#nextWriteId = server.state.durability.durableWriteId + 1
    this.#announcedCommit = server.state.commitIndex
  }

  give(input: Exclude<Input, { type: 'crash' }>, host: ModelHost): void {
    const server = this.#server
    switch (input.type) {
      case 'deliver':
        return server.receive(idAt(input.envelope.from), input.envelope.message)
      case 'timeout':
        return host.elapse()
      case 'tick':
        return server.handle({ type: 'heartbeatTick.elapsed' })
      case 'append': {
        const commands = [{ data: new TextEncoder().encode(`command ${input.command}`) }]
        return server.append([{ token: input.command, term: server.state.currentTerm, commands }])
      }
      case 'flush':
        return this.#completeWrite()
    }
  }

  /** Flush after flush, until the server wants no more. */
  finish(): TurnResult {
    while (this.#collect());
    const { failure } = this.#server
    if (failure !== undefined) {
      throw new PromiseBroken('coreHolds', `${idAt(this.#place)} has stopped: ${failure.message}`, { cause: failure })
    }
    const image = settledImage(this.#server.takeImage())
    return { machine: new Machine(this.#place, image, this.#disk), sent: this.#sent, answered: this.#answered }
  }

  /** One flush of the driver. Returns whether there was an input behind it, and so another flush is due. */
  #collect(): boolean {
    const server = this.#server
    this.#announceCommit()
    for (let next = server.startApplying(); next !== undefined; next = server.startApplying()) server.applied(next.upTo)
    const { messages, reads, answers, pollWanted, write } = server.takeOutputs()
    for (const { token, outcome } of answers)
      this.#answered.push({ command: token as number, outcome: outcome as AppendOutcome })
    for (const { to, message } of messages) {
      const envelope = { from: this.#place, to: placeOf(to), message: settledMessage(message) }
      checkSend(envelope, server.state, this.#disk)
      this.#sent.push(envelope)
    }
    if (write !== undefined) this.#disk = withWrite(this.#disk, write)
    for (const { for: peer, session, after, upTo } of reads) {
      server.handle({ type: 'entries.read', for: peer, session, entries: this.#disk.entries.slice(after, upTo) })
    }
    if (pollWanted) server.handle({ type: 'poll.completed' })
    const isWritten = write !== undefined && this.#options.writes === 'atOnce'
    if (isWritten) this.#completeWrite()
    return isWritten || pollWanted || reads.length > 0
  }

  #announceCommit(): void {
    const { role, state } = this.#server
    if (role !== 'leader' || state.commitIndex <= this.#announcedCommit) return
    this.#announcedCommit = state.commitIndex
    this.#server.handle({ type: 'commitIndex.advanced' })
  }

  #completeWrite(): void {
    this.#disk = flush(this.#place, this.#disk)
    this.#server.writeCompleted(this.#nextWriteId++)
  }
}
