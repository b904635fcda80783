import type { InstallSnapshot, LogPosition, SnapshotDescription, StoredSnapshot } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { appendEntries, descriptionOf, firstEntryOf, serverWorld, type ServerWorld } from './world/serverWorld.ts'

const LATER: LogPosition = { index: 9, term: 2 }

interface Piece {
  readonly term?: number
  readonly session?: number
  readonly description?: SnapshotDescription
  readonly offset?: number
  readonly bytes?: number
}

/** A piece of the leader's snapshot; without `bytes`, the question how far the follower is. */
function install({ term = 2, session = 1, description = descriptionOf(LATER), offset = 0, bytes = 0 }: Piece = {}) {
  const data = new Uint8Array(bytes)
  return { type: 'installSnapshot', term, session, round: 0, description, offset, data } satisfies InstallSnapshot
}

function stored(description: SnapshotDescription): StoredSnapshot {
  return { description, key: description.lastIncluded.index }
}

function written(world: ServerWorld, bytes: number, description = descriptionOf(LATER)): string[] {
  return world.input(() => world.server.snapshotPieceWritten(description, bytes))
}

function finished(world: ServerWorld, description = descriptionOf(LATER)): string[] {
  return world.input(() => world.server.snapshotStored(stored(description)))
}

function receiveAll(world: ServerWorld, from = 'S2'): void {
  world.receive(from, install({ bytes: 100 }))
  written(world, 100)
  finished(world)
}

function chartOf(world: ServerWorld): unknown {
  const role = world.server.actor.getSnapshot().children['role'] as unknown as { getSnapshot(): { value: unknown } }
  return role.getSnapshot().value
}

function peerOf(world: ServerWorld, id: string): unknown {
  return world.server.takeImage().peerValues.get(id)
}

/** A leader of term 3 whose log begins behind entry 5, and S2, which has told that it agrees at `hint` at best. */
function leader(hint: LogPosition = { index: 1, term: 1 }, settings = {}): ServerWorld {
  const log = [1, 1, 1, 2, 2, 2]
  const world = serverWorld({ log, snapshot: { upTo: 5, logStartsAfter: 5 }, settings })
  world.lead()
  world.flushAll()
  world.accept('S3', 7)
  world.reject('S2', 6, hint)
  return world
}

function answered(world: ServerWorld, receivedBytes: number, from = 'S2', lastIncludedIndex = 5): string[] {
  const term = world.state.currentTerm
  const session = world.session(from)
  return world.receive(from, {
    type: 'installSnapshot.answered',
    term,
    session,
    round: 0,
    lastIncludedIndex,
    receivedBytes,
  })
}

/** The piece that was asked for comes from the store. */
function servePiece(world: ServerWorld, bytes: number): string[] {
  const read = world.snapshotReads.shift()
  if (read === undefined) throw new Error('no piece was asked for')
  return world.input(() =>
    world.server.handle({
      type: 'snapshot.read',
      for: read.for,
      session: read.session,
      offset: read.offset,
      data: new Uint8Array(bytes),
    }),
  )
}

