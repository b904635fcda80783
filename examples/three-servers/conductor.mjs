// @ts-check
// A child's side of the line to the process that started it.

/**
 * Runs `main`; what it throws is told to the conductor, and ends the process.
 *
 * @param {() => Promise<void>} main
 */
export function obeyConductor(main) {
  // Ctrl-C reaches every process of the terminal; the conductor decides what comes of it.
  process.on('SIGINT', () => {})
  // Without a conductor nobody would end this process.
  process.once('disconnect', () => process.exit())
  main().catch(failConductor)
}

/** @param {unknown} message */
export function tellConductor(message) {
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

/** @param {unknown} error */
export function failConductor(error) {
  tellConductor({ type: 'failed', message: error instanceof Error ? error.message : String(error) })
}
