import type { Entry } from '@quorate/core'
import type { Breakage } from './caught.ts'
import { altered, type StoreChange } from './soundStore.ts'
import { callingBack, reading, readingRange } from './storeChanges.ts'

const RANGE = 'reads the entries behind `after` up to `upTo`, from the first on'
const FITS = 'reads as many entries as fit maxBytes, and at least one'
const EVERY_KIND = 'gives back entries of every kind as they were written'

/** How reads go wrong. */
export const brokenReads: readonly Breakage<StoreChange>[] = [
  ['reads beyond upTo', readingRange(({ upTo }) => ({ upTo: upTo + 1 })), RANGE, /has 2 elements, not 1/],
  [
    'reads `after` itself',
    readingRange(({ after }) => ({ after: Math.max(0, after - 1) })),
    RANGE,
    /index is 4, not 5/,
  ],
  ['reads backwards', reading((entries) => [...entries].reverse()), RANGE, /index is 20, not 1/],
  ['reads all, whatever maxBytes', readingRange(() => ({ maxBytes: Infinity })), FITS, /bytes of data alone came back/],
  ['reads one entry at a time', readingRange(() => ({ maxBytes: 0 })), FITS, /1 entries came back, though 2 take/],
  [
    'reads nothing where one entry does not fit',
    (store) =>
      altered(store, {
        read: (group, range, done) =>
          store.read(group, range, (failure, [first, ...rest]) => {
            const isTooLarge = first?.kind === 'command' && first.data.length > range.maxBytes
            done(failure, first === undefined || isTooLarge ? [] : [first, ...rest])
          }),
      }),
    FITS,
    /what came of a read after 0 with maxBytes 0 has 0 elements, not 1/,
  ],
  [
    'reads what is not flushed',
    callingBack((done, failure) => void setTimeout(() => done(failure), 3)),
    'gives no entry before the write that holds it has called back',
    /entry 4 was read before the write/,
  ],
  [
    'drops subjects',
    reading((entries) =>
      entries.map(entry('command', ({ index, term, time, kind, data }) => ({ index, term, time, kind, data }))),
    ),
    EVERY_KIND,
    /subject is undefined, not "orders\.created/,
  ],
  [
    'takes an empty subject for none',
    reading((entries) =>
      entries.map(entry('command', ({ subject, ...rest }) => (subject ? { ...rest, subject } : rest))),
    ),
    EVERY_KIND,
    /subject is undefined, not ""/,
  ],
  [
    'gives no-ops back as commands',
    reading((entries) =>
      entries.map(entry('no-op', (found) => ({ ...found, kind: 'command', data: new Uint8Array(0) }))),
    ),
    EVERY_KIND,
    /kind is "command", not "no-op"/,
  ],
  [
    'cuts data at 64 KiB',
    reading((entries) =>
      entries.map(entry('command', (found) => ({ ...found, data: found.data.subarray(0, 65_536) }))),
    ),
    'gives back an entry of a mebibyte, and one beside it',
    /data has 65536 bytes, not/,
  ],
  [
    'encodes entries anew',
    reading((entries) => entries.map(encodedAnew)),
    'gives back the very bytes that an entry travels as',
    /what entry 1 travels as has/,
  ],
  [
    'cuts what entries travel as',
    reading((entries) => entries.map((found) => ({ ...found, encoded: new Uint8Array(3) }))),
    EVERY_KIND,
    /what entry 1 travels as has 3 bytes/,
  ],
  [
    'leaves out what does not fit',
    (store) =>
      altered(store, {
        read: (group, range, done) =>
          store.read(group, { ...range, maxBytes: Infinity }, (failure, entries) => {
            const fits = (found: Entry): boolean => found.kind !== 'command' || found.data.length <= range.maxBytes
            done(failure, entries.filter(fits))
          }),
      }),
    'reads one entry that is larger than maxBytes, wherever it stands',
    /what was read in front of a large entry has 2 elements, not 1/,
  ],
  [
    'reads on what was truncated',
    (store) => {
      const seen = new Map<number, Entry>()
      return altered(store, {
        write: (batch, done) => {
          for (const one of batch.flatMap(({ entries }) => entries)) if (!seen.has(one.index)) seen.set(one.index, one)
          store.write(batch, done)
        },
        read: (group, range, done) =>
          store.read(group, range, (failure, entries) => {
            done(
              failure,
              entries.map((found) => seen.get(found.index) ?? found),
            )
          }),
      })
    },
    'reads what stands in the place of what was truncated',
    /the log\[2\]\.term is 1, not 5/,
  ],
]

function entry<Kind extends Entry['kind']>(kind: Kind, change: (found: Entry & { kind: Kind }) => Entry) {
  return (found: Entry): Entry => (found.kind === kind ? change(found as Entry & { kind: Kind }) : found)
}

function encodedAnew(found: Entry): Entry {
  const copy = { ...found }
  delete copy.encoded
  return copy
}
