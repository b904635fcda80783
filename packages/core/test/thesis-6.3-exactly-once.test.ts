import {
  commandBytes,
  decodeSystemPart,
  encodeSystemPart,
  IdempotencyKeys,
  type AppendOutcome,
  type Command,
  type CommandEntry,
  type NodeId,
  type SnapshotSource,
} from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { MachineSource } from '../src/driver/machineSource.ts'
import { cluster, type Cluster } from './world/cluster.ts'
import { serverWorld } from './world/serverWorld.ts'

const DAY_MS = 86_400_000
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

function keyed(key: string, text: string, rest: Partial<Command> & { readonly retainMs?: number } = {}): Command {
  const { retainMs = DAY_MS, ...others } = rest
  return { data: encode(text), idempotency: { key, retainMs }, ...others }
}

/** How the appends of these commands, in one order, ended. */
function order(world: Cluster, id: NodeId, ...commands: readonly Command[]): AppendOutcome[] {
  const outcomes: AppendOutcome[] = []
  world.server(id).append(commands, (outcome) => outcomes.push(outcome))
  return outcomes
}

/** The same, of one that ends. */
function appended(world: Cluster, id: NodeId, ...commands: readonly Command[]): AppendOutcome {
  const outcomes = order(world, id, ...commands)
  world.run(5_000, () => outcomes.length > 0)
  expect(outcomes).toHaveLength(1)
  return outcomes[0]!
}

function led(size = 3, settings = {}): Cluster {
  const world = cluster(size, { settings })
  world.electLeader('n1')
  world.settle()
  return world
}

function at(index: number, term: number) {
  return { type: 'appended', firstIndex: index, places: [{ index, term }] }
}

describe('thesis §6.3: “linearizable semantics”: a command with a key stands in the log once', () => {
  it('the same key gets the same answer, and nothing is appended', () => {
    const world = led()
    const first = appended(world, 'n1', keyed('k', 'a'))
    const { term, lastIndex } = world.status('n1')
    expect(first).toMatchObject(at(lastIndex, term))
    expect(appended(world, 'n1', keyed('k', 'a'))).toEqual(first)
    world.settle()
    expect(world.status('n1').lastIndex).toBe(lastIndex)
    expect(world.texts('n3')).toEqual(['a'])
  })

  it('while the first is still on its way, the second waits for it', () => {
    const world = led()
    world.partition('n1')
    const [first, second] = [order(world, 'n1', keyed('k', 'a')), order(world, 'n1', keyed('k', 'a'))]
    world.run(10)
    expect([first, second]).toEqual([[], []])
    world.heal()
    world.run(2_000, () => second.length > 0)
    expect(second).toEqual(first)
    expect(world.texts('n1')).toEqual(['a'])
  })

  it('other data, or another subject, under the same key is refused, whether the first is applied or not', () => {
    const world = led()
    appended(world, 'n1', keyed('k', 'a', { subject: 'x' }))
    const { lastIndex } = world.status('n1')
    const reused = { type: 'keyReused', key: 'k' }
    expect(appended(world, 'n1', keyed('k', 'b', { subject: 'x' }))).toEqual(reused)
    expect(appended(world, 'n1', keyed('k', 'a', { subject: 'y' }))).toEqual(reused)
    expect(appended(world, 'n1', keyed('k', 'a'))).toEqual(reused)
    order(world, 'n1', keyed('open', 'a'))
    expect(appended(world, 'n1', keyed('open', 'b'))).toEqual({ type: 'keyReused', key: 'open' })
    expect(world.status('n1').lastIndex).toBe(lastIndex + 1)
  })

  it('of several commands those that stand already stay where they are, and the others follow', () => {
    const world = led()
    const first = appended(world, 'n1', keyed('a', '1'), keyed('b', '2'))
    const { term, lastIndex } = world.status('n1')
    expect(first).toMatchObject({ places: [{ index: lastIndex - 1 }, { index: lastIndex }] })
    const places = [
      { index: lastIndex + 1, term },
      { index: lastIndex, term },
      { index: lastIndex + 2, term },
    ]
    expect(appended(world, 'n1', keyed('c', '3'), keyed('b', '2'), keyed('d', '4'))).toMatchObject({ places })
    world.settle()
    expect(world.texts('n2')).toEqual(['1', '2', '3', '4'])
  })

  it('another leader gives the same answer, and so does a server that was restarted', () => {
    const world = led()
    const first = appended(world, 'n1', keyed('k', 'a'))
    world.crash('n1')
    world.electLeader('n2')
    expect(appended(world, 'n2', keyed('k', 'a'))).toMatchObject({ places: 'places' in first ? first.places : [] })
    world.restart('n1')
    world.settle()
    world.crash('n2')
    world.electLeader('n1')
    expect(appended(world, 'n1', keyed('k', 'a'))).toMatchObject({ places: 'places' in first ? first.places : [] })
    expect(world.texts('n1')).toEqual(['a'])
  })

  it('what a former leader could not commit is appended anew, once', () => {
    const world = led()
    world.partition('n1')
    const lost = order(world, 'n1', keyed('k', 'a'))
    world.run(20)
    world.electLeader('n2')
    const { lastIndex } = world.status('n2')
    expect(appended(world, 'n2', keyed('k', 'a'))).toMatchObject({ firstIndex: lastIndex + 1 })
    world.heal()
    world.settle()
    expect(lost).toMatchObject([{ type: 'notLeader' }])
    expect(world.texts('n1')).toEqual(['a'])
  })

  it('a new leader that finds it uncommitted in its log answers with its place', () => {
    const world = led()
    const { lastIndex, term } = world.status('n1')
    // It reaches n2 alone, and nobody acknowledges it.
    world.network.loses = ({ from, to }) => to === 'n3' || (from === 'n2' && to === 'n1')
    order(world, 'n1', keyed('k', 'a'))
    world.run(5, () => world.status('n2').lastIndex > lastIndex)
    world.crash('n1')
    world.network.loses = () => false
    world.electLeader('n2')
    expect(appended(world, 'n2', keyed('k', 'a'))).toMatchObject(at(lastIndex + 1, term))
  })
})

