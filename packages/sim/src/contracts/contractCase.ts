/** One promise of a port, as a test of an implementation. */
export interface ContractCase {
  /** The promise. No two cases of a contract have the same. */
  readonly title: string
  /** Puts the promise to the test, on an instance of its own. Rejects with a `ContractBrokenError` if it is broken. */
  readonly run: () => Promise<void>
}