describe('§7 Log compaction: a follower', () => {
  it('says how far it is, and takes the pieces in order, each once the one before is written', () => {
    const world = serverWorld({ log: [1, 1], term: 2 })
    expect(world.receive('S2', install())).toEqual(['S2: installSnapshot.answered term 2 snapshot 9 has 0'])
    expect(chartOf(world)).toEqual({ following: { contact: 'armed', log: 'receivingSnapshot' } })
    expect(world.receive('S2', install({ bytes: 60 }))).toEqual(['write 9/2'])
    // Doubled, and ahead: neither is taken, and the answer says what is written.
    expect(world.receive('S2', install({ bytes: 60 }))).toEqual([
      'S2: installSnapshot.answered term 2 snapshot 9 has 0',
    ])
    expect(written(world, 60)).toEqual(['S2: installSnapshot.answered term 2 snapshot 9 has 60'])
    expect(world.receive('S2', install({ offset: 80, bytes: 20 }))).toEqual([
      'S2: installSnapshot.answered term 2 snapshot 9 has 60',
    ])
    expect(world.receive('S2', install({ offset: 60, bytes: 40 }))).toEqual(['write 9/2'])
    expect(written(world, 40)).toEqual(['S2: installSnapshot.answered term 2 snapshot 9 has 100', 'finish 9/2'])
  })

  it('installs it once it is flushed, and acknowledges when that is durable', () => {
    const world = serverWorld({ log: [1, 1], term: 2 })
    world.receive('S2', install({ bytes: 100 }))
    written(world, 100)
    expect(finished(world)).toEqual(['write cut after 0, snapshot 9/2 log from 9/2'])
    expect(chartOf(world)).toEqual({ following: { contact: 'armed', log: 'appending' } })
    expect(world.state).toMatchObject({ commitIndex: 9, lastApplied: 0 })
    expect(world.state.log.last).toEqual(LATER)
    expect(world.flush()).toEqual(['S2: appendEntries.accepted term 2 match 9'])
    expect(world.restored).toEqual([9])
    expect(world.state.lastApplied).toBe(9)
  })

  it('goes on behind it, and applies what follows', () => {
    const world = serverWorld({ log: [1, 1], term: 2 })
    receiveAll(world)
    world.flushAll()
    world.receive('S2', appendEntries(2, [9, 2], [2, 2], 11))
    world.flushAll()
    expect(world.state.lastApplied).toBe(11)
    expect([world.restored, world.applied]).toEqual([[9], [10, 11]])
  })

  it('discards the log that conflicts with it (rule 7)', () => {
    const world = serverWorld({ log: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], term: 2 })
    receiveAll(world)
    expect(world.state.log.last).toEqual(LATER)
    expect(world.state.log.startsAfter).toEqual(LATER)
    expect(world.state.configurations).toMatchObject([{ index: 1 }])
    world.flushAll()
    expect(world.state.durability.durableIndex).toBe(9)
  })

  it('has the configuration of the snapshot from then on (rule 8), and none that stood in the log', () => {
    const world = serverWorld({ log: [1, 1], term: 2 })
    world.receive('S2', appendEntries(2, [2, 1], [], 2))
    const { configuration } = firstEntryOf(4)
    const description = { ...descriptionOf(LATER), configuration: { index: 7, configuration } }
    world.receive('S2', install({ description, bytes: 100 }))
    written(world, 100, description)
    finished(world, description)
    expect(world.state.configurations).toEqual([{ index: 7, configuration }])
    expect(world.server.failure).toBeUndefined()
  })

  it('stops at a snapshot of another group', () => {
    const world = serverWorld({ log: [1, 1], term: 2 })
    const configuration = { ...firstEntryOf(3).configuration, groupUuid: 'another-group' }
    const description = { ...descriptionOf(LATER), configuration: { index: 7, configuration } }
    world.receive('S2', install({ description, bytes: 100 }))
    written(world, 100, description)
    finished(world, description)
    expect(world.server.failure?.message).toContain('keeps the UUID it was born with')
  })

  it('keeps the log, and what stands behind, where it holds the last included entry (rule 6)', () => {
    const world = serverWorld({ log: [1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2] })
    expect(world.receive('S2', install())).toEqual(['S2: appendEntries.accepted term 2 match 9'])
    expect(world.state.log.lastIndex).toBe(11)
    expect(world.state.commitIndex).toBe(9)
    expect(world.intakeSteps).toEqual([])
  })

  it('needs none for what it knows to be committed, though the term there is gone', () => {
    const world = serverWorld({ log: Array.from({ length: 12 }, () => 2), snapshot: { upTo: 10, logStartsAfter: 10 } })
    expect(world.receive('S2', install())).toEqual(['S2: appendEntries.accepted term 2 match 9'])
  })

  it('of a snapshot without data makes one at once', () => {
    const world = serverWorld({ log: [1, 1], term: 2 })
    const description = descriptionOf(LATER, 0)
    expect(world.receive('S2', install({ description }))).toEqual([
      'S2: installSnapshot.answered term 2 snapshot 9 has 0',
      'finish 9/2',
    ])
    expect(finished(world, description)).toEqual(['write cut after 0, snapshot 9/2 log from 9/2'])
  })

  it('goes on with the same snapshot of another leader, and discards one that is another (rule 5)', () => {
    const world = serverWorld({ log: [1, 1], term: 2 })
    world.receive('S2', install({ bytes: 60 }))
    written(world, 60)
    world.receive('S3', install({ term: 3 }))
    expect(world.flush()).toEqual(['S3: installSnapshot.answered term 3 snapshot 9 has 60'])
    const other = descriptionOf({ index: 10, term: 2 })
    expect(world.receive('S3', install({ term: 3, description: other }))).toEqual([
      'S3: installSnapshot.answered term 3 snapshot 10 has 0',
      'discard 9/2',
    ])
    expect(written(world, 40)).toEqual([])
  })

  it('takes none of the pieces that would make it longer than it is', () => {
    const world = serverWorld({ log: [1, 1], term: 2 })
    expect(world.receive('S2', install({ bytes: 101 }))).toEqual([
      'S2: installSnapshot.answered term 2 snapshot 9 has 0',
    ])
  })

  it('begins anew when what came is not what was promised', () => {
    const world = serverWorld({ log: [1, 1], term: 2 })
    world.receive('S2', install({ bytes: 100 }))
    written(world, 100)
    expect(world.input(() => world.server.snapshotSpoiled(descriptionOf(LATER)))).toEqual([
      'S2: installSnapshot.answered term 2 snapshot 9 has 0',
    ])
    expect(world.receive('S2', install({ bytes: 100 }))).toEqual(['write 9/2'])
  })

  it('keeps it while no leader is known, and installs it when one offers it', () => {
    const world = serverWorld({ log: [1, 1], term: 2 })
    world.receive('S2', install({ bytes: 100 }))
    written(world, 100)
    world.timeOut()
    expect(world.role).toBe('candidate')
    expect(finished(world)).toEqual([])
    world.flushAll()
    expect(world.state.log.lastIndex).toBe(2)
    const { currentTerm: term } = world.state
    expect(world.receive('S3', install({ term }))).toEqual(['write cut after 0, snapshot 9/2 log from 9/2'])
    expect(world.role).toBe('follower')
  })

  it('drops it when the entries come after all', () => {
    const world = serverWorld({ log: [1, 1], term: 2 })
    world.receive('S2', install({ bytes: 60 }))
    world.receive('S2', appendEntries(2, [2, 1], [2, 2, 2, 2, 2, 2, 2], 9))
    world.flushAll()
    expect(world.receive('S2', install())).toEqual(['S2: appendEntries.accepted term 2 match 9', 'discard 9/2'])
    expect(chartOf(world)).toEqual({ following: { contact: 'armed', log: 'appending' } })
  })

  it('refuses a leader of an older term (rule 1), and is no candidate against one of its own', () => {
    const world = serverWorld({ log: [1, 1], term: 4 })
    expect(world.receive('S2', install({ term: 3, bytes: 10 }))).toEqual([
      'S2: installSnapshot.answered term 4 snapshot 9 has 0',
    ])
    expect(world.state.intake).toBeUndefined()
    world.timeOut()
    world.flushAll()
    const { currentTerm: term } = world.state
    expect(world.receive('S2', install({ term: term - 1 }))).toEqual([
      `S2: installSnapshot.answered term ${term} snapshot 9 has 0`,
    ])
    expect(world.role).toBe('candidate')
    world.receive('S2', install({ term }))
    expect(world.role).toBe('follower')
  })

  it('counts pieces and questions as words of its leader: what takes long to send is no silence', () => {
    const world = serverWorld({ log: [1, 1], term: 2 })
    expect(world.elapse(140)).toEqual([])
    world.receive('S2', install({ bytes: 10 }))
    expect(world.elapse(140)).toEqual([])
    world.receive('S2', install())
    expect(world.elapse(140)).toEqual([])
    expect(world.elapse(20)).toEqual(['poll'])
  })

  it('takes entries whose beginning is gone here, from where its log begins', () => {
    const log = [1, 1, 1, 2, 2, 2]
    const world = serverWorld({ log, snapshot: { upTo: 5, logStartsAfter: 5 } })
    world.receive('S2', appendEntries(2, [2, 1], [1, 2, 2, 2, 2], 7))
    expect(world.state.log.last).toEqual({ index: 7, term: 2 })
    expect(world.flush()).toEqual(['S2: appendEntries.accepted term 2 match 7'])
    expect(world.receive('S2', appendEntries(2, [1, 1], []))).toEqual(['S2: appendEntries.accepted term 2 match 7'])
  })

  it('compares logs by its snapshot where nothing stands behind it (§5.4.1)', () => {
    const world = serverWorld({ log: [1, 1, 2], snapshot: { upTo: 3, logStartsAfter: 3 } })
    world.timeOut()
    world.flushAll()
    expect(world.messages).toMatchObject([{ message: { lastLog: { index: 3, term: 2 } } }, {}])
  })

  it('starts with what its snapshot stands for: committed, and restored before anything is applied', () => {
    const world = serverWorld({ log: [1, 1, 1, 1, 1], snapshot: { upTo: 3, logStartsAfter: 2 } })
    expect(world.state).toMatchObject({ commitIndex: 3, lastApplied: 3 })
    expect([world.restored, world.applied]).toEqual([[3], []])
    expect(world.state.configurations).toMatchObject([{ index: 1 }])
    world.receive('S2', appendEntries(1, [5, 1], [], 5))
    expect(world.applied).toEqual([4, 5])
  })

  it('cannot say any more what became of an append where a snapshot stands now', () => {
    const world = serverWorld({ log: [1] })
    world.lead()
    world.append('a')
    world.flushAll()
    world.receive('S2', install({ term: 3, description: descriptionOf({ index: 9, term: 3 }), bytes: 100 }))
    written(world, 100, descriptionOf({ index: 9, term: 3 }))
    finished(world, descriptionOf({ index: 9, term: 3 }))
    expect(world.flushAll()).toContain('answer a: unknown')
  })
})