describe('thesis §6.3: a leader that does not know all keys yet', () => {
  /** A leader whose log has an entry of an older term that it has not applied. */
  function newLeader() {
    const world = serverWorld({ log: [1, 1] })
    world.lead()
    return world
  }

  function orderOf(world: ReturnType<typeof newLeader>, ...commands: readonly Command[]): string[] {
    const token = commands.map(({ data }) => new TextDecoder().decode(data)).join(' ')
    return world.input(() => world.server.append([{ token, term: world.state.currentTerm, commands }]))
  }

  it('keeps what has a key until it has applied an entry of its term, and nothing else', () => {
    const world = newLeader()
    world.flushAll()
    const { lastIndex } = world.state.log
    orderOf(world, keyed('k', 'keyed'))
    expect(world.state.log.lastIndex).toBe(lastIndex)
    expect(world.state.pendingBytes).toBe(commandBytes(keyed('k', 'keyed')))
    world.append('plain')
    expect(world.state.log.lastIndex).toBe(lastIndex + 1)
    world.accept('S2', lastIndex)
    expect(world.state.log.lastIndex).toBe(lastIndex + 2)
    world.flushAll()
    expect(world.accept('S2', lastIndex + 2)).toEqual(
      expect.arrayContaining(['answer plain: appended', 'answer keyed: appended']),
    )
    expect(world.state.pendingBytes).toBe(0)
  })

  it('refuses it when it leads no more, and has nothing in hand then', () => {
    const world = newLeader()
    world.flushAll()
    orderOf(world, keyed('k', 'keyed'))
    world.receive('S3', { type: 'requestVote.refused', term: 9 })
    expect(world.lines).toContain('answer keyed: notLeader')
    expect(world.state.pendingBytes).toBe(0)
    expect(world.state.keyedAppends).toEqual([])
  })

  it('lets it wait on for the end of a transfer', () => {
    const world = newLeader()
    world.flushAll()
    const { lastIndex } = world.state.log
    orderOf(world, keyed('k', 'keyed'))
    world.input(() => world.server.transferLeadership('S3', 'transfer'))
    world.accept('S2', lastIndex)
    expect(world.state.log.lastIndex).toBe(lastIndex)
    world.elapse(301)
    expect(world.state.log.lastIndex).toBeGreaterThan(lastIndex)
    world.flushAll()
    expect(world.accept('S2', world.state.log.lastIndex)).toContain('answer keyed: appended')
    expect(world.state.pendingBytes).toBe(0)
  })

  it('takes in no more of them than of others', () => {
    const world = serverWorld({ log: [1, 1], settings: { maxPendingBytes: commandBytes(keyed('a', 'first')) } })
    world.lead()
    orderOf(world, keyed('a', 'first'))
    expect(orderOf(world, keyed('b', 'second'))).toContain('answer second: busy')
  })
})

