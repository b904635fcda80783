import type { Entry, Index, Role, ServerImage, Term } from '@quorate/core'
import { entryName, positionOfName } from './entryName.ts'
import type { ModelDisk } from './modelDisk.ts'
import { idAt, type Place } from './places.ts'

/** A server and its disk between two actions. Never changed. */
export class Machine {
  readonly place: Place
  readonly image: ServerImage
  readonly disk: ModelDisk
  readonly role: Role
  readonly term: Term
  /** No crash takes the server behind this term. */
  readonly durableTerm: Term
  readonly commitIndex: Index
  /** Its log, an entry by its name. */
  readonly log: readonly string[]
  readonly durableLog: readonly string[]

  constructor(place: Place, image: ServerImage, disk: ModelDisk) {
    const { state, role } = image
    this.place = place
    this.image = image
    this.disk = disk
    this.role = role
    this.term = state.currentTerm
    this.durableTerm = disk.hardState.currentTerm
    this.commitIndex = state.commitIndex
    this.log = logOf(image, disk).map(entryName)
    this.durableLog = disk.entries.map(entryName)
  }

  /** Machines of the same key will act alike. */
  get key(): string {
    const { image, disk, log } = this
    const { log: positions, votes, peers, configurations, settings: _, ...state } = image.state
    return JSON.stringify([
      [image.role, image.roleValue, [...image.peerValues], image.timeout?.event],
      [log, positions.cachedAfter, configurations.map(({ index }) => index)],
      [[...votes], [...peers.values()], state],
      [disk.hardState, this.durableLog],
      disk.pending.map(({ hardState, truncateAfter, entries }) => [hardState, truncateAfter, entries.map(entryName)]),
    ])
  }

  /** What does not depend on which server is called what. Machines that differ in it are not each other's double. */
  get shape(): string {
    const { role, term, durableTerm, commitIndex, log, durableLog, disk } = this
    const { votedFor, leaderId } = this.image.state
    const own = idAt(this.place)
    const relations = [votedFor, leaderId].map((id) => (id === undefined ? 0 : id === own ? 1 : 2))
    return JSON.stringify([role, term, durableTerm, commitIndex, log, durableLog, disk.pending.length, relations])
  }

  /** As a line of a trace shows it: `leader of term 2, log 1/1 2/2, commit 1`. */
  describe(): string {
    const { role, term, log, commitIndex, disk } = this
    const durable = disk.pending.length === 0 ? '' : `, ${disk.pending.length} not on disk yet`
    return `${role} of term ${term}, log ${log.map(positionOfName).join(' ')}, commit ${commitIndex}${durable}`
  }
}

/** What is no longer in memory came from the disk, where it still stands. */
function logOf({ state: { log } }: ServerImage, disk: ModelDisk): readonly Entry[] {
  const cached = log.cached(log.cachedAfter, log.lastIndex, Infinity) ?? []
  return [...disk.entries.slice(0, log.cachedAfter), ...cached]
}
