import { type HostedServer, type Inspect } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { cluster } from './world/cluster.ts'
import { hosts, lone } from './world/hosts.ts'

const data = new Uint8Array([1])

describe('what an application does when it is told of something', () => {
  type World = ReturnType<typeof lone>

  /** One flush in which `first` has a write to hand over, and `second` tells: of its status, an answer, or entries. */
  function provoke(
    world: World,
    by: 'status' | 'answer' | 'apply',
    reaction: () => void,
    meanwhile: () => void = () => {},
  ): void {
    world.store.isHeld = true
    world.append('second', 'told', by === 'answer' ? reaction : undefined)
    world.clock.run(1)
    if (by !== 'answer') world.reactions[by].set('second', reaction)
    world.append('first', '1')
    meanwhile()
    world.store.release()
    world.clock.run(1000)
  }

  const occasions = [['status'], ['answer'], ['apply']] as const

  it.each(occasions)('by %s: closing a group makes no write overtake another that was taken before', (by) => {
    const world = lone(['first', 'second', 'third'])
    provoke(world, by, () => {
      world.append('first', '2')
      world.node.close('third')
      world.append('first', '3')
    })
    world.append('first', '4')
    world.clock.run(1000)
    expect(world.stored('first')).toEqual(['1', '2', '3', '4'])
    expect([...world.outcomes.values()]).toEqual(Array(5).fill(['appended']))
    expect(world.role('third')).toBe('stopped')
  })

  it.each(occasions)('by %s: closing the node loses no write and no answer', (by) => {
    const world = lone(['first', 'second'])
    let closed: unknown = 'not closed'
    // Its answer is due in the flush in which the node is closed.
    world.store.isHeld = true
    world.append('first', '0')
    provoke(world, by, () =>
      world.node.closeNode((failure) => {
        closed = failure
      }),
    )
    expect(closed).toBeUndefined()
    expect(world.stored('first').slice(0, 1)).toEqual(['0'])
    expect([...world.outcomes.keys()]).toEqual(['0', 'told', '1'])
    for (const outcomes of world.outcomes.values()) expect(outcomes).toHaveLength(1)
    expect(world.outcomes.get('0')).toEqual(['appended'])
    expect(world.stored('first')).toEqual(['0', '1'])
  })

  it.each(occasions)(
    'by %s: a group that is closed and opened at once begins with all that it had handed over',
    (by) => {
      const world = lone(['first', 'second'])
      let refusal: unknown
      let reopened: HostedServer | undefined
      const reopen = (): void => {
        world.node.close('second')
        try {
          reopened = world.open('second')
        } catch (error) {
          refusal = error
          world.node.whenQuiet('second', () => {
            reopened = world.open('second')
          })
        }
      }
      provoke(world, by, reopen, () => world.append('second', 'last'))
      // The state machine is told before the write is taken: there is nothing under way then, and will not be.
      if (by === 'apply') expect(refusal).toBeUndefined()
      else expect(refusal).toMatchObject({ message: 'group second has a write under way; open it when that is over' })
      expect(world.stored('second')).toEqual(by === 'apply' ? ['told'] : ['told', 'last'])
      expect(reopened!.status).toMatchObject({ role: 'leader', lastIndex: world.disk.entriesOf('second').length })
      reopened!.append([{ data }], ({ type }) => world.outcomes.set('anew', [type]))
      world.clock.run(100)
      expect(world.outcomes.get('anew')).toEqual(['appended'])
      expect(world.stored('first')).toEqual(['1'])
    },
  )

  it.each(occasions)('by %s: what it throws stops its own group; the writes and answers of the others arrive', (by) => {
    const world = lone(['first', 'second', 'third'])
    world.store.isHeld = true
    world.append('third', '0')
    provoke(world, by, () => {
      world.append('third', '2')
      throw new Error('the application is broken')
    })
    world.append('first', '3')
    world.clock.run(1000)
    expect(world.servers.get('second')!.status).toMatchObject({
      role: 'stopped',
      failure: { message: 'the application is broken' },
    })
    expect([world.role('first'), world.role('third')]).toEqual(['leader', 'leader'])
    expect([world.stored('first'), world.stored('third')]).toEqual([
      ['1', '3'],
      ['0', '2'],
    ])
    for (const text of ['0', '1', '2', '3']) expect(world.outcomes.get(text), text).toEqual(['appended'])
  })

  it('a client transport that throws when it is to serve a group stops that group alone', () => {
    const world = lone(['first', 'second', 'third'], {
      network: (network) => ({
        join: (id) => network.join(id),
        client: () => {
          const client = network.client()
          const serve: typeof client.serve = (group, term, handler) => {
            if (group === 'second') throw new Error('not connected')
            return client.serve(group, term, handler)
          }
          return { ...client, serve }
        },
      }),
    })
    for (const group of ['first', 'third']) world.append(group, group)
    world.clock.run(1000)
    expect(world.servers.get('second')!.status).toMatchObject({
      role: 'stopped',
      failure: { message: 'not connected' },
    })
    expect([...world.outcomes.values()]).toEqual([['appended'], ['appended']])
  })
})

it('a transport that throws when it is to send to one node sends to the others all the same', () => {
  const nodes = cluster(3)
  nodes.electLeader('n1')
  nodes.settle()
  nodes.network.onSend = ({ to }) => {
    if (to === 'n2') throw new Error('no way to n2')
  }
  const appended = nodes.append('n1', 'a')
  nodes.run(100)
  expect(appended.outcomes).toMatchObject([{ type: 'appended' }])
  expect(nodes.texts('n3')).toEqual(['a'])
})

it('an inspector that throws over one group takes no heartbeats from the others', () => {
  const watched = new Set<string>()
  let thrown = 0
  const inspect: Inspect = (event) => {
    const isTick = event.type === '@xstate.event' && event.event.type === 'heartbeatTick.elapsed'
    if (!watched.has(event.rootId) || thrown === 2 || (thrown === 0 && !isTick)) return
    thrown++
    throw new Error('the inspector is broken')
  }
  const { clock, network, leaders } = hosts(2, {}, inspect)
  const isLed = (): boolean => leaders().every((leader) => leader?.server.id === 'n1')
  network.loses = ({ from, packet }) => from !== 'n1' && packet.messages.some(({ type }) => type === 'requestVote')
  clock.run(20_000, isLed)
  network.loses = () => false
  clock.run(500)
  const [broken, innocent] = leaders()
  const { term } = innocent!.status
  watched.add(broken!.server.actor.sessionId)
  const end = clock.now() + 3000
  while (clock.now() < end) {
    try {
      clock.run(end - clock.now())
    } catch {
      // What escapes to the event loop would end the process.
    }
  }
  expect(innocent!.status).toMatchObject({ role: 'leader', term })
  expect(broken!.status.failure).toBeUndefined()
  expect(thrown).toBe(1)
})
