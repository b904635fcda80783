import type { CompactionPolicy, InstallSnapshot, NodeId, SnapshotOutcome } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { GROUP, cluster, type Cluster } from './world/cluster.ts'

function appendMany(world: Cluster, count: number, from = 1): string[] {
  const texts = Array.from({ length: count }, (_, place) => `text-${from + place}`)
  for (const text of texts) world.append(world.leader!, text)
  return texts
}

function take(world: Cluster, id: NodeId, trailingEntries?: number): SnapshotOutcome[] {
  const outcomes: SnapshotOutcome[] = []
  world.server(id).takeSnapshot(trailingEntries, (outcome) => outcomes.push(outcome))
  return outcomes
}

function led(size: number, compaction?: CompactionPolicy, settings = {}): Cluster {
  const world = cluster(size, { ...(compaction && { compaction }), settings: { cacheBytes: 200, ...settings } })
  world.electLeader('n1')
  return world
}

/** `n3` was away while the others took in `count` texts and compacted their logs. */
function behind(count = 20, settings = {}): { world: Cluster; texts: string[] } {
  const world = led(3, undefined, settings)
  world.partition('n3')
  const texts = appendMany(world, count)
  world.run(500)
  for (const id of ['n1', 'n2']) expect(take(world, id, 0)).toEqual([])
  world.run(100)
  world.heal()
  return { world, texts }
}

interface SentPiece {
  readonly from: NodeId
  readonly message: InstallSnapshot
}

/** The pieces of snapshots that leave from now on, as they leave. */
function watchPieces(world: Cluster, look: (message: InstallSnapshot) => void = () => {}): SentPiece[] {
  const sent: SentPiece[] = []
  world.network.onSend = ({ from, packet }) => {
    for (const message of packet.messages) {
      if (message.type !== 'installSnapshot' || message.data.length === 0) continue
      look(message)
      sent.push({ from, message })
    }
  }
  return sent
}

