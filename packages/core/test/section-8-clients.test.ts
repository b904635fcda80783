import {
  entryBytes,
  type ClientOutcome,
  type ClientReply,
  type ClientRequest,
  type ClientRequestHandler,
} from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { GROUP, cluster, type Cluster } from './world/cluster.ts'
import { appendEntries, requestVote, serverWorld } from './world/serverWorld.ts'

function ask(nodes: Cluster, from: string, request: ClientRequest): ClientOutcome[] {
  const outcomes: ClientOutcome[] = []
  nodes.node(from).raft.client.request(GROUP, request, 1000, (outcome) => outcomes.push(outcome))
  return outcomes
}

/** Asks the leader `id` itself, past all that stands between it and its clients. */
function leaderAsked(nodes: Cluster, id: string): (request: ClientRequest) => ClientReply[] {
  const { client } = nodes.node(id).raft
  const serve = client.serve.bind(client)
  let handler: ClientRequestHandler | undefined
  client.serve = (group, term, given) => serve(group, term, (handler = given))
  nodes.electLeader(id)
  nodes.settle()
  return (request) => {
    const replies: ClientReply[] = []
    handler!(request, (reply) => replies.push(reply))
    return replies
  }
}

function commands(...texts: string[]) {
  return texts.map((text) => ({ data: new TextEncoder().encode(text) }))
}

