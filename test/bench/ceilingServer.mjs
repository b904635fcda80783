// @ts-check
// The same messages and writes without Raft: a batch a tick to two followers and to this disk, group-committed
// fdatasync on all three, answered when a majority has acknowledged. What no Raft over these parts can exceed.
import { open } from 'node:fs/promises'
import { connectNats } from '@quorate/nats'
import { closedLoop } from './closedLoop.mjs'
import { serve } from './child.mjs'

const [id = '', url = '', folder = '', idsList = ''] = process.argv.slice(2)
const others = idsList.split(',').filter((other) => other !== id)
const connection = await connectNats({ servers: url })
const file = await open(`${folder}/ceiling`, 'w')
await file.truncate(0)

/** @type {{ bytes: Uint8Array, flushed: () => void }[]} */
let waiting = []
let isWriting = false
let offset = 0

/** Appends, one write and one fdatasync for all that waits. */
async function flush() {
  isWriting = true
  while (waiting.length > 0) {
    const batch = waiting
    waiting = []
    const bytes = Buffer.concat(batch.map((one) => one.bytes))
    await file.write(bytes, 0, bytes.length, offset)
    offset += bytes.length
    await file.datasync()
    for (const { flushed } of batch) flushed()
  }
  isWriting = false
}

/**
 * @param {Uint8Array} bytes
 * @param {() => void} flushed
 */
function append(bytes, flushed) {
  waiting.push({ bytes, flushed })
  if (!isWriting) void flush()
}

// A follower: the batch begins with the number of its last entry; that is what is acknowledged.
connection.subscribe(`ceiling.batch.${id}`, {
  callback: (_error, { data, reply }) => {
    const bytes = Uint8Array.from(data)
    append(bytes, () => {
      if (reply !== undefined) connection.publish(reply, bytes.subarray(0, 8))
    })
  },
})

/** The leader: what each server has durably, itself first. */
const reached = new Map([[id, 0], ...others.map((other) => /** @type {[string, number]} */ ([other, 0]))])
/** @type {{ last: number, resolve: () => void }[]} */
const outstanding = []
let committed = 0
let last = 0
/** @type {Uint8Array[]} */
let tick = []

/**
 * @param {string} server
 * @param {number} index
 */
function acknowledge(server, index) {
  reached.set(server, Math.max(reached.get(server) ?? 0, index))
  committed = [...reached.values()].sort((a, b) => b - a)[1] ?? 0
  let answered = 0
  while (answered < outstanding.length && (outstanding[answered]?.last ?? Infinity) <= committed) {
    outstanding[answered]?.resolve()
    answered++
  }
  outstanding.splice(0, answered)
}

for (const other of others) {
  connection.subscribe(`ceiling.ack.${id}.${other}`, {
    callback: (_error, { data }) => acknowledge(other, Number(Buffer.from(data).readBigUInt64BE())),
  })
}

function endTick() {
  const head = Buffer.alloc(8)
  head.writeBigUInt64BE(BigInt(last))
  const bytes = Buffer.concat([head, ...tick])
  tick = []
  const through = last
  for (const other of others) {
    connection.publish(`ceiling.batch.${other}`, bytes, { reply: `ceiling.ack.${id}.${other}` })
  }
  append(bytes, () => acknowledge(id, through))
}

serve({
  run: async (load) => {
    const command = new Uint8Array(load.bytes)
    const before = process.cpuUsage()
    const measured = await closedLoop(
      () =>
        new Promise((resolve) => {
          if (tick.length === 0) setImmediate(endTick)
          // An entry travels and is written with some 20 bytes of its own: its place, its term, its kind, its time.
          tick.push(new Uint8Array(20), command)
          outstanding.push({ last: ++last, resolve: () => resolve(undefined) })
        }),
      load,
    )
    const { user, system } = process.cpuUsage(before)
    return { ...measured, cpuSeconds: (user + system) / 1e6 }
  },
  close: async () => {
    await file.close()
    await connection.close()
  },
})