describe('thesis §6.3: how long a key is remembered', () => {
  const entry = (index: number, key: string, time: number, retainMs: number): CommandEntry => ({
    kind: 'command',
    index,
    term: 1,
    time,
    data: encode(key),
    idempotency: { key, retainMs },
  })

  it('as long as it says, by the time of the log, which goes on with what is applied', () => {
    const keys = new IdempotencyKeys()
    keys.note(entry(1, 'a', 1_000, 50))
    keys.passTime(1_049)
    expect(keys.find('a')).toMatchObject({ position: { index: 1, term: 1 } })
    keys.passTime(1_050)
    expect(keys.find('a')).toBeUndefined()
    keys.passTime(1_000)
    expect(keys.find('a')).toBeUndefined()
  })

  it('what is forgotten stays known as that: an append that may be among it is refused', () => {
    const keys = new IdempotencyKeys()
    keys.note(entry(7, 'a', 1_000, 50))
    keys.note(entry(8, 'b', 1_000, 5_000))
    expect(keys.mayHaveForgotten('c', 0)).toBe(false)
    keys.passTime(2_000)
    // Before the next look at all of them, for the key itself; then for every key.
    expect([keys.mayHaveForgotten('a', 6), keys.mayHaveForgotten('a', 7)]).toEqual([true, false])
    expect(keys.sweep()).toMatchObject({ remembered: [{ key: 'b' }], forgottenUpTo: 7 })
    expect([keys.mayHaveForgotten('c', 6), keys.mayHaveForgotten('c', 7)]).toEqual([true, false])
  })

  it('a key that comes again after that is another one, and stands behind all others', () => {
    const keys = new IdempotencyKeys()
    keys.note(entry(1, 'a', 1_000, 50))
    keys.note(entry(2, 'b', 1_000, 5_000))
    keys.note(entry(3, 'a', 1_100, 5_000))
    expect(keys.sweep()).toMatchObject({ remembered: [{ key: 'b' }, { key: 'a' }], forgottenUpTo: 1 })
  })

  it('those that live outlive every look for those that do not', () => {
    const keys = new IdempotencyKeys()
    for (let index = 1; index <= 10_000; index++)
      keys.note(entry(index, `k${index}`, index, index % 2 === 0 ? 1 : DAY_MS))
    expect(keys.size).toBeLessThan(7_500)
    for (let index = 1; index <= 9_999; index += 2) expect(keys.find(`k${index}`)?.position.index).toBe(index)
    expect(keys.find('k9998')).toBeUndefined()
  })

  it('a leader refuses what it may have forgotten, appends what nobody can have sent before, and asks no clock of its own', () => {
    const world = led()
    appended(world, 'n1', keyed('k', 'a', { retainMs: 1_000 }))
    const { lastIndex, commitIndex } = world.status('n1')
    world.run(5_000)
    // No entry has come since: by the log no time has passed.
    expect(appended(world, 'n1', keyed('k', 'a'))).toMatchObject({ firstIndex: lastIndex })
    world.append('n1', 'later')
    world.settle()
    const before = lastIndex - 1
    expect(appended(world, 'n1', keyed('k', 'a', { after: before }))).toEqual({
      type: 'keyForgotten',
      key: 'k',
      after: before,
    })
    expect(world.texts('n1')).toEqual(['a', 'later'])
    expect(appended(world, 'n1', keyed('k', 'a', { after: commitIndex }))).toMatchObject({ firstIndex: lastIndex + 2 })
    expect(world.texts('n1')).toEqual(['a', 'later', 'a'])
  })
})

