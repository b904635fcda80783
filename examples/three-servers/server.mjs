// @ts-check
// One server: a node on a folder of its own. `node server.mjs <id> <folder> <nats url> [<ids of the new group>]`
import { createHash } from 'node:crypto'
import { openDiskStore } from '@quorate/disk'
import { openNode } from '@quorate/log'
import { connectNats, natsNetwork } from '@quorate/nats'
import { failConductor, obeyConductor, tellConductor } from './conductor.mjs'
import { GROUP, PATIENCE_MS } from './group.mjs'
import { fromCommand } from './lineCommand.mjs'

/**
 * @typedef {{ type: 'status', role: string, term: number, commitIndex: number }} Status
 * @typedef {{ type: 'checked' } & Check} Checked
 * @typedef {{ type: 'problem', message: string }} Problem
 * @typedef {{ type: 'failed', message: string }} Failed
 * @typedef {Status | Checked | Problem | Failed} ServerMessage
 */

/** @typedef {{ type: 'check', upTo: number, lineCount: number }} ServerOrder */

/**
 * What a server's own log says.
 *
 * @typedef {object} Check
 * @property {number} commitIndex The entries from 1 to here were read.
 * @property {string} entriesSha256 Over all of them.
 * @property {string} linesSha256 Over the lines, glued together by their numbers.
 * @property {number[]} missing The numbers of the lines that are not there.
 * @property {number[]} repeated The numbers of the lines that are there more than once.
 */

const REPORT_INTERVAL_MS = 50

const [id = '', folder = '', servers = '', founders] = process.argv.slice(2)

obeyConductor(async () => {
  const connection = await connectNats({ servers, name: id })
  const network = natsNetwork({ connection, onProblem: ({ message }) => tellConductor({ type: 'problem', message }) })
  const node = await openNode({ id, network, store: await openDiskStore({ folder }) })
  // Once in a group's life, on one of its nodes.
  if (founders !== undefined) await node.bootstrap(GROUP, founders.split(','), { timeoutMs: PATIENCE_MS })
  const log = await node.openLog(GROUP, { joinTimeoutMs: PATIENCE_MS })

  reportStatus(log)
  process.on('message', (/** @type {ServerOrder} */ { upTo, lineCount }) => {
    check(log, upTo, lineCount).then((found) => tellConductor({ type: 'checked', ...found }), failConductor)
  })
})

/** @param {import('@quorate/log').ReplicatedLog} log */
function reportStatus(log) {
  /** @type {NodeJS.Timeout | undefined} */
  let soon
  const report = () => {
    soon = undefined
    const { role, term, commitIndex, failure } = log.status.value
    tellConductor({ type: 'status', role, term, commitIndex })
    if (failure !== undefined) failConductor(failure)
  }
  let { role } = log.status.value
  log.status.subscribe((status) => {
    if (status.role !== role || status.failure !== undefined) {
      role = status.role
      clearTimeout(soon)
      report()
    } else soon ??= setTimeout(report, REPORT_INTERVAL_MS)
  })
  report()
}

/**
 * Reads this server's log from its first entry.
 *
 * @param {import('@quorate/log').ReplicatedLog} log
 * @param {number} upTo
 * @param {number} lineCount
 * @returns {Promise<Check>}
 */
async function check(log, upTo, lineCount) {
  const entriesHash = createHash('sha256')
  /** @type {Map<number, Uint8Array>} */
  const lines = new Map()
  /** @type {number[]} */
  const repeated = []
  for await (const { index, term, kind, data } of log.subscribe({ all: true })) {
    entriesHash.update(`${index} ${term} ${kind} ${data.length}\n`).update(data)
    if (kind === 'command') {
      const { number, bytes } = fromCommand(data)
      if (lines.has(number)) repeated.push(number)
      lines.set(number, bytes)
    }
    if (index === upTo) break
  }

  const linesHash = createHash('sha256')
  /** @type {number[]} */
  const missing = []
  for (let number = 1; number <= lineCount; number++) {
    const bytes = lines.get(number)
    if (bytes === undefined) missing.push(number)
    else linesHash.update(bytes)
  }
  return {
    commitIndex: upTo,
    entriesSha256: entriesHash.digest('hex'),
    linesSha256: linesHash.digest('hex'),
    missing,
    repeated,
  }
}