describe('§7 Log compaction: a leader', () => {
  it('sends its snapshot to a follower that needs what is gone, piece by piece, then entries again', () => {
    const world = leader()
    expect(peerOf(world, 'S2')).toBe('snapshot')
    expect(world.lines).toEqual(['S2: installSnapshot term 3 snapshot 5/2 at 0: 0 bytes'])
    expect(answered(world, 0)).toEqual(['read for S2 of 5/2 from 0'])
    expect(servePiece(world, 60)).toEqual(['S2: installSnapshot term 3 snapshot 5/2 at 0: 60 bytes'])
    expect(answered(world, 60)).toEqual(['read for S2 of 5/2 from 60'])
    expect(servePiece(world, 40)).toEqual(['S2: installSnapshot term 3 snapshot 5/2 at 60: 40 bytes'])
    expect(answered(world, 100)).toEqual([])
    expect(world.accept('S2', 5)).toEqual(['read for S2 6..6'])
    expect(peerOf(world, 'S2')).toBe('replicate')
    expect(world.state.peers.get('S2')?.sending).toBeUndefined()
  })

  it('goes on where the follower says that it is', () => {
    const world = leader()
    expect(answered(world, 70)).toEqual(['read for S2 of 5/2 from 70'])
  })

  it('has one piece under way: answers to heartbeats ask for no other', () => {
    const world = leader()
    answered(world, 0)
    expect(answered(world, 0)).toEqual([])
    servePiece(world, 60)
    expect(answered(world, 0)).toEqual([])
    world.tick()
    expect(world.tick()).toContain('S2: installSnapshot term 3 snapshot 5/2 at 0: 0 bytes')
    expect(answered(world, 0)).toEqual([])
    expect(answered(world, 60)).toEqual(['read for S2 of 5/2 from 60'])
  })

  it('asks again after an election timeout without progress, and sends the piece that was lost', () => {
    const world = leader()
    answered(world, 0)
    servePiece(world, 60)
    for (let tick = 0; tick <= 12; tick++) {
      expect(answered(world, 0)).toEqual([])
      world.tick()
    }
    expect(answered(world, 0)).toEqual(['read for S2 of 5/2 from 0'])
  })

  it('begins again with a follower that has lost what came', () => {
    const world = leader()
    answered(world, 60)
    servePiece(world, 20)
    expect(answered(world, 0)).toEqual(['read for S2 of 5/2 from 0'])
  })

  it('asks again when the connection comes back', () => {
    const world = leader()
    answered(world, 0)
    servePiece(world, 60)
    const lines = world.input(() => world.server.handle({ type: 'connection.restored' }))
    expect(lines).toContain('S2: installSnapshot term 3 snapshot 5/2 at 0: 0 bytes')
    expect(answered(world, 60)).toEqual(['read for S2 of 5/2 from 60'])
  })

  it('sends no faster than it may', () => {
    const world = leader(undefined, { snapshotBytesPerSecond: 1000, snapshotChunkBytes: 50 })
    answered(world, 0)
    servePiece(world, 50)
    // 25 bytes a tick: the first 50 have used up two of them.
    expect(answered(world, 50)).toEqual([])
    world.tick()
    expect(world.snapshotReads).toEqual([])
    world.tick()
    expect(world.snapshotReads).toMatchObject([{ offset: 50 }])
  })

  it('sends the present snapshot when the store has not that one any more', () => {
    const world = leader()
    answered(world, 0)
    const [read] = world.snapshotReads
    expect(
      world.input(() =>
        world.server.handle({
          type: 'snapshot.superseded',
          for: 'S2',
          session: read!.session,
          description: read!.description,
        }),
      ),
    ).toEqual(['S2: installSnapshot term 3 snapshot 5/2 at 0: 0 bytes'])
  })

  it('sends a follower that falls behind a compaction the snapshot that took its place', () => {
    const world = serverWorld({ log: [1, 1, 1] })
    world.lead()
    world.flushAll()
    world.accept('S2', 3)
    world.accept('S3', 4)
    expect(peerOf(world, 'S2')).toBe('replicate')
    compact(world, { index: 4, term: 2 }, 0)
    // It was sent entry 4, and may have it.
    expect(peerOf(world, 'S2')).toBe('replicate')
    world.input(() => world.server.handle({ type: 'connection.restored' }))
    expect(peerOf(world, 'S2')).toBe('snapshot')
    expect(world.lines).toContain('S2: installSnapshot term 2 snapshot 4/2 at 0: 0 bytes')
  })

  it('keeps the entries behind a snapshot that a follower is getting, and then needs no other', () => {
    const world = leader()
    compact(world, { index: 7, term: 3 }, 0)
    expect(world.state.log.startsAfter).toEqual({ index: 5, term: 2 })
    expect(world.state.snapshot?.lastIncluded.index).toBe(7)
    expect(world.accept('S2', 5)).toEqual(['read for S2 6..6'])
    compact(world, { index: 7, term: 3 }, 0)
  })

  it('sends the next one where the log was compacted further all the same', () => {
    const world = leader()
    for (let tick = 0; tick <= 12; tick++) {
      world.tick()
      world.accept('S3', 7)
    }
    expect(world.state.peers.get('S2')?.sending?.description.lastIncluded.index).toBe(5)
    compact(world, { index: 7, term: 3 }, 0)
    expect(world.state.log.startsAfter.index).toBe(7)
    expect(world.accept('S2', 5)).toEqual(['S2: installSnapshot term 3 snapshot 7/3 at 0: 0 bytes'])
  })

  it('gives a follower that is not there any more the latest: the one before may go', () => {
    const world = leader()
    for (let tick = 0; tick <= 12; tick++) {
      world.tick()
      world.accept('S3', 7)
    }
    compact(world, { index: 7, term: 3 }, 0)
    world.tick()
    expect(world.state.peers.get('S2')?.sending?.description.lastIncluded.index).toBe(7)
  })

  it('tells a follower so with which it leads, when others read', () => {
    const world = leader()
    world.tick()
    expect(world.ask('r').filter((line) => line.startsWith('S2'))).toEqual([
      'S2: installSnapshot term 3 snapshot 5/2 at 0: 0 bytes',
    ])
  })

  it('gives way to a newer term that an answer names', () => {
    const world = leader()
    const answer = { session: 0, round: 0, lastIncludedIndex: 5, receivedBytes: 0 }
    world.receive('S2', { type: 'installSnapshot.answered', term: 9, ...answer })
    expect(world.role).toBe('follower')
  })
})

