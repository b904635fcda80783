import { describeOperation, operationsByKey, type Operation } from './operation.ts'
import { registerOperations } from './registerOperation.ts'
import { RegisterSearch, type Barrier } from './registerSearch.ts'
import type { Verdict } from './verdict.ts'

export interface RegisterLimits {
  /** How many calls and returns the search of one key looks at before it gives up: up to 16 million. */
  readonly maxSteps: number
}

/** A Set, which remembers what was seen, holds few more. */
const MOST_STEPS = 16_000_000

/** Some seconds. */
const DEFAULT_LIMITS: RegisterLimits = { maxSteps: 10_000_000 }

type Failure = Extract<Verdict, { readonly isLinearizable: false }>

/**
 * Whether a history of registers with reads, writes and compare-and-set is linearizable. The search takes time that may
 * double with every operation that overlaps others, and gives up at its limit: keep to some ten clients and a thousand
 * operations a key. The verdict names the first operation that fits nowhere.
 * @throws RangeError for a history of other operations, and for a limit that is none.
 */
export function checkRegisters(history: readonly Operation[], limits: RegisterLimits = DEFAULT_LIMITS): Verdict {
  const { maxSteps } = limits
  if (!Number.isInteger(maxSteps) || maxSteps < 1 || maxSteps > MOST_STEPS) {
    throw new RangeError(`maxSteps is ${maxSteps}; it must be a whole number from 1 to ${MOST_STEPS}`)
  }
  let undecided: Failure | undefined
  for (const [key, operations] of operationsByKey(history)) {
    const result = new RegisterSearch(registerOperations(key, operations)).run(maxSteps)
    if (result.type === 'none') return notLinearizable(key, result.barrier)
    if (result.type === 'undecided') undecided ??= givenUp(key, result.barrier, maxSteps)
  }
  return undecided ?? { isLinearizable: true }
}

function notLinearizable(key: string, { operation, states }: Barrier): Failure {
  const held = [...states]
    .sort((a, b) => (a ?? -Infinity) - (b ?? -Infinity))
    .map(String)
    .join(' or ')
  const reason =
    `${describeOperation(operation)} fits nowhere: ` +
    `in every order of what had returned before it, the register then holds ${held}`
  return { isLinearizable: false, isDecided: true, key, reason, operations: [operation] }
}

function givenUp(key: string, barrier: Barrier | undefined, maxSteps: number): Failure {
  const operations = barrier === undefined ? [] : [barrier.operation]
  const furthest = operations
    .map((operation) => `; no order was found that fits ${describeOperation(operation)}`)
    .join('')
  const reason =
    `undecided after ${maxSteps} steps${furthest}. ` +
    'Raise maxSteps, or let fewer clients work at a key and fewer operations end without an answer'
  return { isLinearizable: false, isDecided: false, key, reason, operations }
}
