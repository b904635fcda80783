// How long it takes to open a store, and what its index takes in memory.
//
//   pnpm build && node --expose-gc packages/disk/bench/open.mjs [entries] [groups] [folder]

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDiskStore } from '@quorate/disk'

const [entryCount = '2000000', groupCount = '1', parent = tmpdir()] = process.argv.slice(2)
const ENTRY_BYTES = 128
const BATCH_ENTRIES = 1000

/** @param {import('@quorate/core').Store} store */
const closed = (store) => new Promise((resolve) => store.close(resolve))

/** @param {import('@quorate/core').Store} store @param {import('@quorate/core').GroupWrite[]} batch @returns {Promise<void>} */
function written(store, batch) {
  return new Promise((resolve, reject) =>
    store.write(batch, (failure) => (failure ? reject(failure.error) : resolve())),
  )
}

/** @param {number} index */
function entry(index) {
  const data = new Uint8Array(ENTRY_BYTES).fill(index)
  return { index, term: 1, time: 1_700_000_000_000 + index, kind: /** @type {const} */ ('command'), data }
}

function memoryInUse() {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const folder = await mkdtemp(join(parent, 'quorate-bench-'))
const made = await openDiskStore({ folder })
const perGroup = Math.ceil(Number(entryCount) / Number(groupCount))
for (let first = 1; first <= perGroup; first += BATCH_ENTRIES) {
  const count = Math.min(BATCH_ENTRIES, perGroup - first + 1)
  for (let group = 0; group < Number(groupCount); group += 1) {
    const entries = Array.from({ length: count }, (_, place) => entry(first + place))
    await written(made, [{ group: `g${group}`, hardState: undefined, truncateAfter: undefined, entries }])
  }
}
await closed(made)

const before = memoryInUse()
const start = performance.now()
const store = await openDiskStore({ folder })
const elapsedMs = performance.now() - start
const bytes = memoryInUse() - before
const total = perGroup * Number(groupCount)
console.log(`${total} entries of ${ENTRY_BYTES} bytes in ${groupCount} groups:`)
console.log(`opened in ${elapsedMs.toFixed(0)} ms, ${((elapsedMs * 1000) / total).toFixed(2)} µs an entry`)
console.log(`index ${(bytes / 1e6).toFixed(1)} MB, ${(bytes / total).toFixed(1)} bytes an entry`)
await closed(store)
await rm(folder, { recursive: true })
