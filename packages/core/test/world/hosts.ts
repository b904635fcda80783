import {
  RaftNode,
  firstEntry,
  type Entry,
  type HostedServer,
  type Inspect,
  type Network,
  type RaftSettings,
} from '@quorate/core'
import { TestClock } from './testClock.ts'
import { TestNetwork } from './testNetwork.ts'
import { TestRandom } from './testRandom.ts'
import { TestDisk, TestStore } from './testStore.ts'

/** Three nodes that host the same groups, born already. */
export function hosts(groups: number, settings: Partial<RaftSettings> = {}, inspect?: Inspect) {
  const clock = new TestClock()
  const network = new TestNetwork(clock)
  const ids = ['n1', 'n2', 'n3']
  const names = Array.from({ length: groups }, (_, n) => `g${n}`)
  const stores = ids.map((id) => new TestStore(new TestDisk(`store-of-${id}`), clock))
  const identities = new Map(ids.map((id, place) => [id, stores[place]!.identity]))
  const applied = new Map<string, Entry[]>()
  const nodes = ids.map((id, place) => {
    const store = stores[place]!
    for (const group of names) {
      const hardState = { currentTerm: 1, votedFor: undefined }
      const entries = [firstEntry(`uuid-of-${group}`, identities, 0)]
      store.disk.flush({ group, hardState, truncateAfter: undefined, snapshot: undefined, entries })
    }
    return new RaftNode({ id, network, store, clock, random: new TestRandom(place + 1), settings, inspect })
  })
  const servers = nodes.map((node) =>
    names.map((group) =>
      node.open(group, {
        stateMachine: {
          apply: (entries, done) => {
            applied.set(`${node.id}/${group}`, [...(applied.get(`${node.id}/${group}`) ?? []), ...entries])
            done()
          },
        },
      }),
    ),
  )
  const leaders = (): (HostedServer | undefined)[] =>
    names.map((_, group) => servers.map((all) => all[group]!).find(({ status }) => status.role === 'leader'))
  return { clock, network, stores, nodes, servers, names, leaders, applied }
}

/** One node that leads these groups alone, and what an application of theirs does when it is told of something. */
export function lone(names: readonly string[], setUp: { readonly network?: (network: TestNetwork) => Network } = {}) {
  const clock = new TestClock()
  const network = new TestNetwork(clock)
  const disk = new TestDisk('store-of-n1')
  const store = new TestStore(disk, clock)
  for (const group of names) {
    const hardState = { currentTerm: 1, votedFor: undefined }
    const entries = [firstEntry(`uuid-of-${group}`, new Map([['n1', disk.identity]]), 0)]
    disk.flush({ group, hardState, truncateAfter: undefined, snapshot: undefined, entries })
  }
  const random = new TestRandom(1)
  const node = new RaftNode({ id: 'n1', network: setUp.network?.(network) ?? network, store, clock, random })
  const reactions = { status: new Map<string, () => void>(), apply: new Map<string, () => void>() }
  const react = (to: Map<string, () => void>, group: string): void => {
    const reaction = to.get(group)
    to.delete(group)
    reaction?.()
  }
  const open = (group: string): HostedServer =>
    node.open(group, {
      onStatus: () => react(reactions.status, group),
      stateMachine: {
        apply: (_, done) => {
          react(reactions.apply, group)
          done()
        },
      },
    })
  const servers = new Map(names.map((group) => [group, open(group)]))
  clock.run(1000)
  const outcomes = new Map<string, string[]>()
  /** The text is the name of the append as well. */
  const append = (group: string, text: string, answered: () => void = () => {}): void => {
    outcomes.set(text, [])
    servers.get(group)!.append([{ data: new TextEncoder().encode(text) }], ({ type }) => {
      outcomes.get(text)!.push(type)
      answered()
    })
  }
  const stored = (group: string): string[] =>
    disk.entriesOf(group).flatMap((entry) => (entry.kind === 'command' ? [new TextDecoder().decode(entry.data)] : []))
  const role = (group: string) => servers.get(group)!.status.role
  return { clock, network, disk, store, node, servers, reactions, open, append, outcomes, stored, role }
}
