import type { RaftState, ServerId, ServerImage } from '@quorate/core'
import type { Envelope } from './envelope.ts'
import type { History } from './history.ts'
import { Machine } from './machine.ts'
import type { ModelDisk } from './modelDisk.ts'
import { idAt, placeOf, storeAt, type Place } from './places.ts'
import { byKey, sortedHeld } from './settledImage.ts'

/**
 * The servers under other names: the one at `place` becomes the one at `to[place]`. No rule prefers one name to another,
 * so a world and the same world renamed have the same future, and it is enough to look into one.
 */
type Renaming = readonly Place[]

export function renameMachine(to: Renaming, { place, image, disk }: Machine): Machine {
  return new Machine(to[place]!, renameImage(to, place, image), renameDisk(to, disk))
}

export function renameEnvelope(to: Renaming, envelope: Envelope): Envelope {
  return { from: to[envelope.from]!, to: to[envelope.to]!, message: envelope.message }
}

export function renameHistory(to: Renaming, { leaders, committed }: History): History {
  return { leaders: new Map([...leaders].map(([term, place]) => [term, to[place]!])), committed }
}

/** Of messages, nothing needs a new name: they say terms and positions. Entries are the same on all servers. */
function renameImage(to: Renaming, place: Place, image: ServerImage): ServerImage {
  const renamed = (id: ServerId): ServerId => idAt(to[placeOf(id)]!)
  const { state } = image
  const { votedFor, leaderId, following, durability } = state
  const peers = [...state.peers].map(([id, progress]) => [renamed(id), { ...progress, id: renamed(id) }] as const)
  return {
    ...image,
    peerValues: new Map([...image.peerValues].map(([id, value]) => [renamed(id), value] as const).sort(byKey)),
    state: {
      ...state,
      id: idAt(to[place]!),
      store: storeAt(to[place]!),
      votedFor: votedFor && renamed(votedFor),
      leaderId: leaderId && renamed(leaderId),
      following: following && { ...following, leaderId: renamed(following.leaderId) },
      votes: new Set([...state.votes].map(renamed).sort()),
      peers: new Map(peers.sort(byKey)) satisfies RaftState['peers'],
      durability: {
        ...durability,
        held: sortedHeld(durability.held.map((held) => ({ ...held, to: renamed(held.to) }))),
      },
    },
  }
}

function renameDisk(to: Renaming, { hardState, entries, pending }: ModelDisk): ModelDisk {
  const renamed = ({ currentTerm, votedFor }: ModelDisk['hardState']): ModelDisk['hardState'] => ({
    currentTerm,
    votedFor: votedFor && idAt(to[placeOf(votedFor)]!),
  })
  return {
    hardState: renamed(hardState),
    entries,
    pending: pending.map((write) => ({ ...write, hardState: write.hardState && renamed(write.hardState) })),
  }
}
