// One server of the group `orders` in a process of its own. It is told what to do by the process that forked it, and
// tells what became of it.
import { openDiskStore } from '@quorate/disk'
import { openNode } from '@quorate/log'
import { connectNats, natsNetwork } from '@quorate/nats'

const [id, servers, folder] = /** @type {[string, string, string]} */ (/** @type {unknown} */ (process.argv.slice(2)))

const connection = await connectNats({ servers, name: id })
const node = await openNode({ id, network: natsNetwork({ connection }), store: await openDiskStore({ folder }) })
const opening = node.openLog('orders', { joinTimeoutMs: 20_000 })
let isLoaded = false
let appended = 0

/** @param {import('./serverProcess.ts').Told} told */
function tell(told) {
  process.send?.(told)
}

/**
 * @param {string} value
 * @param {number} timeoutMs
 */
async function append(value, timeoutMs) {
  const log = await opening
  try {
    const { index, term } = await log.append(value, { timeoutMs })
    tell({ type: 'acknowledged', value, index, term })
  } catch (error) {
    const { code, term } = /** @type {{ code?: string, term?: number }} */ (error)
    if (code === 'APPEND_OUTCOME_UNKNOWN') tell({ type: 'unknown', value, term: /** @type {number} */ (term) })
    else if (code === 'NOT_LEADER') tell({ type: 'refused', value })
    else throw error
  }
}

/** Appends one after the other, as long as it is told to. */
async function lane() {
  while (isLoaded) {
    // What a leader took in and did not answer before it fell is open until then.
    await append(`${id} ${process.pid} ${appended++}`, 500)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

async function commands() {
  const log = await opening
  const { lastApplied } = log
  const found = []
  for await (const entry of log.subscribe({ all: true })) {
    if (entry.kind === 'command') found.push({ index: entry.index, term: entry.term, text: entry.text() })
    if (entry.index >= lastApplied) break
  }
  return found
}

/** @param {import('./serverProcess.ts').Order} order */
async function obey(order) {
  switch (order.type) {
    case 'bootstrap':
      await node.bootstrap('orders', order.ids)
      return
    case 'append':
      await Promise.all(order.values.map((value) => append(value, 15_000)))
      return
    case 'load':
      isLoaded = true
      await Promise.all([lane(), lane(), lane(), lane()])
      tell({ type: 'rested' })
      return
    case 'rest':
      isLoaded = false
      return
    case 'dump':
      tell({ type: 'commands', commands: await commands() })
  }
}

process.on('message', (order) => void obey(/** @type {import('./serverProcess.ts').Order} */ (order)))
process.on('disconnect', () => process.exit())

tell({ type: 'started' })
const { status } = await opening
for await (const { role, term, leaderId, lastApplied, failure } of status) {
  if (failure !== undefined) throw failure
  tell({ type: 'status', role, term, leaderId, lastApplied })
}