describe('the driver: snapshots', () => {
  it('takes one when asked, and says so when it is durable', () => {
    const world = led(3)
    appendMany(world, 10)
    world.settle()
    const { store } = world.node('n1')
    store.isHeld = true
    const outcomes = take(world, 'n1', 4)
    world.run(20)
    expect(outcomes).toEqual([])
    while (outcomes.length === 0 && store.waiting > 0) {
      store.complete(1)
      world.run(5)
    }
    expect(outcomes).toEqual([{ type: 'taken', snapshotIndex: 12, logStartsAfter: 8 }])
    expect(world.node('n1').disk.entriesOf(GROUP)[0]?.index).toBe(9)
    expect(world.status('n1')).toMatchObject({ logStartsAfter: 8, snapshotIndex: 12, snapshotFailure: undefined })
    store.release()
    expect(take(world, 'n2', 0)).toEqual([])
  })

  it('takes none where nothing was applied since the last', () => {
    const world = led(1)
    appendMany(world, 3)
    world.settle()
    const first = take(world, 'n1', 0)
    world.run(20)
    const second = take(world, 'n1', 0)
    world.run(20)
    expect([first, second]).toEqual([
      [{ type: 'taken', snapshotIndex: 5, logStartsAfter: 5 }],
      [{ type: 'unchanged', snapshotIndex: 5, logStartsAfter: 5 }],
    ])
  })

  it('takes them at the same entries on all servers, as the policy has it, and says the same of them', () => {
    const world = led(3, { afterEntries: 8, trailingEntries: 2 })
    for (let count = 1; count <= 20; count += 4) {
      appendMany(world, 4, count)
      world.settle()
      world.run(50)
    }
    for (const id of world.ids) expect(world.status(id)).toMatchObject({ snapshotIndex: 16, logStartsAfter: 14 })
    const [first, ...others] = world.ids.map((id) => world.state(id).snapshot)
    for (const other of others) expect(other).toEqual(first)
  })

  it('takes them by the bytes that were applied', () => {
    const world = led(1, { afterBytes: 500, trailingEntries: 0 })
    for (let count = 1; count <= 20; count++) {
      appendMany(world, 1, count)
      world.settle()
    }
    world.run(50)
    expect(world.status('n1').snapshotIndex).toBeGreaterThan(10)
    expect(world.status('n1').logStartsAfter).toBe(world.status('n1').snapshotIndex)
  })

  it('applies on while one is being written', () => {
    const world = led(1, { afterEntries: 5, trailingEntries: 0 })
    const node = world.node('n1')
    node.isPieceHeld = true
    appendMany(world, 10)
    world.settle()
    expect(world.status('n1')).toMatchObject({ lastApplied: 12, snapshotIndex: 0 })
    node.isPieceHeld = false
    node.pieceDone?.()
    world.run(20)
    expect(world.status('n1').snapshotIndex).toBe(5)
  })

  it('keeps the log when the state machine gives none, says why, and tries again', () => {
    const world = led(1, { afterEntries: 5, trailingEntries: 0 })
    const node = world.node('n1')
    node.snapshotFails = new Error('not now')
    appendMany(world, 4)
    world.settle()
    world.run(20)
    expect(world.status('n1')).toMatchObject({
      role: 'leader',
      snapshotIndex: 0,
      snapshotFailure: { message: 'not now' },
    })
    const asked = take(world, 'n1')
    world.run(20)
    expect(asked).toMatchObject([{ type: 'failed', error: { message: 'not now' } }])
    node.snapshotFails = undefined
    appendMany(world, 5, 5)
    world.settle()
    world.run(20)
    expect(world.status('n1')).toMatchObject({ snapshotIndex: 10, snapshotFailure: undefined })
  })

  it('gives up the draft of a snapshot whose source fails in the middle', () => {
    const world = led(1)
    const node = world.node('n1')
    appendMany(world, 10)
    world.settle()
    node.isPieceHeld = true
    const outcomes = take(world, 'n1')
    world.run(20)
    node.pieceDone?.()
    world.run(20)
    node.snapshotFails = new Error('torn')
    node.pieceDone?.()
    world.run(20)
    expect(outcomes).toMatchObject([{ type: 'failed', error: { message: 'torn' } }])
    expect(node.store.discarded).toHaveLength(1)
  })

  it('stops the group when the store fails with it', () => {
    const world = led(1)
    appendMany(world, 3)
    world.settle()
    world.node('n1').store.fail('no space left')
    const outcomes = take(world, 'n1')
    world.run(20)
    expect(outcomes).toMatchObject([{ type: 'failed', error: { message: expect.stringContaining('no space left') } }])
    expect(world.status('n1').role).toBe('stopped')
  })

  it('tells who waits for one when the group is closed', () => {
    for (const waiting of ['piece', 'write'] as const) {
      const world = led(1)
      appendMany(world, 3)
      world.settle()
      const node = world.node('n1')
      if (waiting === 'piece') node.isPieceHeld = true
      else node.store.isHeld = true
      const outcomes = take(world, 'n1', 0)
      world.run(20)
      if (waiting === 'write') {
        node.store.complete(1)
        world.run(5)
      }
      node.raft.close(GROUP)
      world.run(20)
      expect(outcomes, waiting).toMatchObject([{ type: 'failed', error: { code: 'SERVER_STOPPED' } }])
    }
  })

  it.each([
    ['afterEntries', 0],
    ['afterEntries', 1.5],
    ['afterBytes', -1],
    ['trailingEntries', -1],
    ['trailingEntries', '5'],
  ])('rejects a policy with %s %s', (name, value) => {
    const world = led(1)
    world.node('n1').raft.close(GROUP)
    const stateMachine = { apply: () => {}, snapshot: () => undefined as never, restore: () => {} }
    expect(() => world.node('n1').raft.open('other', { stateMachine, compaction: { [name]: value } })).toThrow(
      new RegExp(`compaction.${name} is ${value}`),
    )
  })

  it('rejects a policy for a state machine that cannot keep it, and a wrong number of entries that trail', () => {
    const world = led(1)
    const stateMachine = { apply: () => {} }
    expect(() => world.node('n1').raft.open('other', { stateMachine, compaction: { afterEntries: 5 } })).toThrow(
      'group other is to be compacted, and its state machine has no snapshot',
    )
    expect(() => take(world, 'n1', -2)).toThrow('trailingEntries is -2')
  })
})

