import { describe, expect, it } from 'vitest'
import { cluster, InvariantBroken, StepFailed } from '@quorate/sim'

describe('a cluster', () => {
  it('is born, all followers, each with the configuration, and nothing happens by itself', async () => {
    const c = await cluster(3)
    await c.settle()
    for (const id of ['s1', 's2', 's3']) {
      c.expect.role(id, 'follower')
      c.expect.term(id, 1)
      c.expect.vote(id, 'none')
      c.expect.log(id, [1])
      c.expect.durable(id, [1])
      c.expect.committed(id, 0)
    }
    expect(c.world.network.held).toEqual([])
  })

  it('holds what is sent, unless it flows', async () => {
    const held = await cluster(3)
    await held.timeout('s1')
    held.expect.held('s1', 's2', ['requestVote'])
    held.expect.noLeader()
    const flowing = await cluster(3, { isFlowing: true })
    await flowing.timeout('s1')
    flowing.expect.leader('s1', { term: 2 })
    await flowing.append('s1', 'x')
    flowing.expect.outcome('x', 'appended')
  })

  it('refuses settings that do not fit together, and a number of servers that makes no sense', async () => {
    await expect(cluster(3, { settings: { heartbeatIntervalMs: 0 } })).rejects.toThrow(/heartbeatIntervalMs is 0/)
    await expect(cluster(0)).rejects.toThrow('a cluster of 0 servers: give 1 to 9')
    await expect(cluster(10)).rejects.toThrow('a cluster of 10 servers: give 1 to 9')
  })

  it('checks the invariants of the simulator at every step', async () => {
    const c = await cluster(3)
    await c.elect('s1')
    const state = c.world.node('s2').server?.server.state
    if (state !== undefined) state.votedFor = 's3'
    await expect(c.settle()).rejects.toThrow(InvariantBroken)
  })

  it('goes the same way each time', async () => {
    const hashOf = async (): Promise<string> => {
      const c = await cluster(3)
      await c.elect('s1')
      await c.append('s1', 'x')
      await c.crash('s2', { power: 'torn' })
      await c.settle()
      return c.world.traceHash
    }
    expect(await hashOf()).toBe(await hashOf())
  })
})

describe('time', () => {
  it('passes for one server alone: timeout', async () => {
    const c = await cluster(3)
    await c.timeout('s2')
    c.expect.role('s2', 'candidate')
    c.expect.role('s1', 'follower')
    await c.timeout('s2')
    c.expect.term('s2', 3)
    c.expect.term('s1', 1)
  })

  it('elapses no election timeout of a leader', async () => {
    const c = await cluster(3)
    await c.elect('s1')
    await expect(c.timeout('s1')).rejects.toThrow(
      's1 is leader: only followers and candidates have an election timeout',
    )
  })

  it('passes as far as is said: wait', async () => {
    const c = await cluster(3, { settings: { electionTimeoutMinMs: 150, electionTimeoutMaxMs: 151 } })
    await c.wait('s1', 149)
    c.expect.role('s1', 'follower')
    await c.wait('s1', 2)
    c.expect.role('s1', 'candidate')
  })

  it('brings one heartbeat to each follower, whether it had a word lately or not', async () => {
    const c = await cluster(3)
    await c.elect('s1')
    await c.settle()
    c.expect.held('s1', 's2', [])
    await c.heartbeat('s1')
    c.expect.held('s1', 's2', ['heartbeat'])
    c.expect.held('s1', 's3', ['heartbeat'])
    await c.heartbeat('s1')
    c.expect.held('s1', 's3', ['heartbeat', 'heartbeat'])
    await expect(c.heartbeat('s2')).rejects.toThrow('s2 is follower: only leaders send heartbeats')
  })
})

describe('elections', () => {
  it('are stood for before those who are named: stand', async () => {
    const c = await cluster(5)
    await c.stand('s1', { with: ['s2'] })
    c.expect.vote('s2', 's1')
    c.expect.vote('s3', 'none')
    c.expect.noLeader()
    c.expect.held('s1', 's3', ['requestVote'])
  })

  it('are won, or the step fails: elect', async () => {
    const c = await cluster(3)
    await c.elect('s1', { with: ['s3'] })
    c.expect.leader('s1', { term: 2 })
    const lost = await cluster(3, { logs: { s2: [1, 1], s3: [1, 1] } })
    await expect(lost.elect('s1')).rejects.toThrow(/^s1 was not elected: it is candidate\.\n {2}s1: candidate, term 2/)
  })

  it('reach those alone that run and are not cut off', async () => {
    const c = await cluster(5)
    await c.crash('s5')
    c.cut('s4', 's1')
    await c.elect('s1')
    c.expect.held('s1', 's4', ['requestVote', 'appendEntries'])
    c.expect.held('s1', 's5', ['requestVote', 'appendEntries'])
    c.expect.vote('s3', 's1')
  })

  it('need a network that is held to choose the voters', async () => {
    const c = await cluster(3, { isFlowing: true })
    await expect(c.elect('s1', { with: ['s2'] })).rejects.toThrow('the network flows')
  })
})

