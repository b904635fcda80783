import { describeOperation, type Append, type Operation, type Read } from './operation.ts'

/** A read that returned a list. */
type ListRead = Extract<Read, { readonly status: 'ok' }> & { readonly out: readonly number[] }

/** What clients did to one list. */
export interface ListHistory {
  /** By their values. */
  readonly appends: ReadonlyMap<number, Append>
  readonly reads: readonly ListRead[]
  /** The list in the end where that is known, else the longest that was read. Every read must be a prefix of it. */
  readonly longest: readonly number[]
  /** What gave the longest list, unless it is the list in the end. */
  readonly longestRead: ListRead | undefined
  readonly isFinal: boolean
}

/** Sorts the operations of a list. @throws RangeError for operations of no list, and for a value appended twice. */
export function listHistory(
  key: string,
  operations: readonly Operation[],
  finalList: readonly number[] | undefined,
): ListHistory {
  const appends = new Map<number, Append>()
  const reads: ListRead[] = []
  let longestRead: ListRead | undefined
  for (const operation of operations) {
    if (operation.op === 'append') {
      const former = appends.get(operation.value)
      if (former !== undefined) throw appendedTwice(key, former, operation)
      appends.set(operation.value, operation)
    } else if (isListRead(operation)) {
      reads.push(operation)
      if (operation.out.length > (longestRead?.out.length ?? 0)) longestRead = operation
    } else if (operation.op !== 'read' || operation.status === 'ok') {
      throw new RangeError(`key ${key} is checked as a list, but there is ${describeOperation(operation)}`)
    }
  }
  const isFinal = finalList !== undefined
  if (isFinal) longestRead = undefined
  return { appends, reads, longest: finalList ?? longestRead?.out ?? [], longestRead, isFinal }
}

function isListRead(operation: Operation): operation is ListRead {
  return operation.op === 'read' && operation.status === 'ok' && Array.isArray(operation.out)
}

function appendedTwice(key: string, former: Append, latter: Append): RangeError {
  return new RangeError(
    `key ${key}: ${describeOperation(former)} and ${describeOperation(latter)} append the same value. ` +
      'Give every append of a key a value of its own, one that is tried again too.',
  )
}
