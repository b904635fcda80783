import { memberOf } from '../configuration.ts'
import { StoreReplacedError, WrongGroupError } from '../errors.ts'
import type { NodeId, StoreIdentity } from '../identifiers.ts'
import { isOfLeader, type Packet } from '../messages.ts'
import { isRecognised } from '../rules/configurations.ts'
import { configurationOf } from '../state/raftState.ts'
import type { RaftServer } from '../statecharts/raftServer.ts'

/** Why packets were dropped, counted. */
export interface DroppedPackets {
  wrongGroup: number
  replacedStore: number
  whileBlank: number
}

export interface AdmissionOptions {
  readonly server: RaftServer
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly fail: (error: Error) => void
  /** A server has heard from `from` and does not know whether the group knows it, by its store. */
  readonly onHeardUnknown: (from: NodeId) => void
}

/** Who may speak to a server: what comes of another group, or of a store that its server no longer is, counts for nothing. */
export class Admission {
  readonly dropped: DroppedPackets = { wrongGroup: 0, replacedStore: 0, whileBlank: 0 }
  readonly #options: AdmissionOptions
  /** Since when leaders of another group of this name were heard while there was none of ours. */
  #leaderlessSinceMs: number | undefined
  /** Since when the group has known this server by another store only. */
  #unknownSinceMs: number | undefined

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  admits(from: NodeId, packet: Packet): boolean {
    const configuration = configurationOf(this.#options.server.state)
    const leads = packet.messages.some(isOfLeader)
    if (configuration === undefined) return this.#admitsLeaders(from, leads)
    if (packet.groupUuid !== undefined && packet.groupUuid !== configuration.groupUuid) {
      this.dropped.wrongGroup++
      if (leads) this.#heardOtherLeader(from, configuration.groupUuid, packet.groupUuid)
      return false
    }
    if (!isRecognised(this.#options.server.state)) return this.#admitsLeaders(from, leads)
    const known = memberOf(configuration, from)
    // Who leads was elected, by whichever store: a server that catches up may know of no more than what is long over.
    if (known !== undefined && known.store !== packet.store && !packet.messages.every(isOfLeader)) {
      this.dropped.replacedStore++
      return false
    }
    return true
  }

  /** Our group has a leader: whoever else speaks under its name is the one in the wrong place. */
  noteLeader(): void {
    this.#leaderlessSinceMs = undefined
  }

  /**
   * The group knows this server by `store`, as one of its servers says: by another for as long as three elections could
   * take, and it is not about to be let in. Who says so may know less than the others; undefined: the group does not know it.
   */
  noteKnownStore(store: StoreIdentity | undefined): void {
    const { server, now, fail } = this.#options
    if (store === undefined || store === server.state.store) {
      this.#unknownSinceMs = undefined
      return
    }
    this.#unknownSinceMs ??= now()
    if (now() - this.#unknownSinceMs <= 3 * server.state.settings.electionTimeoutMaxMs) return
    fail(new StoreReplacedError(server.group, server.id, store, server.state.store))
  }

  /**
   * A blank server has nothing to vote with and nothing to compare with, nor has one that the group knows by another
   * store: it listens to leaders alone, and asks whether it is known.
   */
  #admitsLeaders(from: NodeId, leads: boolean): boolean {
    if (leads) this.#options.onHeardUnknown(from)
    else this.dropped.whileBlank++
    return leads
  }

  /**
   * Another group of our name has a leader, so a majority is with it. If ours stays without one for as long as three
   * elections could take, this store is in the wrong place; sooner, the other group may be.
   */
  #heardOtherLeader(from: NodeId, own: string, theirs: string): void {
    const { server, now, fail } = this.#options
    if (server.state.leaderId !== undefined) {
      this.#leaderlessSinceMs = undefined
      return
    }
    this.#leaderlessSinceMs ??= now()
    if (now() - this.#leaderlessSinceMs <= 3 * server.state.settings.electionTimeoutMaxMs) return
    fail(new WrongGroupError(server.group, own, from, theirs))
  }
}