describe('thesis §6.3, §7: keys travel in snapshots', () => {
  function compactAll(world: Cluster): void {
    for (const { id } of world.up) world.server(id).takeSnapshot(0, () => {})
    world.run(500)
  }

  it('a server that was sent a snapshot gives the same answers, and so does one that starts with it', () => {
    const world = led()
    world.partition('n3')
    const first = appended(world, 'n1', keyed('k', 'a'))
    for (let count = 0; count < 20; count++) world.append('n1', `text-${count}`)
    world.run(500)
    compactAll(world)
    world.heal()
    world.settle()
    expect(world.node('n3').restores).toBe(1)
    world.crash('n3')
    world.restart('n3')
    world.settle()
    world.electLeader('n3')
    const { lastIndex } = world.status('n3')
    expect(appended(world, 'n3', keyed('k', 'a'))).toMatchObject({ places: 'places' in first ? first.places : [] })
    expect(world.status('n3').lastIndex).toBe(lastIndex)
  })

  it('every server takes the same snapshot, whenever it last looked for keys that have expired', () => {
    const world = led()
    for (let count = 0; count < 30; count++) appended(world, 'n1', keyed(`k${count}`, 'a', { retainMs: 1 + count * 3 }))
    world.settle()
    world.state('n2').keys.sweep()
    compactAll(world)
    const checksums = world.ids.map((id) => world.state(id).snapshot?.checksum)
    expect(new Set(checksums).size).toBe(1)
    expect(checksums[0]).toBeGreaterThan(0)
  })

  const keysOf = (count: number): IdempotencyKeys => {
    const remembered = Array.from({ length: count }, (_, place) => ({
      key: `key ${place} ✓`,
      position: { index: 2 ** 40 + place, term: 7 },
      checksum: 2 ** 32 - 1 - place,
      expiresAt: 2 ** 52,
    }))
    return IdempotencyKeys.of(remembered, 2 ** 39, 5)
  }

  /** Gives `bytes` in pieces of this length, each only until the next is asked for. */
  function sourceOf(bytes: Uint8Array, pieceBytes: number): SnapshotSource {
    let offset = 0
    let given = new Uint8Array()
    return {
      read: (done) => {
        given.fill(0xee)
        given = new Uint8Array(bytes.subarray(offset, (offset += pieceBytes)))
        done(undefined, given.length === 0 ? undefined : given)
      },
      close: () => {},
    }
  }

  it.each([1, 2, 7, 1_000, 10_000_000])(
    'what is read of them is what was written, in pieces of %i bytes',
    (pieceBytes) => {
      const keys = keysOf(pieceBytes < 1_000 ? 50 : 5_000)
      const bytes = Buffer.concat([encodeSystemPart({ machineVersion: 1, keys }), encode('the state machine’s part')])
      const source = new MachineSource(sourceOf(bytes, pieceBytes))
      let read: IdempotencyKeys | undefined
      source.readSystemPart(5, (error, system) => {
        expect(error).toBeUndefined()
        read = system?.keys
      })
      expect(read?.sweep()).toEqual(keys.sweep())
      const rest: Uint8Array[] = []
      for (let isOpen = true; isOpen;) {
        source.read((_error, piece) => {
          isOpen = piece !== undefined
          if (piece !== undefined) rest.push(piece.slice())
        })
      }
      expect(Buffer.concat(rest).toString()).toBe('the state machine’s part')
    },
  )

  it('one that is cut short, or of a later version, is refused', () => {
    const bytes = encodeSystemPart({ machineVersion: 1, keys: keysOf(3) })
    for (const end of [0, 4, 5, bytes.length - 1]) {
      new MachineSource(sourceOf(bytes.subarray(0, end), 10)).readSystemPart(5, (error) =>
        expect(error).toMatchObject({ message: expect.stringContaining('ends within') }),
      )
    }
    const later = (offset: number): Uint8Array => bytes.map((byte, at) => (at === offset ? 9 : byte))
    expect(() => decodeSystemPart(later(0), 5)).toThrow('it is of format 9')
    expect(() => decodeSystemPart(later(5), 5)).toThrow('a section of kind 9')
  })
})
