import { describeOperation, type Cas, type Operation, type Read, type Write } from './operation.ts'

/** What a register holds; `null` before its first value. */
export type RegisterState = number | null

/** An operation of a register that may have happened: one that failed, or a read that gave nothing, is none. */
export type RegisterOperation =
  | Write
  | Cas
  | (Extract<Read, { readonly status: 'ok' }> & { readonly out: RegisterState })

/** Those of the operations that a search must place. @throws RangeError for an operation of no register. */
export function registerOperations(key: string, operations: readonly Operation[]): RegisterOperation[] {
  return operations.filter((operation): operation is RegisterOperation => {
    const { op, status } = operation
    if (op === 'read' && operation.isStaleAllowed === true) {
      throw new RangeError(`key ${key}: ${describeOperation(operation)} may be stale, which only reads of lists can be`)
    }
    if (op === 'append' || (op === 'read' && status === 'ok' && isList(operation.out))) {
      throw new RangeError(`key ${key} is checked as a register, but there is ${describeOperation(operation)}`)
    }
    return status === 'ok' || (status === 'info' && op !== 'read')
  })
}

/** The state after the operation with the result that it had; undefined where it cannot have had that. */
export function stateAfter(state: RegisterState, operation: RegisterOperation): RegisterState | undefined {
  switch (operation.op) {
    case 'read':
      return operation.out === state ? state : undefined
    case 'write':
      return operation.value
    case 'cas': {
      const isEqual = operation.expect === state
      if (operation.status === 'ok' && operation.ok !== isEqual) return undefined
      return isEqual ? operation.value : state
    }
  }
}

function isList(out: readonly number[] | RegisterState): boolean {
  return out !== null && typeof out !== 'number'
}