describe('messages', () => {
  it('are delivered by link: all that are there, the oldest, or those of a type', async () => {
    const c = await cluster(3)
    await c.timeout('s1')
    await c.timeout('s1')
    await c.deliver('s1', 's2', { oldest: true })
    c.expect.term('s2', 2)
    await c.deliver('s1', 's2')
    c.expect.term('s2', 3)
    c.expect.held('s2', 's1', ['requestVote.granted', 'requestVote.granted'])
    await c.deliver('s2', 's1')
    await c.deliver('s1', 's3', { type: 'appendEntries' })
    c.expect.log('s3', [1, 3])
    c.expect.held('s1', 's3', ['requestVote', 'requestVote'])
  })

  it('are under way before they are delivered, or the step says what is', async () => {
    const c = await cluster(3)
    await c.timeout('s1')
    await expect(c.deliver('s2', 's1')).rejects.toThrow('nothing is under way from s2 to s1; there is nothing')
    await expect(c.deliver('s1', 's2', { type: 'appendEntries', oldest: true })).rejects.toThrow(
      'nothing (oldest, of type appendEntries) is under way from s1 to s2; there is requestVote term 2 last 1/1',
    )
    expect(() => c.drop('s1', 's2', { late: true })).toThrow(StepFailed)
    await expect(c.deliver('s9', 's1')).rejects.toThrow('there is no server s9; there are s1, s2, s3')
  })

  it('all arrive, one round: deliverAll', async () => {
    const c = await cluster(3)
    await c.timeout('s1')
    await c.deliverAll()
    c.expect.held('s2', 's1', ['requestVote.granted'])
    c.expect.held('s1', 's2', [])
  })

  it('are lost: drop, dropAll', async () => {
    const c = await cluster(3)
    await c.timeout('s1')
    c.drop('s1', 's2')
    await c.settle()
    c.expect.vote('s2', 'none')
    c.expect.leader('s1')
    await c.append('s1', 'x')
    c.dropAll()
    await c.settle()
    c.expect.log('s3', [1, 2])
  })

  it('come twice, and late: copy, delay', async () => {
    const c = await cluster(3)
    await c.timeout('s1')
    c.copy('s1', 's2')
    c.delay('s1', 's3')
    await c.settle()
    c.expect.vote('s3', 'none')
    c.expect.held('s1', 's2', ['requestVote'])
    c.expect.held('s1', 's3', ['requestVote'])
    await c.deliver('s1', 's2', { late: true })
    c.expect.held('s2', 's1', ['requestVote.refused'])
    const numbers = c.story('copies').steps.flatMap((step) => (step.kind === 'received' ? [step.copy] : []))
    expect(numbers).toContain(2)
  })

  it('go between some until they have no more to say: exchange', async () => {
    const c = await cluster(3)
    await c.elect('s1', { with: ['s2'] })
    await c.append('s1', 'x')
    await c.exchange('s1', 's2')
    c.expect.matchIndex('s1', 's2', 3)
    c.expect.log('s3', [1])
  })

  it('are delivered by hand from a hold to the next flow', async () => {
    const c = await cluster(3, { isFlowing: true })
    c.hold()
    await c.timeout('s1')
    c.expect.held('s1', 's2', ['requestVote'])
    await c.flow()
    c.expect.leader('s1')
    await c.append('s1', 'x')
    c.expect.applied('s1', ['x'])
    await expect(c.deliver('s1', 's2')).rejects.toThrow('the network flows: hold it, to deliver messages by hand')
  })
})

describe('links', () => {
  it('carry nothing across a partition, either way, until they heal', async () => {
    const c = await cluster(3)
    await c.elect('s1')
    await c.settle()
    c.partition('s1')
    await c.append('s1', 'x')
    c.expect.held('s1', 's2', [])
    await c.timeout('s2')
    c.expect.held('s2', 's1', [])
    c.expect.held('s2', 's3', ['requestVote'])
    c.heal()
    await c.heartbeat('s1')
    c.expect.held('s1', 's2', ['heartbeat'])
    expect(() => c.partition()).toThrow('name the servers of one side')
    expect(() => c.partition('s1', 's2', 's3')).toThrow('name the servers of one side')
    expect(() => c.partition('s4')).toThrow('there is no server s4')
  })

  it('lose what is on its way when they are cut before it arrives', async () => {
    const c = await cluster(3)
    await c.timeout('s1')
    c.partition('s1')
    await c.deliver('s1', 's2')
    c.expect.vote('s2', 'none')
    c.expect.held('s1', 's2', [])
  })

  it('break and come back: the leader asks again from what it knows', async () => {
    const c = await cluster(3)
    await c.elect('s1')
    await c.settle()
    await c.append('s1', 'x')
    c.dropAll()
    await c.reconnect('s1')
    c.expect.held('s1', 's2', ['appendEntries'])
    await c.settle()
    c.expect.outcome('x', 'appended')
    await c.crash('s2')
    await expect(c.reconnect('s2')).rejects.toThrow('s2 is down')
  })

  it('are cut one way', async () => {
    const c = await cluster(3)
    c.cut('s1', 's2')
    await c.timeout('s1')
    c.expect.held('s1', 's2', [])
    await c.timeout('s2')
    c.expect.held('s2', 's1', ['requestVote'])
  })
})

