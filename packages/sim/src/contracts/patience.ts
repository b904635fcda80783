import { ContractBrokenError } from './contractBrokenError.ts'

/** How a contract waits for an implementation. */
export interface Patience {
  /**
   * Lets time pass for what is under way: packets and callbacks come through, and who began or ended to listen becomes
   * known. Called again and again. An implementation with a clock of its own moves it here; unless given, a millisecond
   * of the process's time passes.
   */
  readonly settle?: () => Promise<void>
  /** How long a case waits for what must come, in milliseconds of the process's time; 2,000 unless given. */
  readonly patienceMs?: number
  /** How long a case looks out for what must not come, in milliseconds of the process's time; 30 unless given. */
  readonly quietMs?: number
}

const QUIET_ROUNDS = 5
const ROUNDS_TO_SETTLE = 3

/** Waits as a `Patience` says. */
export class Waiting {
  readonly #settle: () => Promise<void>
  readonly #patienceMs: number
  readonly #quietMs: number

  constructor({ settle = aMillisecond, patienceMs = 2_000, quietMs = 30 }: Patience) {
    this.#settle = settle
    this.#patienceMs = patienceMs
    this.#quietMs = quietMs
  }

  /** @throws ContractBrokenError saying `missing` when it does not become so in time. */
  async until(isSo: () => boolean, missing: () => string): Promise<void> {
    const deadlineMs = performance.now() + this.#patienceMs
    while (!isSo()) {
      if (performance.now() > deadlineMs) throw new ContractBrokenError(missing())
      await this.#settle()
    }
  }

  /** What is under way comes through. */
  async settle(): Promise<void> {
    for (let round = 0; round < ROUNDS_TO_SETTLE; round++) await this.#settle()
  }

  /** Time enough for what must not come. `meanwhile` is done in each round. */
  async quiet(meanwhile: () => void = () => {}): Promise<void> {
    const endMs = performance.now() + this.#quietMs
    for (let round = 0; round < QUIET_ROUNDS || performance.now() < endMs; round++) {
      meanwhile()
      await this.#settle()
    }
  }
}

function aMillisecond(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1))
}
