import { ContractBrokenError } from '../contractBrokenError.ts'
import { assertSame } from '../difference.ts'
import { samplePacket, sampleVote, type TransportTests } from './transportBench.ts'

/** How a transport begins and ends. */
export const connectionCases: TransportTests = {
  'tells its node once that it is first connected': async (bench) => {
    const nodes = await bench.join('n1', 'n2')
    await bench.waiting.quiet()
    for (const { id, heard } of nodes) {
      assertSame(`what ${id} heard of a connection that nothing interrupted`, { connected: 1, disconnected: 0 }, heard)
    }
  },

  'calls back once when it is closed': async (bench) => {
    for (const node of await bench.join('n1', 'n2')) await bench.close(node)
  },

  'delivers nothing after it is closed': async (bench) => {
    const [n1, n2] = await bench.join('n1', 'n2')
    await bench.bring(n1, n2, [samplePacket('orders', sampleVote(1))])
    for (let term = 2; term <= 20; term++) bench.send(n1, 'n2', [samplePacket('orders', sampleVote(term))])
    await bench.close(n2)
    const [count, { connected, disconnected }] = [n2.received.length, { ...n2.heard }]
    await bench.waiting.quiet(() => bench.send(n1, 'n2', [samplePacket('orders', sampleVote(21))]))
    const more = n2.received.length - count
    if (more > 0) throw new ContractBrokenError(`${more} packets were delivered to n2 after its transport was closed`)
    assertSame('what n2 heard of its connection after its transport was closed', { connected, disconnected }, n2.heard)
  },

  'drops in silence what is sent after it is closed': async (bench) => {
    const [n1] = await bench.join('n1', 'n2')
    bench.beginClose(n1)
    bench.send(n1, 'n2', [samplePacket('orders', sampleVote(1))])
    await bench.waiting.quiet(() => bench.send(n1, 'n2', [samplePacket('orders', sampleVote(2))]))
  },

  'leaves the others alone when it closes': async (bench) => {
    const [n1, n2, n3] = await bench.join('n1', 'n2', 'n3')
    await bench.close(n2)
    bench.send(n1, 'n2', [samplePacket('orders', sampleVote(1))])
    await bench.bring(n1, n3, [samplePacket('orders', sampleVote(2))])
    await bench.bring(n3, n1, [samplePacket('orders', sampleVote(3))])
    assertSame(
      'how often the others heard that they were disconnected',
      [0, 0],
      [n1, n3].map(({ heard }) => heard.disconnected),
    )
  },
}
