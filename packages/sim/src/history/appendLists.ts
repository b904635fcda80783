import { listHistory, type ListHistory } from './listHistory.ts'
import { describeOperation, operationsByKey, type Operation } from './operation.ts'
import type { Verdict } from './verdict.ts'

/**
 * Whether a history of appends to lists and reads of them is linearizable: exactly, in time linear in the operations and
 * the values read. `finalLists` is what the lists hold after everything is over, a key that it lacks holding nothing;
 * without it, the history should end with a read of each key. A read with `isStaleAllowed` may give any state that the
 * list had been in by its return.
 * @throws RangeError for a history of other operations, or one that appends a value to a key twice.
 */
export function checkAppendLists(
  history: readonly Operation[],
  finalLists?: ReadonlyMap<string, readonly number[]>,
): Verdict {
  const byKey = operationsByKey(history)
  for (const key of finalLists?.keys() ?? []) if (!byKey.has(key)) byKey.set(key, [])
  for (const [key, operations] of byKey) {
    const list = listHistory(key, operations, finalLists && (finalLists.get(key) ?? []))
    const fault = wrongValue(list) ?? otherOrder(list) ?? lostAppend(list) ?? timeReversal(list)
    if (fault !== undefined) return { isLinearizable: false, isDecided: true, key, ...fault }
  }
  return { isLinearizable: true }
}

interface Fault {
  readonly reason: string
  readonly operations: readonly Operation[]
}

/** In the longest list: a value that nobody appended, whose append failed, or that is there twice. */
function wrongValue(list: ListHistory): Fault | undefined {
  const { longest, longestRead, appends } = list
  const present = new Set<number>()
  for (const value of longest) {
    const flaw = flawOf(value, list) ?? (present.has(value) ? 'twice, though it was appended once' : undefined)
    if (flaw !== undefined) {
      const operations = [appends.get(value), longestRead].filter((operation) => operation !== undefined)
      return { reason: `${describeLongest(list)} holds ${value} ${flaw}`, operations }
    }
    present.add(value)
  }
  return undefined
}

/** A read that is no prefix of the longest list. */
function otherOrder(list: ListHistory): Fault | undefined {
  const { longest, longestRead, reads } = list
  for (const read of reads) {
    const { out } = read
    for (let place = 0; place < out.length; place++) {
      const value = out[place] as number
      if (value === longest[place]) continue
      const flaw = flawOf(value, list)
      const has = `${describeOperation(read)} has ${value}${flaw === undefined ? '' : ` (${flaw})`} at place ${place}`
      const other = place < longest.length ? `has ${longest[place]} there` : 'ends before it'
      const operations = longestRead === undefined ? [read] : [read, longestRead]
      return { reason: `${has}, but ${describeLongest(list)} ${other}`, operations }
    }
  }
  return undefined
}

/** An acknowledged append that is not in the list in the end. */
function lostAppend({ isFinal, longest, appends }: ListHistory): Fault | undefined {
  if (!isFinal) return undefined
  const present = new Set(longest)
  for (const [value, append] of appends) {
    if (append.status !== 'ok' || present.has(value)) continue
    return { reason: `${describeOperation(append)} is lost: the list in the end lacks it`, operations: [append] }
  }
  return undefined
}

/**
 * The order that the values leave agrees with the times unless something in it had returned before something that stands
 * earlier was called. What stands in one group never contradicts itself: it can happen in the order of its returns.
 */
function timeReversal(list: ListHistory): Fault | undefined {
  let latest: Operation | undefined
  for (const group of orderByValues(list)) {
    for (const operation of group) {
      if (latest !== undefined && operation.status === 'ok' && latest.call > operation.return) {
        return reversal(latest, operation)
      }
    }
    for (const operation of group) {
      // A stale read shows what had happened by its return. What happens after its call need not wait for it.
      const isStale = operation.op === 'read' && operation.isStaleAllowed === true
      if (!isStale && (latest === undefined || operation.call > latest.call)) latest = operation
    }
  }
  return undefined
}

/**
 * In groups: the reads of no value, the append of the first, the reads of one value, the append of the second, and so on;
 * last the appends that no list shows, of which only those that were acknowledged can come too late.
 */
function orderByValues({ longest, appends, reads }: ListHistory): Operation[][] {
  const groups: Operation[][] = [[]]
  for (const value of longest)
    groups.push(
      [appends.get(value)].filter((append) => append !== undefined),
      [],
    )
  for (const read of reads) groups[2 * read.out.length]?.push(read)
  const present = new Set(longest)
  groups.push([...appends.values()].filter(({ value }) => !present.has(value)))
  return groups
}

function reversal(earlier: Operation, later: Operation): Fault {
  const reason =
    `by the values, ${describeOperation(earlier)} comes before ${describeOperation(later)}, ` +
    'but the latter had returned when the former was called'
  return { reason, operations: [earlier, later] }
}

/** Why no list may hold the value, to stand behind it. */
function flawOf(value: number, { appends }: ListHistory): string | undefined {
  const append = appends.get(value)
  if (append === undefined) return 'that nobody appended'
  return append.status === 'fail' ? `that must not be there: ${describeOperation(append)}` : undefined
}

function describeLongest({ longestRead }: ListHistory): string {
  return longestRead === undefined ? 'the list in the end' : describeOperation(longestRead)
}
