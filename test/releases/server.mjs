// One server of the group `orders` in a process of its own, whose packages are those that are installed beside this file:
// the release test copies it to where a release is. It is asked by the process that forked it, and asks for nothing that
// the first release did not have.
import { openDiskStore } from '@quorate/disk'
import { openNode } from '@quorate/log'
import { connectNats, natsNetwork } from '@quorate/nats'

const [id = '', servers = '', folder = ''] = process.argv.slice(2)

/** @type {string[]} */
let values = []
let restores = 0

const stateMachine = {
  apply: (/** @type {readonly import('@quorate/log').LogEntry[]} */ entries) => {
    for (const entry of entries) values.push(entry.text())
  },
  snapshot: () => [Buffer.from(JSON.stringify(values))],
  restore: async (/** @type {AsyncIterable<Uint8Array>} */ pieces) => {
    const read = []
    for await (const piece of pieces) read.push(piece)
    values = JSON.parse(Buffer.concat(read).toString())
    restores += 1
  },
}

const connection = await connectNats({ servers, name: id })
const node = await openNode({ id, network: natsNetwork({ connection }), store: await openDiskStore({ folder }) })
const opening = node.openLog('orders', { joinTimeoutMs: 30_000, stateMachine, compaction: { trailingEntries: 10 } })

const answers = {
  bootstrap: (/** @type {string[]} */ ids) => node.bootstrap('orders', ids),
  status: async () => {
    const { role, term, leaderId, lastApplied } = (await opening).status.value
    return { role, term, leaderId, lastApplied, restores, packages: import.meta.resolve('@quorate/log') }
  },
  append: async (/** @type {string} */ value, /** @type {string | undefined} */ idempotencyKey) =>
    (await opening).append(value, { timeoutMs: 10_000, ...(idempotencyKey && { idempotencyKey }) }),
  lead: async (/** @type {string} */ to) => (await opening).transferLeadership({ to }),
  compact: async () => (await opening).compact(),
  values: async () => {
    // All that is committed now.
    const { index } = await (await opening).readIndex()
    await (await opening).status.waitFor(({ lastApplied }) => lastApplied >= index)
    return values
  },
  close: () => node.close(),
}

process.on('message', (message) => {
  const { number, name, args } = /** @type {{ number: number, name: keyof typeof answers, args: never[] }} */ (message)
  const answer = /** @type {(...args: unknown[]) => Promise<unknown>} */ (answers[name])
  answer(...args).then(
    (value) => process.send?.({ number, value }),
    (error) => process.send?.({ number, error: { code: error.code, message: `${error.stack}` } }),
  )
})
process.on('disconnect', () => process.exit())
process.send?.({ number: 0 })

const { status } = await opening
for await (const { failure } of status) if (failure !== undefined) throw failure
