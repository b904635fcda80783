import type { ServerId, StoreIdentity } from '@quorate/core'

/** A server by its number in the group, counted from 0. */
export type Place = number

const IDS: readonly ServerId[] = ['S1', 'S2', 'S3']
const PLACES: ReadonlyMap<ServerId, Place> = new Map(IDS.map((id, place) => [id, place]))

export function idAt(place: Place): ServerId {
  return IDS[place]!
}

export function placeOf(id: ServerId): Place {
  return PLACES.get(id)!
}

export function storeAt(place: Place): StoreIdentity {
  return `store-of-${idAt(place)}`
}
