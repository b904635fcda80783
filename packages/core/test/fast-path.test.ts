import { describe, expect, it } from 'vitest'
import type { ClusterNode } from './world/cluster.ts'
import { RandomHistory } from './world/randomHistory.ts'
import { appendEntries, firstEntryOf, serverWorld } from './world/serverWorld.ts'

interface ActorLike {
  getSnapshot(): { readonly value?: unknown; readonly children?: Record<string, ActorLike | undefined> }
}

/** The values of a chart and of all charts below it. */
function chartValues(actor: ActorLike): unknown {
  const { value, children = {} } = actor.getSnapshot()
  const below = Object.keys(children).sort()
  return [value, ...below.map((id) => [id, chartValues(children[id]!)])]
}

function shapeOf({ id, server }: ClusterNode): string {
  if (server === undefined) return `${id} down`
  const { state, actor } = server.server
  const { log, votes, preVotes, peers, told, outputs, settings: _, ...rest } = state
  return JSON.stringify([
    id,
    chartValues(actor as unknown as ActorLike),
    log.termStarts,
    [log.startsAfter, log.lastIndex, log.cachedAfter],
    [...votes],
    [...preVotes],
    [...peers.values()],
    [...told],
    [outputs.messages.length, outputs.reads.length, outputs.answers.length, outputs.pollWanted],
    { ...rest, pendingAppends: rest.pendingAppends.map(({ firstIndex, lastIndex }) => [firstIndex, lastIndex]) },
  ])
}

function shapeOfAll({ cluster, reads }: RandomHistory): string {
  const letters = cluster.network.letters.map(({ from, to, packet }) => [from, to, packet.messages])
  const outcomes = cluster.appends.map((append) => append.outcomes)
  return [...cluster.nodes.values()].map(shapeOf).join('\n') + JSON.stringify([letters, outcomes, reads])
}

describe('the events that go past the charts', () => {
  it('leave the same state, outputs and chart values as those that go through: 200 histories of 200 events', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const servers = seed % 4 === 0 ? 5 : 3
      const [fast, slow] = [true, false].map((fastPath) => new RandomHistory({ servers, seed, settings: { fastPath } }))
      for (let event = 0; event < 200; event++) {
        fast!.step()
        slow!.step()
        const [shape, other] = [shapeOfAll(fast!), shapeOfAll(slow!)]
        if (shape !== other) expect.fail(`seed ${seed}, event ${event}:\n${shape}\nis not\n${other}`)
      }
    }
  }, 120_000)

  it('also when a configuration that made a server a voter is removed again', () => {
    const [fast, slow] = [true, false].map((fastPath) => {
      const world = serverWorld({ id: 'S4', log: [1], term: 2, settings: { fastPath } })
      const five = { ...firstEntryOf(5), index: 2, term: 2 }
      world.receive('S2', { ...appendEntries(2, [1, 1], [2]), entries: [five] })
      const before = chartValues(world.server.actor as unknown as ActorLike)
      world.receive('S3', appendEntries(3, [1, 1], [3]))
      return [before, chartValues(world.server.actor as unknown as ActorLike)]
    })
    expect(fast).toEqual([
      ['follower', ['role', [{ following: { contact: 'armed', log: 'appending' } }]]],
      ['follower', ['role', [{ following: { contact: 'listening', log: 'appending' } }]]],
    ])
    expect(slow).toEqual(fast)
  })
})
