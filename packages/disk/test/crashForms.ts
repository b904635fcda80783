import {
  type ChangesFate,
  type CrashFate,
  type DiskJournal,
  type FileChange,
  grown,
  KEPT,
  LOST,
  type NamesFate,
  type SimRandom,
  someSectors,
  torn,
  type Written,
} from '@quorate/sim'

/** One way for a crash to go. */
export interface CrashForm {
  /** What kind it is. */
  readonly form: string
  /** Which of its kind. */
  readonly what: string
  readonly fate: CrashFate
}

/** How closely tears are looked at. */
export interface Closeness {
  /** At each byte of so many at the beginning of a write, and of as many at its end; in between at each sector. */
  readonly eachByteOf: number
  /** How often any of the sectors are there. */
  readonly rounds: number
}

/** Every way in which a crash behind the first `count` operations could go. */
export function* formsAfter(
  journal: DiskJournal,
  count: number,
  random: SimRandom,
  { eachByteOf, rounds }: Closeness,
): Generator<CrashForm> {
  const { unflushed, unflushedNames } = journal.stateAfter(count)
  for (const { form, changes } of WHOLE) {
    for (const names of namesOf(unflushedNames)) {
      const isWhole = names.length === unflushedNames.length
      const what = `${form}, names ${names.length} of ${unflushedNames.length}`
      yield { form: isWhole ? form : 'names lost', what, fate: { changes, names: () => names } }
    }
  }
  for (const changes of subsetsOf(unflushed)) {
    for (const { names } of [KEPT, LOST]) {
      const what = `${changes.length} of ${unflushed.length} changes`
      yield { form: 'reordered', what, fate: { changes: () => changes, names } }
    }
  }
  for (let round = 0; round < rounds; round += 1) {
    const names: NamesFate = random.happens(0.5) ? KEPT.names : LOST.names
    yield { form: 'some sectors', what: `round ${round}`, fate: { changes: someSectors(random, 0.5), names } }
  }
  const last = journal.operations[count - 1]
  if (last?.kind === 'written') yield* tearsOf(last, eachByteOf)
}

/** The last write ends, or begins, anywhere; those before it are there, or are not. */
function* tearsOf(last: Written, eachByteOf: number): Generator<CrashForm> {
  for (const bytes of placesToTear(last, eachByteOf)) {
    for (const part of ['beginning', 'end'] as const) {
      const form = bytes % 512 === 0 ? 'torn at a sector' : 'torn at a byte'
      const what = `${part}, at ${bytes} of ${last.bytes.length}`
      const tear = torn(bytes, part)
      yield { form, what, fate: { changes: tear, names: KEPT.names } }
      const alone: ChangesFate = (unflushed) => tear(unflushed.slice(-1))
      yield { form, what: `${what}, alone`, fate: { changes: alone, names: KEPT.names } }
    }
  }
}

/** Where it makes a difference: a tear before a zero leaves what a tear behind it leaves. */
function placesToTear({ bytes }: Written, eachByteOf: number): number[] {
  return [...bytes.keys()].filter((place) => {
    if (place % 512 === 0) return place > 0
    return bytes[place] !== 0 && (place < eachByteOf || place >= bytes.length - eachByteOf)
  })
}

const zeroed: ChangesFate = (unflushed) =>
  unflushed.map((change): FileChange => {
    return change.kind === 'written' ? { ...change, bytes: new Uint8Array(change.bytes.length) } : change
  })

const WHOLE: readonly { readonly form: string; readonly changes: ChangesFate }[] = [
  { form: 'lost', changes: LOST.changes },
  { form: 'kept', changes: KEPT.changes },
  { form: 'zero-filled', changes: zeroed },
  { form: 'zero-filled where it grew', changes: grown },
]

/** Every subset of a few; of many the first so many, each alone, and all but each. */
function namesOf<T>(unflushed: readonly T[]): T[][] {
  if (unflushed.length <= 5) return subsetsOf(unflushed)
  const prefixes = [...unflushed, undefined].map((_, count) => unflushed.slice(0, count))
  const others = unflushed.flatMap((one) => [[one], unflushed.filter((name) => name !== one)])
  return [...prefixes, ...others]
}

/** Some of them, none or all, in their order. There are few. */
export function subsetsOf<T>(list: readonly T[]): T[][] {
  if (list.length > 8) throw new Error(`${list.length} things at once have too many subsets`)
  return Array.from({ length: 2 ** list.length }, (_, chosen) => list.filter((_, place) => (chosen >> place) & 1))
}
