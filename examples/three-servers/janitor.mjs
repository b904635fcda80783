// @ts-check
// Stands by while the demo runs, in a process group of its own, and cleans up behind a conductor that had no chance to do
// it: one that was ended by SIGKILL. `node janitor.mjs <folder>`
import { rmSync } from 'node:fs'

/** @typedef {{ started: number } | { ended: number } | { folder: string }} JanitorOrder */

/** @type {Set<number>} */
const pids = new Set()
const folders = new Set(process.argv.slice(2))

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})

process.on('message', (/** @type {JanitorOrder} */ order) => {
  if ('started' in order) pids.add(order.started)
  else if ('ended' in order) pids.delete(order.ended)
  else folders.add(order.folder)
})

process.once('disconnect', () => {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  process.exit()
})
