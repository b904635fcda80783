import { type Configuration, type Member, type Origin, type ServerId, isName } from '@quorate/core'
import { MalformedFrameError } from './errors.ts'
import { type Field, type FieldReader, isUuid } from './fields.ts'

/** One set of voters, or two under joint consensus (§6). */
const MAX_VOTER_SETS = 2

/** @throws TypeError unless `configuration` is one that can be read again. */
export function configurationFields(configuration: Configuration): Field[] {
  const { groupUuid, origin, members, voters, next } = configuration
  assertEncodable(configuration)
  const fields: Field[] = [groupUuid, ...originFields(origin)]
  putMembers(fields, members)
  fields.push(voters.length)
  for (const set of voters) fields.push(set.length, ...set)
  if (next !== undefined) {
    putMembers(fields, next.members)
    fields.push(next.voters.length, ...next.voters)
  }
  return fields
}

export function readConfiguration(fields: FieldReader): Configuration {
  const groupUuid = fields.uuid('configuration.groupUuid')
  const origin = readOrigin(fields)
  const named = origin === undefined ? { groupUuid } : { groupUuid, origin }
  const members = readMembers(fields, 'configuration.members')
  const sets = fields.integer('configuration.voters')
  if (sets === 0 || sets > MAX_VOTER_SETS) throw new MalformedFrameError(`a configuration has ${sets} sets of voters`)
  const voters: ServerId[][] = []
  for (let left = sets; left > 0; left--) voters.push(readVoters(fields))
  if (fields.atEnd) return { ...named, members, voters }
  const next = { members: readMembers(fields, 'configuration.next.members'), voters: readVoters(fields) }
  return { ...named, members, voters, next }
}

/** The numbers that stand for the reasons, for good. */
const REASONS = ['recovery', 'restore'] as const satisfies Origin['reason'][]

function originFields(origin: Origin | undefined): Field[] {
  return origin === undefined ? [null] : [origin.groupUuid, origin.lastIndex, REASONS.indexOf(origin.reason)]
}

function readOrigin(fields: FieldReader): Origin | undefined {
  const groupUuid = fields.optionalUuid('configuration.origin.groupUuid')
  if (groupUuid === undefined) return undefined
  const lastIndex = fields.integer('configuration.origin.lastIndex')
  const code = fields.integer('configuration.origin.reason')
  const reason = REASONS[code]
  if (reason === undefined) throw new MalformedFrameError(`a group was founded anew for the unknown reason ${code}`)
  return { groupUuid, lastIndex, reason }
}

function putMembers(fields: Field[], members: readonly Member[]): void {
  fields.push(members.length)
  for (const { id, store, priority } of members) {
    fields.push(id)
    if (priority !== undefined) fields.push(priority)
    fields.push(store)
  }
}

function readMembers(fields: FieldReader, what: string): Member[] {
  const members: Member[] = []
  for (let left = fields.integer(what); left > 0; left--) {
    const id = fields.name('member.id')
    const priority = fields.optionalInteger('member.priority')
    const store = fields.uuid('member.store')
    members.push(priority === undefined ? { id, store } : { id, store, priority })
  }
  return members
}

function readVoters(fields: FieldReader): ServerId[] {
  const voters: ServerId[] = []
  for (let left = fields.integer('voters'); left > 0; left--) voters.push(fields.name('voter'))
  return voters
}

function assertEncodable({ groupUuid, origin, members, voters, next }: Configuration): void {
  const sound =
    isUuid(groupUuid) &&
    isOrigin(origin) &&
    [...members, ...(next?.members ?? [])].every(isMember) &&
    voters.length > 0 &&
    voters.length <= MAX_VOTER_SETS &&
    [...voters, next?.voters ?? []].every((set) => set.every(isName))
  if (!sound) {
    throw new TypeError(`not a configuration: ${JSON.stringify({ groupUuid, origin, members, voters, next })}`)
  }
}

function isOrigin(origin: Origin | undefined): boolean {
  if (origin === undefined) return true
  const { groupUuid, lastIndex, reason } = origin
  return isUuid(groupUuid) && Number.isSafeInteger(lastIndex) && lastIndex >= 0 && REASONS.includes(reason)
}

function isMember({ id, store, priority = 0 }: Member): boolean {
  return isName(id) && isUuid(store) && Number.isSafeInteger(priority) && priority >= 0
}
