// @ts-check
// A load that keeps so many appends outstanding, and what it measured.

/**
 * @typedef {object} Measured
 * @property {number} appends
 * @property {number} seconds
 * @property {number} appendsPerSecond
 * @property {number} p50Ms
 * @property {number} p99Ms
 */

/**
 * @param {() => Promise<unknown>} append
 * @param {{ outstanding: number, seconds: number, warmUpSeconds: number }} load
 * @returns {Promise<Measured>}
 */
export async function closedLoop(append, { outstanding, seconds, warmUpSeconds }) {
  const start = performance.now() + warmUpSeconds * 1000
  const end = start + seconds * 1000
  /** @type {number[]} */
  const latenciesMs = []
  let lastMs = start
  const keepOne = async () => {
    for (let sent = performance.now(); sent < end;) {
      await append()
      const answered = performance.now()
      if (sent >= start && answered <= end) {
        latenciesMs.push(answered - sent)
        lastMs = answered
      }
      sent = answered
    }
  }
  await Promise.all(Array.from({ length: outstanding }, keepOne))
  latenciesMs.sort((a, b) => a - b)
  const measuredSeconds = (lastMs - start) / 1000
  return {
    appends: latenciesMs.length,
    seconds: measuredSeconds,
    appendsPerSecond: latenciesMs.length / measuredSeconds,
    p50Ms: at(latenciesMs, 0.5),
    p99Ms: at(latenciesMs, 0.99),
  }
}

/**
 * @param {readonly number[]} sorted
 * @param {number} share
 */
function at(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}
