import type { Append, Operation, Read } from '../../src/history/operation.ts'
import type { SimRandom } from '../../src/random.ts'
import type { ListRun } from './listRun.ts'

/** Plants a fault into a run that has none; undefined where the run has no place for it. */
export type Plant = (run: ListRun, random: SimRandom) => ListRun | undefined

type ListRead = Extract<Read, { readonly status: 'ok' }> & { readonly out: readonly number[] }
type ListChange = (list: readonly number[]) => readonly number[]

/** An append was acknowledged, and is nowhere. */
export const plantLostAppend: Plant = (run, random) => {
  const append = pickFrom(random, appendsOf(run, 'ok'))
  return append && changeLists(run, append.key, (list) => list.filter((value) => value !== append.value))
}

/** A value stands at a second place, too, in all lists that reach so far. */
export const plantDuplicate: Plant = (run, random) => {
  const list = pickList(run, random, 1)
  if (list === undefined) return undefined
  const place = random.below(list.values.length)
  const second = place + 1 + random.below(list.values.length - place)
  return changeLists(run, list.key, (values) => insert(values, second, list.values[place] as number))
}

/** A value that nobody appended stands in all lists that reach so far. */
export const plantPhantom: Plant = (run, random) => {
  const list = pickList(run, random, 0)
  const place = random.below((list?.values.length ?? 0) + 1)
  return list && changeLists(run, list.key, (values) => insert(values, place, -7))
}

/** One read has a value more, which nobody appended. */
export const plantPhantomInRead: Plant = (run, random) => {
  const read = pickFrom(random, readsOf(run))
  return read && changeRead(run, read, insert(read.out, random.below(read.out.length + 1), -7))
}

/** An append failed, and its value stands in all lists that reach so far. */
export const plantFailedAppend: Plant = (run, random) => {
  const append = pickFrom(random, appendsOf(run, 'fail'))
  if (append === undefined) return undefined
  const place = random.below((run.finalLists.get(append.key)?.length ?? 0) + 1)
  return changeLists(run, append.key, (values) => insert(values, place, append.value))
}

/** One read sees two neighbours the other way round. */
export const plantReorderedRead: Plant = (run, random) => {
  const read = pickFrom(
    random,
    readsOf(run).filter(({ out }) => out.length > 1),
  )
  return read && changeRead(run, read, swapped(read.out, random.below(read.out.length - 1)))
}

/** Two neighbours, of which the second was called when the first had returned, stand the other way round everywhere. */
export const plantReorderedList: Plant = (run, random) => {
  const appends = new Map(appendsOf(run, 'ok').map((append) => [append.value, append]))
  const pairs = [...run.finalLists].flatMap(([key, values]) =>
    values.flatMap((value, place) => {
      const [first, second] = [appends.get(value), appends.get(values[place + 1] ?? -1)]
      const isOrdered = first?.status === 'ok' && second !== undefined && first.return < second.call
      return isOrdered ? [{ key, place }] : []
    }),
  )
  const pair = pickFrom(random, pairs)
  // A list that ends between the two ends with the wrong one.
  return (
    pair &&
    changeLists(run, pair.key, (values) => {
      const all = run.finalLists.get(pair.key) ?? []
      return swapped(all, pair.place).slice(0, values.length)
    })
  )
}

/** A read lacks the value of an append that had returned before it was called. */
export const plantStaleRead: Plant = (run, random) => plantLag(run, random, false)

/** The same to a read that may be stale, which is no fault. */
export const plantAllowedStaleRead: Plant = (run, random) => plantLag(run, random, true)

function plantLag(run: ListRun, random: SimRandom, isStaleAllowed: boolean): ListRun | undefined {
  const appends = new Map(appendsOf(run, 'ok').map((append) => [append.value, append]))
  const lags = readsOf(run)
    .filter((read) => (read.isStaleAllowed ?? false) === isStaleAllowed)
    .flatMap((read) =>
      read.out.flatMap((value, place) => {
        const append = appends.get(value)
        return append?.status === 'ok' && append.return < read.call ? [{ read, place }] : []
      }),
    )
  const lag = pickFrom(random, lags)
  return lag && changeRead(run, lag.read, lag.read.out.slice(0, lag.place))
}

/** A read, be it one that may be stale, has the value of an append that was called only when it had returned. */
export const plantForesight: Plant = (run, random) => {
  const appends = new Map([...appendsOf(run, 'ok'), ...appendsOf(run, 'info')].map((append) => [append.value, append]))
  const sights = readsOf(run).flatMap((read) => {
    const all = run.finalLists.get(read.key) ?? []
    return all.flatMap((value, place) => ((appends.get(value)?.call ?? 0) > read.return ? [{ read, place }] : []))
  })
  const sight = pickFrom(random, sights)
  return sight && changeRead(run, sight.read, (run.finalLists.get(sight.read.key) ?? []).slice(0, sight.place + 1))
}

function appendsOf({ history }: ListRun, status: Operation['status']): Append[] {
  return history.filter((operation): operation is Append => operation.op === 'append' && operation.status === status)
}

function readsOf({ history }: ListRun): ListRead[] {
  return history.filter(isListRead)
}

function isListRead(operation: Operation): operation is ListRead {
  return operation.op === 'read' && operation.status === 'ok' && Array.isArray(operation.out)
}

function pickFrom<T>(random: SimRandom, list: readonly T[]): T | undefined {
  return list.length === 0 ? undefined : random.pick(list)
}

function pickList({ finalLists }: ListRun, random: SimRandom, minLength: number) {
  const lists = [...finalLists].map(([key, values]) => ({ key, values }))
  return pickFrom(
    random,
    lists.filter(({ values }) => values.length >= minLength),
  )
}

function insert(values: readonly number[], place: number, value: number): readonly number[] {
  return place > values.length ? values : [...values.slice(0, place), value, ...values.slice(place)]
}

function swapped(values: readonly number[], place: number): readonly number[] {
  const [first, second] = values.slice(place, place + 2)
  return [...values.slice(0, place), second as number, first as number, ...values.slice(place + 2)]
}

function changeLists({ history, finalLists }: ListRun, key: string, change: ListChange): ListRun {
  return {
    history: history.map((operation) =>
      isListRead(operation) && operation.key === key ? { ...operation, out: change(operation.out) } : operation,
    ),
    finalLists: new Map([...finalLists].map(([name, values]) => [name, name === key ? change(values) : values])),
  }
}

function changeRead({ history, finalLists }: ListRun, read: ListRead, out: readonly number[]): ListRun {
  return { history: history.map((operation) => (operation === read ? { ...read, out } : operation)), finalLists }
}
