// @ts-check
// `npm run bench`: three processes, one nats-server, fdatasync on a majority before the answer; and, in the same run,
// the ceiling. Ratios hold where absolute figures move with the machine.
import { mkdtemp, mkdir, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startNatsServer } from '../setup/nats-server.mjs'
import { Child } from './child.mjs'

const { values } = parseArgs({
  options: {
    outstanding: { type: 'string', default: '1,64,1024' },
    seconds: { type: 'string', default: '3' },
    repeat: { type: 'string', default: '3' },
    bytes: { type: 'string', default: '128' },
  },
})
const depths = values.outstanding.split(',').map(Number)
const seconds = Number(values.seconds)
const repeat = Number(values.repeat)
const bytes = Number(values.bytes)
if ([...depths, seconds, repeat, bytes].some((value) => !(value > 0))) {
  console.error('bench takes --outstanding 1,64,1024 --seconds 3 --repeat 3 --bytes 128, all above 0')
  process.exit(2)
}

const IDS = ['n1', 'n2', 'n3']
const folder = await mkdtemp(join(tmpdir(), 'quorate-bench-'))
const nats = await startNatsServer()
/** @type {Child[]} */
const children = []

/** @param {string} name */
async function startThree(name) {
  const file = fileURLToPath(new URL(name, import.meta.url))
  const started = await Promise.all(
    IDS.map(async (id) => {
      const own = join(folder, `${name}-${id}`)
      await mkdir(own)
      const child = new Child(file, [id, nats.url, own, IDS.join(',')])
      children.push(child)
      await child.ready
      return child
    }),
  )
  return started
}

/** @param {readonly Child[]} servers */
async function leaderOf(servers) {
  for (;;) {
    for (const server of servers) if (await server.call('leads')) return server
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** @typedef {import('./closedLoop.mjs').Measured & { cpuSeconds: number }} Run */

/**
 * @param {readonly Run[]} runs
 * @param {'appendsPerSecond' | 'p50Ms' | 'p99Ms'} figure
 */
function median(runs, figure) {
  const sorted = runs.map((run) => run[figure]).sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? NaN
}

/** @param {number} value */
const rounded = (value) => Number(value.toPrecision(4))

async function measure() {
  const servers = await startThree('quorateServer.mjs')
  const ceiling = await startThree('ceilingServer.mjs')
  await servers[0]?.call('bootstrap')
  await Promise.all(servers.map((server) => server.call('open')))
  const points = []
  for (const outstanding of depths) {
    const load = { outstanding, seconds, warmUpSeconds: Math.min(1, seconds / 2), bytes }
    /** @type {Run[]} */
    const quorate = []
    /** @type {Run[]} */
    const raw = []
    // In turn, so that a slow minute of the machine falls on both.
    for (let round = 0; round < repeat; round++) {
      raw.push(await ceiling[0]?.call('run', load))
      quorate.push(await (await leaderOf(servers)).call('run', load))
    }
    const ratios = quorate.map((run, round) => run.appendsPerSecond / (raw[round]?.appendsPerSecond ?? NaN))
    ratios.sort((a, b) => a - b)
    points.push({
      outstanding,
      appendsPerSecond: rounded(median(quorate, 'appendsPerSecond')),
      p50Ms: rounded(median(quorate, 'p50Ms')),
      p99Ms: rounded(median(quorate, 'p99Ms')),
      ceiling: {
        appendsPerSecond: rounded(median(raw, 'appendsPerSecond')),
        p50Ms: rounded(median(raw, 'p50Ms')),
        p99Ms: rounded(median(raw, 'p99Ms')),
      },
      ratioToCeiling: rounded(ratios[ratios.length >> 1] ?? NaN),
      ratioRange: [rounded(ratios[0] ?? NaN), rounded(ratios.at(-1) ?? NaN)],
    })
  }
  return points
}

/** @param {Awaited<ReturnType<typeof measure>>} points */
function printTable(points) {
  const head = ['outstanding', 'appends/s', 'p50 ms', 'p99 ms', 'ceiling/s', 'p50 ms', 'p99 ms', 'ratio', 'from - to']
  const rows = points.map(({ outstanding, appendsPerSecond, p50Ms, p99Ms, ceiling, ratioToCeiling, ratioRange }) => [
    outstanding.toLocaleString('en'),
    Math.round(appendsPerSecond).toLocaleString('en'),
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
    Math.round(ceiling.appendsPerSecond).toLocaleString('en'),
    ceiling.p50Ms.toFixed(2),
    ceiling.p99Ms.toFixed(2),
    `${(ratioToCeiling * 100).toFixed(0)} %`,
    ratioRange.map((ratio) => (ratio * 100).toFixed(0)).join(' - '),
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  for (const row of [head, ...rows]) {
    console.log(row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '))
  }
}

try {
  const points = await measure()
  const processor = cpus()
  console.log(
    `${bytes} bytes an append, three processes and one nats-server on ${processor.length} x ${processor[0]?.model ?? '?'}, ` +
      `Node ${process.version}; medians of ${repeat} runs of ${seconds} s`,
  )
  printTable(points)
  console.log(JSON.stringify({ bytes, seconds, repeat, node: process.version, points }))
  await Promise.all(children.map((child) => child.call('close')))
} finally {
  for (const child of children) child.process.kill()
  await nats.stop()
  await rm(folder, { recursive: true, force: true })
}
