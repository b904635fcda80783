// How fast the store makes entries durable, beside a bare append and fdatasync of the same bytes on the same disk.
//
//   pnpm build && node packages/disk/bench/append.mjs [folder]
//
// Rounds of the two alternate, so that whatever else the machine does falls on both. The median of the rounds counts.

import fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openDiskStore } from '@quorate/disk'
import { encodeEntry } from '@quorate/wire'

const ROUNDS = 7
const ENTRY_BYTES = 128

/**
 * `entries` a write, `outstanding` writes at a time, so many of them a round.
 * @typedef {{ entries: number, outstanding: number, writes: number }} Load
 */

/** @type {Load[]} */
const LOADS = [
  { entries: 1, outstanding: 1, writes: 1500 },
  { entries: 64, outstanding: 1, writes: 1000 },
  { entries: 1024, outstanding: 1, writes: 300 },
  { entries: 1, outstanding: 64, writes: 64_000 },
  { entries: 1, outstanding: 1024, writes: 300_000 },
]

const [open, write, fdatasync, close] = [fs.open, fs.write, fs.fdatasync, fs.close].map((call) => promisify(call))

/**
 * Entries as a leader hands them in: encoded already, since they go to its followers too.
 * @param {Load} load
 */
function batchesOf({ entries, writes }) {
  return Array.from({ length: writes }, (_, batch) =>
    Array.from({ length: entries }, (_unused, place) => {
      const index = batch * entries + place + 1
      const data = new Uint8Array(ENTRY_BYTES).fill(index)
      const entry = { index, term: 1, time: 1_700_000_000_000 + batch, kind: /** @type {const} */ ('command'), data }
      encodeEntry(entry)
      return entry
    }),
  )
}

/**
 * Whatever is outstanding goes into one write and one fdatasync.
 * @param {string} folder @param {Load} load @param {ReturnType<typeof batchesOf>} batches
 */
async function bare(folder, { outstanding }, batches) {
  const descriptor = await open(join(folder, 'bare'), 'w')
  const round = await measured(batches, async () => {
    let position = 0
    for (let next = 0; next < batches.length; next += outstanding) {
      const entries = batches.slice(next, next + outstanding).flat()
      const bytes = Buffer.concat(entries.map((entry) => encodeEntry(entry)))
      await write(descriptor, bytes, 0, bytes.length, position)
      await fdatasync(descriptor)
      position += bytes.length
    }
  })
  await close(descriptor)
  return round
}

/** @param {string} folder @param {Load} load @param {ReturnType<typeof batchesOf>} batches */
async function stored(folder, { outstanding }, batches) {
  const store = await openDiskStore({ folder: join(folder, 'store') })
  const round = await measured(batches, () => inStore(store, outstanding, batches))
  await new Promise((resolve) => store.close(resolve))
  return round
}

/** @param {import('@quorate/core').Store} store @param {number} outstanding @param {ReturnType<typeof batchesOf>} batches */
function inStore(store, outstanding, batches) {
  return new Promise((resolve, reject) => {
    let [next, done] = [0, 0]
    const writeNext = () => {
      const entries = batches[next++]
      if (entries === undefined) return
      store.write([{ group: 'g', hardState: undefined, truncateAfter: undefined, entries }], (failure) => {
        if (failure !== undefined) return reject(failure.error)
        done += 1
        if (done === batches.length) resolve(undefined)
        else writeNext()
      })
    }
    for (let started = 0; started < outstanding; started += 1) writeNext()
  })
}

/** @param {ReturnType<typeof batchesOf>} batches @param {() => Promise<unknown>} run */
async function measured(batches, run) {
  const entries = batches.length * (batches[0]?.length ?? 0)
  const [cpu, start] = [process.cpuUsage(), performance.now()]
  await run()
  const [elapsedMs, { user, system }] = [performance.now() - start, process.cpuUsage(cpu)]
  return { entriesPerSecond: (entries / elapsedMs) * 1000, cpuMicroseconds: (user + system) / entries }
}

/** @param {{ entriesPerSecond: number, cpuMicroseconds: number }[]} rounds */
function median(rounds) {
  const middle = rounds.length >> 1
  const of = (/** @type {number[]} */ values) => values.sort((a, b) => a - b)[middle] ?? NaN
  const entriesPerSecond = of(rounds.map((round) => round.entriesPerSecond))
  return { entriesPerSecond, cpuMicroseconds: of(rounds.map((round) => round.cpuMicroseconds)) }
}

console.log(`Node ${process.version}; entries of ${ENTRY_BYTES} bytes; median of ${ROUNDS} rounds\n`)
console.log(
  '| entries a write | writes outstanding | bare, entries/s | store, entries/s | ratio | bare, µs CPU an entry | store |',
)
console.log('|---|---|---|---|---|---|---|')
for (const load of LOADS) {
  /** @type {Awaited<ReturnType<typeof measured>>[][]} */
  const [bares, stores] = [[], []]
  for (let round = 0; round < ROUNDS; round += 1) {
    const folder = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'quorate-bench-'))
    bares?.push(await bare(folder, load, batchesOf(load)))
    stores?.push(await stored(folder, load, batchesOf(load)))
    await rm(folder, { recursive: true })
  }
  const [b, s] = [median(bares ?? []), median(stores ?? [])]
  const ratio = (s.entriesPerSecond / b.entriesPerSecond).toFixed(2)
  const perSecond = [b, s].map((one) => one.entriesPerSecond.toFixed(0)).join(' | ')
  const cpu = [b, s].map((one) => one.cpuMicroseconds.toFixed(2)).join(' | ')
  console.log(`| ${load.entries} | ${load.outstanding} | ${perSecond} | ${ratio} | ${cpu} |`)
}
