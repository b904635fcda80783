import type { RoleEvent } from '../src/statecharts/events.ts'
import type { Inspect } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import type { AnyActorRef, AnyStateMachine, AnyStateNode, InspectionEvent } from 'xstate'
import { positiveDelay } from '../src/statecharts/context.ts'
import { candidateMachine } from '../src/statecharts/candidate.ts'
import { followerMachine } from '../src/statecharts/follower.ts'
import { leaderMachine } from '../src/statecharts/leader.ts'
import { peerMachine } from '../src/statecharts/peer.ts'
import { serverMachine } from '../src/statecharts/server.ts'
import { cluster } from './world/cluster.ts'
import { appendEntries, descriptionOf, requestVote, serverWorld } from './world/serverWorld.ts'

const MACHINES: readonly AnyStateMachine[] = [
  serverMachine,
  followerMachine,
  candidateMachine,
  leaderMachine,
  peerMachine,
] as unknown as AnyStateMachine[]

function statesOf(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states).flatMap((state) => [state, ...statesOf(state)])
}

describe('the roles as statecharts (Figure 4)', () => {
  it.each(MACHINES.map((machine) => [machine.id, machine] as const))(
    'every `after` of %s names a delay that is known: a misspelt one would fire at once',
    (_, machine) => {
      const known = Object.keys(machine.implementations.delays)
      for (const { after } of statesOf(machine.root)) for (const { delay } of after) expect(known).toContain(delay)
    },
  )

  it('follower and candidate wait, each by an `after`', () => {
    const waiting = (machine: AnyStateMachine): string[] =>
      statesOf(machine.root).flatMap(({ key, after }) => (after.length > 0 ? [key] : []))
    expect(MACHINES.map(waiting)).toEqual([[], ['armed'], ['waiting', 'waiting'], ['transferring'], []])
  })

  it('a delay that is no number is a fault, not an election storm', () => {
    expect(() => positiveDelay(Number.NaN)).toThrow('a timeout is a number')
    expect(positiveDelay(-5)).toBe(1)
  })

  it('all machines bound their steps within a turn', () => {
    for (const machine of MACHINES) expect(machine.options?.maxIterations).toBe(1000)
  })

  it.each(MACHINES.map((machine) => [machine.id, machine] as const))(
    'each state of %s is described, or the machine it invokes is',
    (_, machine) => {
      for (const { id, description, type, invoke } of statesOf(machine.root)) {
        if (type !== 'final' && invoke.length === 0)
          expect(description ?? machine.root.description, id).toEqual(expect.any(String))
      }
    },
  )

  it('each role is a child actor `role` of `server`, and each follower one of the leader, by its id', () => {
    const world = serverWorld()
    const role = () => world.server.actor.getSnapshot().children['role'] as unknown as AnyActorRef
    expect(world.server.actor.getSnapshot().value).toBe('follower')
    expect(role().getSnapshot().machine.id).toBe('follower')
    world.timeOut()
    expect(world.server.actor.getSnapshot().value).toBe('candidate')
    expect(role().getSnapshot().machine.id).toBe('candidate')
    world.flushAll()
    world.receive('S2', { type: 'requestVote.granted', term: 2 })
    expect(world.server.actor.getSnapshot().value).toBe('leader')
    expect(role().getSnapshot().machine.id).toBe('leader')
    expect(Object.keys(role().getSnapshot().children).sort()).toEqual(['S2', 'S3'])
    const peer = () => role().getSnapshot().children['S2']!.getSnapshot().value
    expect(peer()).toBe('probe')
    world.accept('S2', 1)
    expect(peer()).toBe('replicate')
    world.reject('S2', 2, { index: 1, term: 1 })
    expect(peer()).toBe('probe')
  })

  it('inspection shows the actors, their transitions and each RPC as an event', () => {
    for (const fastPath of [true, false]) {
      const seen: InspectionEvent[] = []
      const world = serverWorld({ settings: { fastPath }, inspect: (event) => seen.push(event) })
      world.receive('S2', appendEntries(2, [1, 1], [2]))
      world.receive('S3', requestVote(3, 9, 2))
      world.flushAll()
      world.lead()
      const { currentTerm } = world.state
      world.accept('S2', 1)
      world.append('a')
      world.receive('S3', requestVote(currentTerm + 5, 9, currentTerm))
      const events = seen.flatMap((event) => (event.type === '@xstate.event' ? [event.event.type] : []))
      for (const type of [
        'appendEntries.received',
        'requestVote.received',
        'requestVote.granted',
        'appendEntries.accepted',
        'appends.received',
        'write.completed',
        'term.discovered',
      ]) {
        expect(events).toContain(type)
      }
      const actors = seen.flatMap((event) => (event.type === '@xstate.actor' ? [event.actorRef] : []))
      const ids = new Set(actors.map((actor) => (actor as unknown as { id: string }).id))
      expect([...ids]).toEqual(expect.arrayContaining(['orders/S1', 'role', 'S2', 'S3']))
      const values = seen.flatMap((event) =>
        event.type === '@xstate.snapshot' && event.actorRef === world.server.actor
          ? [(event.snapshot as unknown as { value: string }).value]
          : [],
      )
      expect([...new Set(values)]).toEqual(['follower', 'candidate', 'leader'])
    }
  })

  it('every state of every machine is reached', () => {
    const reached = new Map<string, Set<string>>(MACHINES.map(({ id }) => [id, new Set()]))
    const note = (event: InspectionEvent): void => {
      if (event.type !== '@xstate.snapshot' && event.type !== '@xstate.microstep') return
      const { machine, _nodes } = event.snapshot as unknown as { machine?: AnyStateMachine; _nodes?: AnyStateNode[] }
      for (const { id } of _nodes ?? []) reached.get(machine!.id)?.add(id)
    }
    const nodes = cluster(3, { inspect: note })
    nodes.electLeader('n1')
    nodes.append('n1', 'a')
    nodes.settle()
    nodes.server('n1').readIndex(false, () => {})
    nodes.settle()
    nodes.node('n2').store.fail('no space left')
    nodes.append('n1', 'b')
    nodes.run(100)
    nodes.partition('n3')
    nodes.run(2000)
    nodes.heal()
    nodes.server('n1').transferLeadership(undefined, () => {})
    nodes.run(2000)
    nodes.node(nodes.leader!).store.isHeld = true
    nodes.append(nodes.leader!, 'c')
    nodes.run(5000)
    const upgraded = cluster(3, { versions: { oldest: 1, newest: 2 }, inspect: note })
    upgraded.electLeader()
    upgraded.run(1000)
    const growing = cluster(5, { members: 3, inspect: note })
    const leader = growing.electLeader()
    const voters = growing.ids.filter((id) => id !== leader)
    growing.server(leader).changeMembership({ voters, timeoutMs: 1000 }, () => {})
    growing.run(5000)
    serverWorld({ id: 'S9', inspect: note })
    const world = serverWorld({ inspect: note })
    world.lead()
    const receiving = serverWorld({ inspect: note })
    const message = { session: 1, round: 0, description: descriptionOf({ index: 9, term: 1 }), offset: 0 }
    receiving.receive('S2', { type: 'installSnapshot', term: 1, data: new Uint8Array(), ...message })
    const compacted = serverWorld({ log: [1, 1, 1], snapshot: { upTo: 3, logStartsAfter: 3 }, inspect: note })
    compacted.lead()
    compacted.reject('S2', 3, { index: 1, term: 1 })
    for (const machine of MACHINES) {
      const states = statesOf(machine.root).map(({ id }) => id)
      expect([...reached.get(machine.id)!], machine.id).toEqual(expect.arrayContaining(states))
    }
  })

  it('an exception within a chart stops the group, loudly', () => {
    for (const fastPath of [true, false]) {
      const world = serverWorld({ settings: { fastPath } })
      world.receive('S2', appendEntries(2, [1, 1]))
      world.flushAll()
      // A second leader of one term: impossible, so somebody is broken.
      expect(world.receive('S3', appendEntries(2, [1, 1], [2], 2))).toEqual([])
      expect(world.role).toBe('stopped')
      expect(world.state.failure).toMatchObject({ code: 'INVARIANT_VIOLATION' })
      expect(world.state.failure!.message).toContain('at most one leader a term')
      expect(world.receive('S2', appendEntries(2, [1, 1]))).toEqual([])
    }
  })

  it('an inspector that throws is told no more, and stops no server that it watches', () => {
    const inspectors = (tell: () => void): Inspect[] => [tell, { next: tell }]
    for (const fastPath of [true, false]) {
      for (const place of [0, 1]) {
        let calls = 0
        let throws = false
        const tell = (): void => {
          calls++
          if (throws) throw new Error('the inspector is broken')
        }
        const world = serverWorld({ settings: { fastPath }, inspect: inspectors(tell)[place]! })
        world.lead()
        world.flushAll()
        throws = true
        calls = 0
        world.tick()
        world.append('a')
        world.flushAll()
        expect(world.accept('S2', 3)).toContain('answer a: appended')
        world.receive('S3', requestVote(9, 9, 9))
        expect([world.role, world.state.currentTerm]).toEqual(['follower', 9])
        expect([world.state.failure, calls]).toEqual([undefined, 1])
      }
    }
  })

  it('a server that has failed says and writes nothing more, though its chart could not be told', () => {
    const world = serverWorld()
    world.lead()
    world.flushAll()
    world.server.append([{ token: 'a', term: world.state.currentTerm, commands: [{ data: new Uint8Array(1) }] }])
    world.state.failure = new Error('the chart could not be told')
    expect(world.input(() => {})).toEqual([])
    expect(world.role).toBe('stopped')
    expect([world.tick(), world.receive('S3', requestVote(9, 9, 9))]).toEqual([[], []])
    expect([world.append('b'), world.writes]).toEqual([['answer b: notLeader'], []])
  })

  it('what does not concern a role is ignored by it', () => {
    const events: RoleEvent[] = [
      { type: 'poll.completed' },
      { type: 'heartbeatTick.elapsed' },
      { type: 'commitIndex.advanced' },
      { type: 'connection.restored' },
      { type: 'entries.read', for: 'S2', session: 1, entries: [] },
    ]
    for (const event of events) {
      const world = serverWorld()
      expect(world.input(() => world.server.handle(event))).toEqual([])
      world.timeOut()
      world.flushAll()
      if (event.type !== 'poll.completed') expect(world.input(() => world.server.handle(event))).toEqual([])
      expect([world.role, world.state.currentTerm]).toEqual(['candidate', 2])
    }
  })
})
