import { type Configuration, type Member, type ServerId, isName } from '@quorate/core'
import { MalformedFrameError } from './errors.ts'
import { type Field, type FieldReader, isUuid } from './fields.ts'

/** One set of voters, or two under joint consensus (§6). */
const MAX_VOTER_SETS = 2

/** @throws TypeError unless `configuration` is one that can be read again. */
export function configurationFields(configuration: Configuration): Field[] {
  const { groupUuid, members, voters, next } = configuration
  assertEncodable(configuration)
  const fields: Field[] = [groupUuid]
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
  const members = readMembers(fields, 'configuration.members')
  const sets = fields.integer('configuration.voters')
  if (sets === 0 || sets > MAX_VOTER_SETS) throw new MalformedFrameError(`a configuration has ${sets} sets of voters`)
  const voters: ServerId[][] = []
  for (let left = sets; left > 0; left--) voters.push(readVoters(fields))
  if (fields.atEnd) return { groupUuid, members, voters }
  const next = { members: readMembers(fields, 'configuration.next.members'), voters: readVoters(fields) }
  return { groupUuid, members, voters, next }
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

function assertEncodable({ groupUuid, members, voters, next }: Configuration): void {
  const sound =
    isUuid(groupUuid) &&
    [...members, ...(next?.members ?? [])].every(isMember) &&
    voters.length > 0 &&
    voters.length <= MAX_VOTER_SETS &&
    [...voters, next?.voters ?? []].every((set) => set.every(isName))
  if (!sound) {
    throw new TypeError(`not a configuration: ${JSON.stringify({ groupUuid, members, voters, next })}`)
  }
}

function isMember({ id, store, priority = 0 }: Member): boolean {
  return isName(id) && isUuid(store) && Number.isSafeInteger(priority) && priority >= 0
}