describe('the driver: a follower that needs what is gone', () => {
  it('gets the snapshot in pieces, restores it, and goes on with the entries behind', () => {
    const { world, texts } = behind(20, { snapshotChunkBytes: 50 })
    world.settle()
    expect(world.node('n3').texts).toEqual(texts)
    expect(world.node('n3').restores).toBe(1)
    const more = appendMany(world, 3, 21)
    world.settle()
    expect(world.node('n3').texts).toEqual([...texts, ...more])
    expect(world.node('n3').applied.map(({ index }) => index)).not.toContain(10)
    expect(world.node('n1').store.readers + world.node('n2').store.readers).toBe(0)
  })

  it('starts from its own snapshot after a crash, and applies what follows', () => {
    const { world, texts } = behind()
    world.settle()
    const more = appendMany(world, 3, 21)
    world.settle()
    for (const id of world.ids) world.crash(id)
    for (const id of world.ids) world.restart(id)
    world.electLeader()
    world.settle()
    for (const id of world.ids) {
      expect(world.node(id).texts, id).toEqual([...texts, ...more])
      expect(world.node(id).restores, id).toBe(1)
    }
  })

  it('goes on where it was after the connection was cut', () => {
    const { world, texts } = behind(40, { snapshotChunkBytes: 50 })
    const sent = watchPieces(world)
    world.run(5000, () => (world.state('n3').intake?.receivedBytes ?? 0) >= 150)
    world.partition('n3')
    world.run(1000)
    const received = world.state('n3').intake!.receivedBytes
    expect(received).toBeGreaterThanOrEqual(150)
    sent.length = 0
    world.heal()
    world.settle()
    expect(world.node('n3').texts).toEqual(texts)
    expect(sent.length).toBeGreaterThan(2)
    expect(Math.min(...sent.map(({ message }) => message.offset))).toBe(received)
  })

  it('goes on with the same snapshot of a new leader', () => {
    const { world, texts } = behind(40, { snapshotChunkBytes: 50 })
    const sent = watchPieces(world)
    world.run(5000, () => (world.state('n3').intake?.receivedBytes ?? 0) >= 150)
    const received = world.state('n3').intake!.receivedBytes
    world.crash('n1')
    sent.length = 0
    world.run(10_000, () => world.node('n3').texts.length === texts.length)
    expect(world.node('n3').texts).toEqual(texts)
    const ofNext = sent.filter(({ from }) => from === 'n2')
    expect(ofNext.length).toBeGreaterThan(2)
    expect(Math.min(...ofNext.map(({ message }) => message.offset))).toBeGreaterThanOrEqual(received)
  })

  it('gives up what came when the leader has a later one, and gets that', () => {
    const { world } = behind(40, { snapshotChunkBytes: 50 })
    world.run(5000, () => (world.state('n3').intake?.receivedBytes ?? 0) >= 150)
    world.partition('n3')
    world.run(1000)
    appendMany(world, 10, 41)
    world.run(500)
    for (const id of ['n1', 'n2']) take(world, id, 0)
    world.run(100)
    world.heal()
    world.settle()
    expect(world.node('n3').texts).toHaveLength(50)
    expect(world.node('n3').store.discarded.length).toBeGreaterThan(0)
  })

  it('gets all of it once more when what came is not what was sent', () => {
    const { world, texts } = behind(40, { snapshotChunkBytes: 50 })
    let isChanged = false
    watchPieces(world, (message) => {
      if (!isChanged) Object.assign(message, { data: message.data.map((byte) => byte ^ 1) })
      isChanged = true
    })
    world.settle()
    expect(isChanged).toBe(true)
    expect(world.node('n3').texts).toEqual(texts)
    expect(world.node('n3').store.discarded).toHaveLength(1)
  })

  it('crashes with half a snapshot, and begins anew', () => {
    const { world, texts } = behind(40, { snapshotChunkBytes: 50 })
    world.run(5000, () => (world.state('n3').intake?.receivedBytes ?? 0) >= 150)
    world.crash('n3')
    world.restart('n3')
    world.settle()
    expect(world.node('n3').texts).toEqual(texts)
  })

  it('crashes between the snapshot and the write that names it, and gets it once more', () => {
    for (const flushed of [0, 1]) {
      const { world, texts } = behind(20)
      const { store } = world.node('n3')
      world.run(5000, () => store.batches.flat().some(({ snapshot }) => snapshot !== undefined))
      store.isHeld = true
      world.crash('n3', flushed)
      world.restart('n3')
      world.node('n3').store.isHeld = false
      world.settle()
      expect(world.node('n3').texts, `${flushed} flushed`).toEqual(texts)
    }
  })

  it('ends early what was being applied when a snapshot took its place', () => {
    const world = led(3, undefined, { maxBatchBytes: 100 })
    const texts = appendMany(world, 10)
    world.settle()
    world.node('n3').isApplyHeld = true
    const more = appendMany(world, 10, 11)
    world.run(300)
    expect(world.status('n3').lastApplied).toBeLessThan(22)
    world.partition('n3')
    const last = appendMany(world, 10, 21)
    world.run(500)
    for (const id of ['n1', 'n2']) take(world, id, 0)
    world.run(100)
    world.heal()
    world.run(1000)
    expect(world.state('n3').log.startsAfter.index).toBeGreaterThan(22)
    world.node('n3').isApplyHeld = false
    world.node('n3').applyDone?.()
    world.settle()
    expect(world.node('n3').texts).toEqual([...texts, ...more, ...last])
  })

  it('takes as long as it needs to restore: that is no silence', () => {
    const { world, texts } = behind(20)
    world.node('n3').isApplyHeld = true
    world.run(2000)
    expect(world.status('n3')).toMatchObject({ role: 'follower', term: world.status('n1').term, lastApplied: 0 })
    world.node('n3').isApplyHeld = false
    world.node('n3').applyDone?.()
    world.settle()
    expect(world.node('n3').texts).toEqual(texts)
  })

  it('has nothing restored behind its end, though its snapshot is being read then', () => {
    const world = led(3)
    appendMany(world, 20)
    world.settle()
    take(world, 'n3', 0)
    world.run(100)
    world.crash('n3')
    world.restart('n3')
    const { store } = world.node('n3')
    store.isHeld = true
    world.run(500, () => store.readers > 0)
    expect(store.readers).toBe(1)
    world.server('n3').stop()
    world.run(10)
    store.release()
    world.run(100)
    expect([world.node('n3').restores, world.node('n3').texts, store.readers]).toEqual([0, [], 0])
  })

  it('is stopped by a state machine that fails to restore', () => {
    const { world } = behind(20)
    world.node('n3').snapshotFails = new Error('unreadable')
    world.run(2000)
    expect(world.status('n3')).toMatchObject({ role: 'stopped', failure: { message: 'unreadable' } })
  })

  it('lets a blank server in by a snapshot alone', () => {
    const world = cluster(4, { members: 3, settings: { snapshotChunkBytes: 50 } })
    world.electLeader('n1')
    const texts = appendMany(world, 20)
    world.run(500)
    for (const id of ['n1', 'n2', 'n3']) take(world, id, 0)
    world.run(100)
    const outcomes: string[] = []
    world.server('n1').changeMembership({ voters: ['n1', 'n2', 'n3', 'n4'], timeoutMs: 5000 }, ({ type }) => {
      outcomes.push(type)
    })
    world.run(10_000, () => outcomes.length > 0)
    expect(outcomes).toEqual(['changed'])
    world.settle()
    expect(world.node('n4').texts).toEqual(texts)
    expect(world.node('n4').restores).toBe(1)
  })

  it('reads what is gone as an error that says where the log begins', () => {
    const { world } = behind(20)
    world.settle()
    const seen: unknown[] = []
    for (const id of ['n1', 'n3']) world.server(id).read(3, 1000, (error) => seen.push(error))
    world.run(20)
    expect(seen).toMatchObject([
      { code: 'LOG_COMPACTED', requested: 4, firstAvailable: 23 },
      { code: 'LOG_COMPACTED', requested: 4, firstAvailable: 23 },
    ])
  })
})