describe('§8 Client interaction', () => {
  it('“each leader commits a blank no-op entry into the log at the start of its term”, before anything else', () => {
    const nodes = cluster(3)
    nodes.electLeader('n1')
    nodes.settle()
    nodes.electLeader('n2')
    nodes.settle()
    expect(nodes.node('n3').applied.map(({ kind }) => kind)).toEqual(['configuration', 'no-op', 'no-op'])
  })

  it('a client request reaches the leader alone, and is answered when it is applied', () => {
    const nodes = cluster(3)
    const leader = nodes.electLeader('n1')
    const { term } = nodes.status(leader)
    const outcomes = ask(nodes, 'n2', { type: 'append', term, commands: commands('a', 'b') })
    nodes.run(100)
    expect(outcomes).toEqual([{ type: 'appended', firstIndex: 3, term }])
    expect(nodes.texts(leader)).toEqual(['a', 'b'])
  })

  it('an append for another term than the one that is led is refused: it cannot come late', () => {
    const nodes = cluster(3)
    const leader = nodes.electLeader('n1')
    const { term } = nodes.status(leader)
    const outcomes = ask(nodes, 'n2', { type: 'append', term: term - 1, commands: commands('a') })
    nodes.run(100)
    expect(outcomes).toEqual([{ type: 'noResponder' }])
    // Should one reach it all the same, the leader knows its term.
    const { server } = nodes.server(leader)
    server.append([{ token: 'late', term: term - 1, commands: commands('b') }])
    const [answer] = server.takeOutputs().answers
    expect(answer).toEqual({ token: 'late', outcome: { type: 'notLeader', leaderId: leader, term } })
    expect(nodes.texts(leader)).toEqual([])
  })

  it('also when the network brings it all the same', () => {
    const nodes = cluster(3)
    const askLeader = leaderAsked(nodes, 'n1')
    const { term, lastIndex } = nodes.status('n1')
    const replies = askLeader({ type: 'append', term: term - 1, commands: commands('a') })
    nodes.run(100)
    expect(replies).toEqual([{ type: 'notLeader', leaderId: 'n1', term }])
    expect(nodes.status('n1').lastIndex).toBe(lastIndex)
  })

  it('what is not committed is not read out', () => {
    const nodes = cluster(3)
    const askLeader = leaderAsked(nodes, 'n1')
    nodes.append('n1', 'a')
    nodes.settle()
    nodes.partition('n1')
    nodes.append('n1', 'b')
    nodes.run(10)
    expect(nodes.status('n1')).toMatchObject({ role: 'leader', lastIndex: 4, commitIndex: 3 })
    const [reply] = askLeader({ type: 'read', after: 2, maxBytes: 10_000 })
    expect(reply).toMatchObject({ type: 'entries', commitIndex: 3, entries: [{ index: 3 }] })
    expect(askLeader({ type: 'read', after: 3, maxBytes: 10_000 })).toMatchObject([{ type: 'entries', entries: [] }])
  })

  it('a command that is larger than the leader can pass on is refused: it stood in the log, and held the leader up', () => {
    const nodes = cluster(3)
    const leader = nodes.electLeader('n1')
    nodes.settle()
    nodes.network.maxEntryBytes = 1000
    nodes.network.loses = ({ packet }) =>
      packet.messages.some(
        (message) => message.type === 'appendEntries' && message.entries.some((entry) => entryBytes(entry) > 1000),
      )
    const { term, lastIndex } = nodes.status(leader)
    const tooLarge = ask(nodes, 'n2', { type: 'append', term, commands: commands('small', 'x'.repeat(1001)) })
    nodes.run(3000)
    expect(tooLarge).toMatchObject([{ type: 'refused', reason: 'tooLarge' }])
    expect(nodes.status(leader)).toMatchObject({ role: 'leader', term, lastIndex })
    const small = ask(nodes, 'n2', { type: 'append', term, commands: commands('small') })
    nodes.run(100)
    expect(small).toMatchObject([{ type: 'appended', firstIndex: lastIndex + 1, term }])
  })

  it('nobody leads: the client is told that nobody listens', () => {
    const nodes = cluster(3)
    nodes.electLeader('n1')
    nodes.crash('n1')
    const outcomes = ask(nodes, 'n2', { type: 'status' })
    nodes.run(1)
    expect(outcomes).toEqual([{ type: 'noResponder' }])
  })

  it('the leader says who it is, and hands out what is applied', () => {
    const nodes = cluster(3)
    const leader = nodes.electLeader('n1')
    nodes.append(leader, 'a')
    nodes.settle()
    const { term } = nodes.status(leader)
    const status = ask(nodes, 'n3', { type: 'status' })
    const entries = ask(nodes, 'n3', { type: 'read', after: 1, maxBytes: 10_000 })
    nodes.run(10)
    expect(status).toEqual([{ type: 'status', leaderId: leader, term, commitIndex: 3 }])
    expect(entries).toMatchObject([{ type: 'entries', commitIndex: 3, entries: [{ index: 2 }, { index: 3 }] }])
  })

  it('a server that does not lead “will reject the client’s request and supply information about the most recent leader”', () => {
    const nodes = cluster(3)
    const leader = nodes.electLeader('n1')
    nodes.settle()
    const appended = nodes.append('n2', 'a')
    nodes.run(10)
    expect(appended.outcomes).toMatchObject([{ type: 'notLeader', leaderId: leader }])
    expect(nodes.append(leader).outcomes).toEqual([])
    nodes.run(10)
    expect(nodes.appends.at(-1)!.outcomes).toMatchObject([{ type: 'notLeader' }])
  })

  it('an append that another leader’s entry has replaced is proven lost, and says so', () => {
    const nodes = cluster(3)
    nodes.electLeader('n1')
    nodes.settle()
    nodes.partition('n1')
    const lost = nodes.append('n1', 'lost')
    nodes.run(1000)
    nodes.heal()
    nodes.electLeader()
    nodes.settle()
    expect(lost.outcomes).toMatchObject([{ type: 'notLeader' }])
    expect(nodes.texts('n1')).toEqual([])
  })

  it('so is an append of several commands, of which the new log has no use, however short that log stays', () => {
    const nodes = cluster(3)
    nodes.electLeader('n1')
    nodes.settle()
    nodes.partition('n1')
    const lost = nodes.append('n1', 'l1', 'l2', 'l3', 'l4', 'l5')
    nodes.run(1000)
    nodes.heal()
    nodes.electLeader()
    nodes.settle()
    nodes.run(5000)
    expect(nodes.status('n1').lastIndex).toBeLessThan(7)
    expect(lost.outcomes).toMatchObject([{ type: 'notLeader' }])
  })

  it('an append of which only a part stands in the log is unknown as a whole, as soon as that is certain', () => {
    const world = serverWorld()
    world.lead()
    world.flushAll()
    world.accept('S2', 2)
    world.append('a', 'b', 'c', 'd')
    world.flushAll()
    const lines = world.receive('S3', appendEntries(3, [3, 2], [3], 4))
    expect([...lines, ...world.flushAll()].filter((line) => line.startsWith('answer'))).toEqual(['answer a: unknown'])
  })

  it('an append of a former term that survives is answered when the next leader commits it', () => {
    const nodes = cluster(3)
    nodes.electLeader('n1')
    nodes.settle()
    const { latencyMs } = nodes.network
    nodes.network.loses = ({ packet }) => packet.messages.some(({ type }) => type === 'appendEntries.accepted')
    const survives = nodes.append('n1', 'survives')
    nodes.run(10 * latencyMs)
    expect(survives.outcomes).toEqual([])
    nodes.network.loses = () => false
    nodes.partition('n1')
    nodes.run(1000)
    expect(['n2', 'n3']).toContain(nodes.leader)
    nodes.heal()
    nodes.settle()
    expect(survives.outcomes).toMatchObject([{ type: 'appended', firstIndex: 3, term: 2 }])
    expect(nodes.texts('n1')).toEqual(['survives'])
  })

  it('appends of two terms of one server are each answered once, in whatever order they are settled', () => {
    const world = serverWorld()
    world.lead()
    world.flushAll()
    world.append('a')
    world.flushAll()
    world.receive('S3', requestVote(3, 1, 1))
    world.flushAll()
    world.lead()
    world.flushAll()
    world.append('b')
    world.flushAll()
    expect(world.accept('S2', 5).filter((line) => line.startsWith('answer'))).toEqual([
      'answer a: appended',
      'answer b: appended',
    ])
  })

  it('closing a server that leads tells its callers that the outcome is unknown', () => {
    const nodes = cluster(3)
    nodes.electLeader('n1')
    nodes.settle()
    nodes.partition('n1')
    const open = nodes.append('n1', 'a')
    nodes.run(20)
    nodes.node('n1').raft.close(GROUP)
    nodes.run(20)
    expect(open.outcomes).toMatchObject([{ type: 'unknown' }])
  })
})