/** The server's own snapshot up to `lastIncluded` is flushed. */
function compact(world: ServerWorld, lastIncluded: LogPosition, trailingEntries: number): boolean {
  let isAdopted = false
  world.input(() => {
    isAdopted = world.server.compactLog(stored(descriptionOf(lastIncluded)), trailingEntries)
  })
  return isAdopted
}

describe('§7 Log compaction: any server', () => {
  function applied(): ServerWorld {
    const world = serverWorld({ log: [1, 1, 1, 1, 1, 1] })
    world.receive('S2', appendEntries(1, [6, 1], [], 5))
    return world
  }

  it('discards the entries that its snapshot stands for, all but those that are to trail', () => {
    const world = applied()
    expect(compact(world, { index: 5, term: 1 }, 2)).toBe(true)
    expect(world.lines).toEqual(['write snapshot 5/1 log from 3/1'])
    expect(world.state.log.startsAfter).toEqual({ index: 3, term: 1 })
    expect(world.state.log.lastIndex).toBe(6)
  })

  it('keeps the whole log where more is to trail than there is', () => {
    const world = applied()
    expect(compact(world, { index: 5, term: 1 }, 1000)).toBe(true)
    expect(world.lines).toEqual(['write snapshot 5/1 log from 0/0'])
  })

  it('takes no snapshot that is not later, nor one while the write of another waits', () => {
    const world = applied()
    world.server.compactLog(stored(descriptionOf({ index: 4, term: 1 })), 0)
    expect(compact(world, { index: 5, term: 1 }, 0)).toBe(false)
    expect(compact(world, { index: 4, term: 1 }, 0)).toBe(false)
    expect(compact(world, { index: 3, term: 1 }, 0)).toBe(false)
    expect(compact(world, { index: 5, term: 1 }, 0)).toBe(true)
  })

  it('keeps the configuration that is in force', () => {
    const world = applied()
    compact(world, { index: 5, term: 1 }, 0)
    expect(world.state.configurations).toMatchObject([{ index: 1 }])
    world.timeOut()
    expect(world.role).toBe('candidate')
  })

  it('is stopped by a snapshot of what is not committed', () => {
    const world = applied()
    compact(world, { index: 6, term: 1 }, 0)
    expect(world.server.failure?.message).toContain('a snapshot stands for what is committed')
  })
})
