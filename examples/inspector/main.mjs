// Three servers elect a leader, lose it and elect another, watched through the official XState inspector.
import { memoryNetwork, memoryStore, openNode } from '@quorate/log'
import { createWebSocketInspector, createWebSocketReceiver } from '@statelyai/inspect'
import { ActorTree } from './actorTree.mjs'
import { startLoopbackRelay } from './loopbackRelay.mjs'
import { plainInspection } from './plainInspection.mjs'

const relay = await startLoopbackRelay()
const inspector = createWebSocketInspector({ url: relay.url })

const tree = new ActorTree((line) => console.log(line))
createWebSocketReceiver({ server: relay.url }).subscribe((message) => tree.note(message))

const ids = ['a', 'b', 'c']
const network = memoryNetwork()
const nodes = new Map()
for (const id of ids) {
  nodes.set(id, await openNode({ id, network, store: memoryStore(), inspect: plainInspection(inspector, id) }))
}
await nodes.get('a').bootstrap('orders', ids)
await Promise.all(ids.map((id) => nodes.get(id).openLog('orders')))

const leaderOf = (/** @type {ActorTree} */ { roots }) => roots.find(({ state }) => state === 'leader')?.name
const isSupplied = (/** @type {number} */ followers) => (/** @type {ActorTree} */ watched) =>
  leaderOf(watched) !== undefined && watched.drawn.split('[peer] replicate').length > followers

await tree.until(isSupplied(2))
console.log(`\nThe first leader:\n${tree.drawn}`)

const first = leaderOf(tree)?.replace('orders/', '')
console.log(`Ending ${first}:`)
await nodes.get(first).close()
await tree.until(({ roots }) => roots.length === 2)
await tree.until(isSupplied(1))
console.log(`\nThe second leader:\n${tree.drawn}`)

await Promise.all([...nodes.values()].map((node) => node.close()))
await tree.until(({ roots }) => roots.length === 0)
// In this order: an inspector that cannot reach its relay dials again every five seconds, and keeps the process alive.
inspector.stop()
await relay.close()
