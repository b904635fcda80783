import type { Entry } from '@quorate/core'

const KINDS: Readonly<Record<Entry['kind'], number>> = { command: 1, 'no-op': 2, configuration: 3, upgrade: 4 }

/** 32 bits that stand for an entry's place and content: two entries with one digest are taken for the same. */
export function digestOf(entry: Entry): number {
  let digest = mix(mix(mix(KINDS[entry.kind], entry.index), entry.term), entry.time)
  if (entry.kind === 'command') {
    for (const byte of entry.data) digest = mix(digest, byte)
    if (entry.subject !== undefined) digest = mixText(digest, entry.subject)
  } else if (entry.kind === 'configuration') {
    const { groupUuid, members, voters, next } = entry.configuration
    digest = mixText(digest, JSON.stringify([groupUuid, members, voters, next]))
    if (entry.machineVersion !== undefined) digest = mix(digest, entry.machineVersion)
  } else if (entry.kind === 'upgrade') digest = mix(digest, entry.machineVersion)
  return digest
}

/** A digest that also holds `value`, a safe integer or a fraction. */
export function mix(digest: number, value: number): number {
  const whole = Math.floor(value)
  let mixed = Math.imul(digest ^ whole, 0x9e3779b1) ^ (whole / 0x1_0000_0000)
  if (whole !== value) mixed ^= Math.floor((value - whole) * 0x1_0000_0000)
  mixed ^= mixed >>> 15
  return Math.imul(mixed, 0x85ebca6b) ^ (mixed >>> 13)
}

export function mixText(digest: number, text: string): number {
  let mixed = digest
  for (let place = 0; place < text.length; place++) mixed = Math.imul(mixed ^ text.charCodeAt(place), 0x01000193)
  return mix(mixed, text.length)
}
