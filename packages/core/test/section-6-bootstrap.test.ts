import { firstEntry, type HostedServer } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { PROMISE_MS } from '../src/driver/birth.ts'
import { GROUP, cluster, type Cluster } from './world/cluster.ts'
import { appendEntries } from './world/serverWorld.ts'
import type { Letter } from './world/testNetwork.ts'
import { TestRandom } from './world/testRandom.ts'

interface Birth {
  readonly results: { readonly error: Error | undefined; readonly groupUuid: string | undefined }[]
}

function bootstrap(nodes: Cluster, by: string, ids: readonly string[] = nodes.ids, timeoutMs: number = 1000): Birth {
  const birth: Birth = { results: [] }
  nodes
    .node(by)
    .raft.bootstrap(GROUP, { nodes: ids, timeoutMs }, (error, groupUuid) => birth.results.push({ error, groupUuid }))
  return birth
}

describe('§6 Configuration', () => {
  describe('the birth of a group', () => {
    it('gives it a UUID, a configuration and the identity of each store, the same on all', () => {
      const nodes = cluster(3, { isUnborn: true })
      const birth = bootstrap(nodes, 'n1')
      nodes.run(1000)
      expect(birth.results).toMatchObject([{ error: undefined, groupUuid: expect.any(String) }])
      const first = nodes.ids.map((id) => nodes.node(id).disk.entriesOf(GROUP)[0])
      expect(first[0]).toMatchObject({
        kind: 'configuration',
        index: 1,
        term: 1,
        configuration: {
          groupUuid: birth.results[0]!.groupUuid,
          members: nodes.ids.map((id) => ({ id, store: `store-of-${id}` })),
          voters: [nodes.ids],
        },
      })
      expect(first[1]).toEqual(first[0])
      expect(first[2]).toEqual(first[0])
      nodes.electLeader()
      nodes.settle()
    })

    it('of one node', () => {
      const nodes = cluster(1, { isUnborn: true })
      const birth = bootstrap(nodes, 'n1')
      nodes.electLeader('n1')
      expect(birth.results).toHaveLength(1)
      const appended = nodes.append('n1', 'a')
      nodes.settle()
      expect(appended.outcomes[0]?.type).toBe('appended')
    })

    it('is durable on all before it is told', () => {
      const nodes = cluster(3, { isUnborn: true })
      nodes.node('n3').store.isHeld = true
      const birth = bootstrap(nodes, 'n1')
      nodes.run(500)
      expect(birth.results).toEqual([])
      nodes.node('n3').store.release()
      nodes.run(500)
      expect(birth.results).toMatchObject([{ error: undefined }])
    })

    it('happens once: a second one, on any node, is refused', () => {
      const nodes = cluster(3, { isUnborn: true })
      const first = bootstrap(nodes, 'n1')
      nodes.run(500)
      nodes.electLeader()
      for (const by of nodes.ids) {
        const again = bootstrap(nodes, by)
        nodes.run(200)
        expect(again.results).toMatchObject([
          { error: { code: 'ALREADY_BOOTSTRAPPED', groupUuid: first.results[0]!.groupUuid } },
        ])
      }
    })

    it('is refused when another of the nodes holds a group of that name', () => {
      const nodes = cluster(3, { isUnborn: true })
      nodes.crash('n2')
      const entry = firstEntry('the-other-group', new Map([['n2', 'store-of-n2']]), 0)
      const hardState = { currentTerm: 1, votedFor: undefined }
      nodes
        .node('n2')
        .disk.flush({ group: GROUP, hardState, truncateAfter: undefined, snapshot: undefined, entries: [entry] })
      nodes.restart('n2')
      const birth = bootstrap(nodes, 'n1')
      nodes.run(500)
      expect(birth.results).toMatchObject([{ error: { code: 'ALREADY_BOOTSTRAPPED', node: 'n2' } }])
      expect(nodes.node('n1').disk.entriesOf(GROUP)).toEqual([])
    })

    it('needs all nodes: without them nothing is written, and the missing ones are named', () => {
      const nodes = cluster(3, { isUnborn: true })
      nodes.crash('n3')
      const birth = bootstrap(nodes, 'n1')
      nodes.run(2000)
      expect(birth.results).toMatchObject([{ error: { code: 'BOOTSTRAP_INCOMPLETE', missing: ['n3'] } }])
      expect(nodes.node('n1').disk.entriesOf(GROUP)).toEqual([])
      nodes.restart('n3')
      bootstrap(nodes, 'n1')
      nodes.electLeader()
    })

    it('cut short, is finished by bootstrapping again, on the node that began it', () => {
      const nodes = cluster(3, { isUnborn: true })
      nodes.network.loses = ({ to, packet }) =>
        to === 'n3' && packet.messages.some(({ type }) => type === 'bootstrap.offer')
      const birth = bootstrap(nodes, 'n1', nodes.ids, 150)
      nodes.run(160)
      nodes.run(500)
      expect(birth.results).toMatchObject([{ error: { code: 'BOOTSTRAP_INCOMPLETE', missing: ['n3'] } }])
      for (const id of ['n1', 'n2']) nodes.crash(id)
      for (const { disk } of [nodes.node('n1'), nodes.node('n2')]) {
        disk.groups.get(GROUP)!.entries.length = 1
        disk.groups.get(GROUP)!.hardState = { currentTerm: 1, votedFor: undefined }
      }
      nodes.restart('n1')
      nodes.restart('n2')
      nodes.network.loses = () => false
      const again = bootstrap(nodes, 'n1')
      nodes.run(500)
      expect(again.results).toMatchObject([{ error: undefined, groupUuid: expect.any(String) }])
      nodes.electLeader()
      nodes.settle()
      const uuids = nodes.ids.map((id) => nodes.status(id).groupUuid)
      expect(new Set(uuids).size).toBe(1)
    })

    it('whoever misses the offer is brought in by the group itself', () => {
      const nodes = cluster(3, { isUnborn: true })
      nodes.network.loses = ({ to, packet }) =>
        to === 'n3' && packet.messages.some(({ type }) => type === 'bootstrap.offer')
      bootstrap(nodes, 'n1')
      nodes.run(3000)
      nodes.settle()
      expect(nodes.status('n3').groupUuid).toBe(nodes.status('n1').groupUuid)
      expect(nodes.terms('n3')).toBe(nodes.terms('n1'))
    })

    it('with a disk that fails or stalls ends too, by its deadline', () => {
      for (const breaks of [true, false]) {
        const nodes = cluster(3, { isUnborn: true })
        const { store } = nodes.node('n1')
        store.isHeld = true
        const birth = bootstrap(nodes, 'n1')
        nodes.run(20)
        if (breaks) store.fail('no space left')
        if (breaks) store.complete()
        nodes.run(5000)
        expect(birth.results, breaks ? 'failing' : 'stalling').toHaveLength(1)
        expect(birth.results[0]!.error).toBeInstanceOf(Error)
      }
    })

    it('is not accepted for another store than the one that was asked', () => {
      const nodes = cluster(3, { isUnborn: true })
      nodes.network.loses = ({ to, packet }) =>
        to === 'n3' && packet.messages.some(({ type }) => type === 'bootstrap.offer')
      const birth = bootstrap(nodes, 'n1')
      nodes.run(150)
      nodes.crash('n3')
      nodes.wipe('n3')
      nodes.restart('n3')
      // Before anybody opens the group there.
      nodes.node('n3').raft.close(GROUP)
      nodes.network.loses = () => false
      nodes.run(2000)
      expect(birth.results).toMatchObject([{ error: { code: 'BOOTSTRAP_INCOMPLETE', missing: ['n3'] } }])
      expect(nodes.node('n3').disk.entriesOf(GROUP)).toEqual([])
    })

    it('is said to be accepted only when it is durable, however often the offer comes', () => {
      const nodes = cluster(2, { isUnborn: true })
      nodes.node('n2').raft.close(GROUP)
      nodes.run(1)
      nodes.node('n2').store.isHeld = true
      const birth = bootstrap(nodes, 'n1', nodes.ids, 900)
      nodes.run(700)
      expect(
        nodes.network.handOvers.filter(({ from }) => from === 'n2').map(({ packets }) => packets[0]!.messages[0]!.type),
      ).not.toContain('bootstrap.accepted')
      expect(birth.results).toEqual([])
      nodes.node('n2').store.release()
      nodes.run(300)
      expect(birth.results).toMatchObject([{ error: undefined }])
    })

    it('of a group that is opened when its first entry has been written, goes well', () => {
      const nodes = cluster(1, { isUnborn: true })
      const { raft } = nodes.node('n1')
      raft.close(GROUP)
      nodes.run(1)
      const birth = bootstrap(nodes, 'n1')
      let server: HostedServer | undefined
      raft.whenQuiet(GROUP, () => {
        server = raft.open(GROUP, { stateMachine: { apply: (_, done) => done() } })
      })
      nodes.run(1000)
      expect(birth.results).toMatchObject([{ error: undefined }])
      expect(server!.status.role).toBe('leader')
    })

    describe('at once on several of its nodes', () => {
      /** All letters of `from` to `to` take so long. */
      function slow(nodes: Cluster, delayMs: (letter: Letter) => number): void {
        nodes.network.loses = (letter) => {
          nodes.clock.arrive(() => nodes.network.deliver(letter), delayMs(letter))
          return true
        }
      }

      function expectOneGroup(nodes: Cluster, births: readonly Birth[]): void {
        const uuids = nodes.ids.map((id) =>
          nodes
            .node(id)
            .disk.entriesOf(GROUP)
            .flatMap((entry) => (entry.kind === 'configuration' ? [entry.configuration.groupUuid] : [])),
        )
        const born = births.flatMap(({ results }) => results).filter(({ error }) => error === undefined)
        expect(births.map(({ results }) => results.length)).toEqual(births.map(() => 1))
        expect(born).toHaveLength(1)
        expect(uuids).toEqual(nodes.ids.map(() => [born[0]!.groupUuid]))
      }

      describe.each([
        ['with open, blank servers', true],
        ['with nothing open', false],
      ] as const)('%s', (_, isOpen) => {
        function unborn(size: number): Cluster {
          const nodes = cluster(size, { isUnborn: true })
          if (!isOpen) for (const id of nodes.ids) nodes.node(id).raft.close(GROUP)
          nodes.run(1)
          return nodes
        }

        it.each([2, 3])('gives one group of %i, and not one to each: the lowest name goes on', (size) => {
          for (const order of [(ids: readonly string[]) => ids, (ids: readonly string[]) => [...ids].reverse()]) {
            const nodes = unborn(size)
            // Whoever was promised to a birth that then gave way, waits for the end of that promise.
            const births = new Map(order(nodes.ids).map((id) => [id, bootstrap(nodes, id, nodes.ids, 2 * PROMISE_MS)]))
            nodes.run(2 * PROMISE_MS)
            expectOneGroup(nodes, [...births.values()])
            for (const [id, { results }] of births)
              expect(results).toMatchObject([
                id === 'n1' ? { error: undefined } : { error: { code: 'BOOTSTRAP_CONFLICT' } },
              ])
            if (isOpen) nodes.electLeader()
            if (isOpen) nodes.settle()
          }
        })

        it('gives no store two first entries when an answer to one of them is slow', () => {
          const nodes = unborn(3)
          slow(nodes, ({ from, to }) => (from === 'n3' && to === 'n1' ? 60 : 1))
          const births = ['n1', 'n2'].map((by) => bootstrap(nodes, by))
          nodes.run(2000)
          expectOneGroup(nodes, births)
          expect(births[1]!.results).toMatchObject([{ error: { code: 'BOOTSTRAP_CONFLICT', node: 'n1' } }])
        })

        it('gives one group whoever begins first, and however long each letter takes', () => {
          for (let seed = 1; seed <= 60; seed++) {
            const nodes = unborn(3)
            const random = new TestRandom(seed)
            slow(nodes, () => random.below(random.pick([2, 50, 400])))
            const births: Birth[] = []
            for (const by of random.happens(0.5) ? ['n3', 'n1', 'n2'] : ['n2', 'n1']) {
              births.push(bootstrap(nodes, by, nodes.ids, 10_000))
              nodes.run(random.below(random.pick([1, 20, 300])))
            }
            nodes.run(20_000)
            expectOneGroup(nodes, births)
            for (const { error } of births.flatMap(({ results }) => results)) {
              if (error !== undefined)
                expect(error.constructor.name).toMatch(/^(BootstrapConflict|AlreadyBootstrapped)Error$/)
            }
          }
        })
      })

      it('with one server in common, gives that server one group', () => {
        const nodes = cluster(3, { isUnborn: true })
        const births = [bootstrap(nodes, 'n1', ['n1', 'n3']), bootstrap(nodes, 'n2', ['n2', 'n3'])]
        nodes.run(2000)
        expect(births[0]!.results).toMatchObject([{ error: undefined }])
        expect(births[1]!.results).toMatchObject([{ error: { code: 'ALREADY_BOOTSTRAPPED', node: 'n3' } }])
        expect(nodes.node('n2').disk.entriesOf(GROUP)).toEqual([])
        expect(nodes.status('n3').groupUuid).toBe(births[0]!.results[0]!.groupUuid)
      })
    })

    it('takes no answer that was meant for an earlier one: the store that gave it may be gone', () => {
      const nodes = cluster(2, { isUnborn: true })
      nodes.network.isHeld = true
      const first = bootstrap(nodes, 'n1', nodes.ids, 100)
      nodes.run(1)
      nodes.network.deliverHeld()
      nodes.run(150)
      expect(first.results).toMatchObject([{ error: { code: 'BOOTSTRAP_INCOMPLETE', missing: ['n2'] } }])
      const late = nodes.network.letters.filter(({ packet }) => packet.messages[0]!.type === 'bootstrap.standing')
      expect(late.map(({ from, packet }) => [from, packet.store])).toContainEqual(['n2', 'store-of-n2'])
      nodes.crash('n2')
      nodes.wipe('n2')
      nodes.restart('n2')
      const second = bootstrap(nodes, 'n1')
      for (const letter of late) nodes.network.deliver(letter)
      nodes.network.letters = []
      nodes.network.release()
      nodes.run(1000)
      expect(second.results).toMatchObject([{ error: undefined }])
      expect(nodes.node('n2').disk.entriesOf(GROUP)[0]).toMatchObject({
        configuration: { members: [{ store: 'store-of-n1' }, { store: 'new-store-of-n2' }] },
      })
    })

    it('whose node is gone before it wrote, blocks the next one no longer than it was promised', () => {
      const nodes = cluster(3, { isUnborn: true })
      nodes.crash('n2')
      bootstrap(nodes, 'n1')
      nodes.run(50)
      nodes.crash('n1')
      nodes.restart('n2')
      const own = bootstrap(nodes, 'n3', ['n2', 'n3'])
      const early = bootstrap(nodes, 'n2', ['n2', 'n3'])
      nodes.run(1500)
      expect(own.results).toMatchObject([{ error: { code: 'BOOTSTRAP_CONFLICT', node: 'n1' } }])
      expect(early.results).toMatchObject([{ error: { code: 'BOOTSTRAP_INCOMPLETE', missing: ['n3'] } }])
      const late = bootstrap(nodes, 'n2', ['n2', 'n3'])
      nodes.run(PROMISE_MS - 1500 + 200)
      expect(late.results).toMatchObject([{ error: undefined }])
    })

    it('does not begin with answers so old that the nodes that gave them may be promised to another', () => {
      const nodes = cluster(3, { isUnborn: true })
      nodes.crash('n3')
      const birth = bootstrap(nodes, 'n1', nodes.ids, 2 * PROMISE_MS)
      nodes.run(50)
      nodes.crash('n2')
      nodes.run(PROMISE_MS)
      nodes.restart('n3')
      nodes.run(2 * PROMISE_MS)
      expect(birth.results).toMatchObject([{ error: { code: 'BOOTSTRAP_INCOMPLETE' } }])
      for (const id of nodes.ids) expect(nodes.node(id).disk.entriesOf(GROUP)).toEqual([])
    })

    it('writes nothing on a node that has heard from a group of that name meanwhile', () => {
      const nodes = cluster(2, { isUnborn: true })
      nodes.network.isHeld = true
      const birth = bootstrap(nodes, 'n1')
      nodes.run(1)
      nodes.network.deliverHeld()
      const stores = new Map(nodes.ids.map((id) => [id, `store-of-${id}`]))
      const message = { ...appendEntries(1, [0, 0]), entries: [firstEntry('the-other-group', stores, 0)] }
      const packet = { group: GROUP, groupUuid: 'the-other-group', store: 'store-of-n2', messages: [message] }
      nodes.network.deliver({ from: 'n2', to: 'n1', packet })
      nodes.network.release()
      nodes.run(500)
      expect(birth.results).toMatchObject([
        { error: { code: 'ALREADY_BOOTSTRAPPED', node: 'n1', groupUuid: 'the-other-group' } },
      ])
      expect(nodes.status('n1')).toMatchObject({ groupUuid: 'the-other-group', failure: undefined })
    })

    it('takes no part in another while it is promised to one: the offer of an earlier one may come late', () => {
      const nodes = cluster(3, { isUnborn: true })
      nodes.crash('n2')
      bootstrap(nodes, 'n1')
      nodes.run(50)
      const stores = new Map(nodes.ids.map((id) => [id, `store-of-${id}`]))
      const entry = firstEntry('the-late-group', stores, 0)
      const messages = [{ type: 'bootstrap.offer', entry } as const]
      const packet = { group: GROUP, groupUuid: undefined, store: 'store-of-n2', messages }
      nodes.network.deliver({ from: 'n2', to: 'n3', packet })
      nodes.run(50)
      expect(nodes.node('n3').disk.entriesOf(GROUP)).toEqual([])
    })

    it('counts no acceptance of a store that was not asked', () => {
      const nodes = cluster(2, { isUnborn: true })
      nodes.network.loses = ({ packet }) => packet.messages.some(({ type }) => type === 'bootstrap.offer')
      const birth = bootstrap(nodes, 'n1', nodes.ids, 200)
      nodes.run(100)
      const [entry] = nodes.node('n1').disk.entriesOf(GROUP)
      const { groupUuid } = nodes.status('n1')
      expect(entry).toMatchObject({ configuration: { groupUuid } })
      const messages = [{ type: 'bootstrap.accepted', groupUuid: groupUuid! } as const]
      const packet = { group: GROUP, groupUuid: undefined, store: 'another-store', messages }
      nodes.network.deliver({ from: 'n2', to: 'n1', packet })
      nodes.run(200)
      expect(birth.results).toMatchObject([{ error: { code: 'BOOTSTRAP_INCOMPLETE', missing: ['n2'] } }])
    })

    it('leaves term and vote as a blank server had stored them before it was closed', () => {
      for (const hardState of [
        { currentTerm: 7, votedFor: 'n2' },
        { currentTerm: 1, votedFor: 'n1' },
      ]) {
        const nodes = cluster(2, { isUnborn: true })
        for (const id of nodes.ids) {
          nodes.crash(id)
          nodes
            .node(id)
            .disk.flush({ group: GROUP, hardState, truncateAfter: undefined, snapshot: undefined, entries: [] })
          nodes.restart(id)
          nodes.node(id).raft.close(GROUP)
        }
        const birth = bootstrap(nodes, 'n1')
        nodes.run(1000)
        expect(birth.results).toMatchObject([{ error: undefined }])
        for (const id of nodes.ids) {
          expect(nodes.node(id).disk.entriesOf(GROUP)).toHaveLength(1)
          expect(nodes.node(id).disk.hardStateOf(GROUP)).toEqual(hardState)
        }
      }
    })

    it('is not said to be accepted by a store that failed to write it, and then says that it holds it', () => {
      const nodes = cluster(2, { isUnborn: true })
      const { raft, store } = nodes.node('n2')
      raft.close(GROUP)
      nodes.run(1)
      // What was handed in is what it recovers, flushed or not.
      store.write = (batch, done) => {
        for (const write of batch) store.disk.flush(write)
        nodes.clock.soon(() => done({ error: new Error('no space left') }))
      }
      const birth = bootstrap(nodes, 'n1', nodes.ids, 1000)
      nodes.run(2000)
      expect(nodes.node('n2').disk.entriesOf(GROUP)).toHaveLength(1)
      expect(birth.results).toMatchObject([{ error: { code: 'BOOTSTRAP_INCOMPLETE', missing: ['n2'] } }])
    })

    it('asks for names that are names, for itself among the nodes, and for each node once', () => {
      const nodes = cluster(2, { isUnborn: true })
      expect(() => bootstrap(nodes, 'n1', ['n2'])).toThrow(RangeError)
      expect(() => bootstrap(nodes, 'n1', ['n1', 'n2', 'n2'])).toThrow(RangeError)
      expect(() => bootstrap(nodes, 'n1', ['n1', 'n 2'])).toThrow(TypeError)
    })

    it('ends with the node that was asked for it', () => {
      const nodes = cluster(3, { isUnborn: true })
      nodes.crash('n3')
      const birth = bootstrap(nodes, 'n1')
      nodes.run(10)
      nodes.node('n1').raft.closeNode(() => {})
      nodes.run(10)
      expect(birth.results).toMatchObject([{ error: { code: 'BOOTSTRAP_INCOMPLETE' } }])
    })
  })

  it('a group that was never born stays quiet', () => {
    const nodes = cluster(3, { isUnborn: true })
    nodes.run(60_000)
    expect(nodes.network.handOvers).toEqual([])
    for (const id of nodes.ids) expect(nodes.status(id)).toMatchObject({ role: 'follower', term: 0 })
  })
})
