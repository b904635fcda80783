/** Whose operation it is, on what, and when it was called, on the one clock of the history. */
interface Call {
  readonly client: number
  readonly key: string
  readonly call: number
}

interface Returned {
  readonly status: 'ok'
  readonly return: number
}

/**
 * Without a result. `fail` certainly did not happen. `info` may happen at any time after its call, or never; when its
 * client gave up says nothing.
 */
interface Unanswered {
  readonly status: 'fail' | 'info'
  readonly return?: number | undefined
}

/** Puts a value at the end of a list. */
export type Append = Call & { readonly op: 'append'; readonly value: number } & (Returned | Unanswered)

/** Gives all values of a list, or the value of a register: `null` as long as it has none. */
export type Read = Call & {
  readonly op: 'read'
  /** It may give what a list was some time before its call. */
  readonly isStaleAllowed?: boolean | undefined
} & ((Returned & { readonly out: readonly number[] | number | null }) | Unanswered)

/** Gives a register a value. */
export type Write = Call & { readonly op: 'write'; readonly value: number } & (Returned | Unanswered)

/** Gives a register a value if it has the expected one; `ok` is false if it had another. */
export type Cas = Call & { readonly op: 'cas'; readonly expect: number | null; readonly value: number } & (
    | (Returned & { readonly ok: boolean })
    | Unanswered
  )

/** One operation of a client: what it asked for, what it was told, and when. */
export type Operation = Append | Read | Write | Cas

/** The operations of each key, in their order. @throws RangeError for an operation whose times make no sense. */
export function operationsByKey(history: readonly Operation[]): Map<string, Operation[]> {
  const byKey = new Map<string, Operation[]>()
  for (const operation of history) {
    const { call, status } = operation
    // A time that is not a number is neither before nor after another, and would hide what it should show.
    if (!Number.isFinite(call))
      throw new RangeError(`${describeOperation(operation)}: its call must be a finite number`)
    if (status === 'ok' && !(operation.return >= call)) {
      throw new RangeError(`${describeOperation(operation)}: it cannot return before it was called; use one clock`)
    }
    const others = byKey.get(operation.key)
    if (others === undefined) byKey.set(operation.key, [operation])
    else others.push(operation)
  }
  return byKey
}

/** An operation in words, such as `client 3's append of 7 (called at 10, returned at 15)`. */
export function describeOperation(operation: Operation): string {
  const { client, call, status } = operation
  const ends = { ok: `returned at ${operation.return}`, fail: 'failed', info: 'outcome unknown' }
  return `client ${client}'s ${describeDeed(operation)} (called at ${call}, ${ends[status]})`
}

function describeDeed(operation: Operation): string {
  switch (operation.op) {
    case 'append':
    case 'write':
      return `${operation.op} of ${operation.value}`
    case 'read':
      return operation.status === 'ok' ? `read of ${describeValue(operation.out)}` : 'read'
    case 'cas': {
      const result = operation.status === 'ok' && !operation.ok ? ', compared unequal' : ''
      return `cas from ${operation.expect} to ${operation.value}${result}`
    }
  }
}

const SHOWN_VALUES = 4

/** A list by its last values, which are those that it is told apart by. */
function describeValue(value: readonly number[] | number | null): string {
  if (value === null || typeof value === 'number') return String(value)
  if (value.length <= SHOWN_VALUES) return `[${value.join(', ')}]`
  return `[…, ${value.slice(-SHOWN_VALUES).join(', ')}] of ${value.length} values`
}
