// @ts-check
// One server of a group whose state is far larger than the memory that it may take: its snapshot is made, and read, piece
// by piece.
import { createHash } from 'node:crypto'
import { openDiskStore } from '@quorate/disk'
import { openNode } from '@quorate/log'
import { connectNats, natsNetwork } from '@quorate/nats'
import { serve } from './child.mjs'

const PIECE_BYTES = 64 * 1024
const SAMPLE_MS = 20

const [id = '', url = '', folder = '', idsList = '', sizeBytes = ''] = process.argv.slice(2)
const ids = idsList.split(',')
const connection = await connectNats({ servers: url })
const node = await openNode({ id, network: natsNetwork({ connection }), store: await openDiskStore({ folder }) })
let restoredBytes = 0
let restoredHash = ''
let peakBytes = 0
/** @type {import('@quorate/log').ReplicatedLog} */
let log

/** Every piece is another, and the same on every server. */
function* pieces() {
  const piece = new Uint32Array(PIECE_BYTES / 4)
  for (let sent = 0; sent < Number(sizeBytes); sent += PIECE_BYTES) {
    piece.fill(sent / PIECE_BYTES)
    yield new Uint8Array(piece.buffer, 0, Math.min(PIECE_BYTES, Number(sizeBytes) - sent))
  }
}

/** @param {AsyncIterable<Uint8Array> | Iterable<Uint8Array>} source */
async function hashOf(source) {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const piece of source) {
    hash.update(piece)
    bytes += piece.length
  }
  return { bytes, hash: hash.digest('hex') }
}

/** @type {import('@quorate/log').LogStateMachine} */
const stateMachine = {
  apply: () => {},
  snapshot: pieces,
  restore: async (source) => {
    const { bytes, hash } = await hashOf(source)
    restoredBytes = bytes
    restoredHash = hash
  },
}

setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
}, SAMPLE_MS).unref()

serve({
  bootstrap: () => node.bootstrap('install', ids),
  open: async () => {
    log = await node.openLog('install', { stateMachine })
  },
  leads: async () => log.status.value.role === 'leader',
  append: async (count) => {
    for (let appended = 0; appended < count; appended++) await log.append(`append ${appended}`)
  },
  compact: () => log.compact({ trailingEntries: 0 }),
  expectedHash: async () => (await hashOf(pieces())).hash,
  /** From here on the peak is counted. */
  measure: async () => {
    globalThis.gc?.()
    peakBytes = process.memoryUsage.rss()
    return peakBytes
  },
  memory: async () => ({ peakBytes, restoredBytes, restoredHash, lastApplied: log.status.value.lastApplied }),
  close: async () => {
    await node.close()
    await connection.close()
  },
})
