// @ts-check
// What servers and client have in common.

/** The name of the group whose log all of this is about. */
export const GROUP = 'lines'

/** How long anything may take before the demo says what is wrong and ends. */
export const PATIENCE_MS = 30_000