describe('snapshots', () => {
  it('take the place of the log, or of all but its last entries: compact', async () => {
    const c = await cluster(3)
    await c.elect('s1')
    await c.append('s1', 'x', 'y')
    await c.settle()
    await c.compact('s1', { keeping: 1 })
    c.expect.log('s1', [2])
    c.expect.durable('s1', [2])
    c.expect.log('s2', [1, 2, 2, 2])
    await c.append('s1', 'z')
    await c.settle()
    await c.compact('s1')
    c.expect.log('s1', [])
    await c.crash('s1', { power: 'lost' })
    await c.restart('s1')
    c.expect.applied('s1', ['x', 'y', 'z'])
    c.expect.committed('s1', 5)
  })

  it('are not taken twice of the same state', async () => {
    const c = await cluster(3)
    await c.elect('s1')
    await c.settle()
    await c.compact('s1')
    await expect(c.compact('s1')).rejects.toThrow('s1 takes no snapshot: unchanged')
  })
})

describe('servers', () => {
  it('crash, and keep what is written, what is flushed, or a piece', async () => {
    for (const [power, log] of [
      ['kept', [1, 2]],
      ['lost', [1]],
      ['torn', [1]],
    ] as const) {
      const c = await cluster(3)
      await c.elect('s1')
      c.stallDisk('s2')
      await c.deliver('s1', 's2')
      c.expect.log('s2', [1, 2])
      await c.crash('s2', { power })
      c.expect.role('s2', 'down')
      await c.restart('s2')
      c.expect.log('s2', log)
    }
  })

  it('run, or are down, as the step needs them', async () => {
    const c = await cluster(3)
    await expect(c.restart('s1')).rejects.toThrow('s1 runs: crash it first')
    await c.crash('s1')
    await expect(c.crash('s1')).rejects.toThrow('s1 is down: restart it first')
    await expect(c.append('s1', 'x')).rejects.toThrow('s1 is down')
    await expect(c.timeout('s1')).rejects.toThrow('s1 is down')
    expect(() => c.wipe('s2')).toThrow('s2 runs')
  })

  it('have disks that stall, and go on; a new process finds its disk going', async () => {
    const c = await cluster(3)
    c.stallDisk('s1')
    await c.timeout('s1')
    c.expect.durable('s1', [1])
    c.expect.held('s1', 's2', [])
    await c.completeWrites('s1')
    c.expect.held('s1', 's2', ['requestVote'])
    await expect(c.completeWrites('s1')).rejects.toThrow('the disk of s1 is not stalled')
    c.stallDisk('s2')
    await c.crash('s2')
    await c.restart('s2')
    await c.deliver('s1', 's2')
    c.expect.held('s2', 's1', ['requestVote.granted'])
  })

  it('have disks that fail until the next process', async () => {
    const c = await cluster(3)
    c.failDisk('s1')
    await c.timeout('s1')
    c.expect.stopped('s1', /EIO/)
    await c.crash('s1')
    await c.restart('s1')
    await c.timeout('s1')
    c.expect.role('s1', 'candidate')
  })

  it('come back with another disk, or a damaged one, and take no part', async () => {
    const c = await cluster(3)
    await c.elect('s1')
    await c.settle()
    for (const id of ['s2', 's3']) await c.crash(id)
    c.wipe('s2')
    c.damage('s3')
    await c.restart('s2')
    await c.restart('s3')
    c.expect.stopped('s3', /Corrupt/)
    await c.heartbeat('s1')
    await c.settle()
    c.expect.role('s2', 'follower')
    c.expect.log('s2', [])
  })

  it('answer appends, and take the answers along when they crash', async () => {
    const c = await cluster(3)
    await c.append('s2', 'x')
    c.expect.outcome('x', 'refused')
    await c.elect('s1')
    await c.append('s1', 'y', 'z')
    c.expect.log('s1', [1, 2, 2, 2])
    c.expect.outcome('y', 'open')
    await expect(c.append('s1', 'y')).rejects.toThrow('y was appended before')
    await c.crash('s1')
    c.expect.outcome('y', 'unknown')
    c.expect.outcome('z', 'unknown')
    c.expect.outcome('x', 'refused')
  })
})

describe('the story of a cluster', () => {
  it('tells what the scenario did and what came of it', async () => {
    const c = await cluster(3)
    c.note('once upon a time')
    await c.elect('s1')
    await c.append('s1', 'x')
    const { title, nodes, steps } = c.story('a story')
    expect(title).toBe('a story')
    expect(nodes).toEqual(['s1', 's2', 's3'])
    const told = steps.flatMap((step) => (step.kind === 'happened' ? [`${step.node ?? '*'} ${step.text}`] : []))
    expect(told).toContain('* once upon a time')
    expect(told).toContain('s1 its election timeout elapses')
    expect(told).toContain('s1 append x')
    expect(steps).toContainEqual(expect.objectContaining({ kind: 'role', node: 's1', role: 'leader', term: 2 }))
  })
})
