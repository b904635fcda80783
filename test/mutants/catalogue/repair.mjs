// @ts-check
// Entries that a disk has lost, and that other servers give again: §5.3, Log Matching.

const REPAIR = 'packages/core/src/driver/repair.ts'
const REPAIRER = 'packages/core/src/driver/repairer.ts'
const HOSTED = 'packages/core/src/driver/hostedServer.ts'
const DAMAGE = 'packages/disk/src/provenDamage.ts'
const REPLAY = 'packages/disk/src/logReplay.ts'
const GROUP_LOG = 'packages/disk/src/groupLog.ts'
const PLACES = 'packages/disk/src/entryPlaces.ts'

const PAR = 'Alagappan and others, Protocol-Aware Recovery (FAST 2018)'

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const REPAIR_MUTANTS = [
  {
    name: 'damaged-log-starts',
    title: 'A server starts though its log lacks entries.',
    source: PAR,
    breaks: ['DUR', 'LC'],
    suite: 'core',
    edits: [
      {
        file: REPAIRER,
        find: 'if (damaged.length === 0) return\n  throw',
        replace: 'if (damaged.length >= 0) return\n  throw',
      },
    ],
  },
  {
    name: 'repair-takes-anything',
    title: 'A log is repaired with any entry of the index and term, whatever it says.',
    source: PAR,
    breaks: ['LM', 'SMS'],
    suite: 'core',
    edits: [
      { file: REPAIR, find: ' || !damaged.matches(entry)) return', replace: ' || damaged.position.index < 0) return' },
    ],
  },
  {
    name: 'repair-hears-strangers',
    title: 'A log is repaired by whoever answers, by whichever store the group knows it.',
    source: 'Vanlightly standard-raft',
    breaks: ['LM'],
    suite: 'core',
    edits: [
      {
        file: REPAIRER,
        find: 'if (repair?.knows(from, store) !== true) return',
        replace: "if (repair === undefined || store === '') return",
      },
    ],
  },
  {
    name: 'repair-cuts-the-uncommitted',
    title: 'Entries go because another server has others in their place, though it does not know them to be committed.',
    source: PAR,
    breaks: ['DUR', 'LC'],
    suite: 'core',
    edits: [
      {
        file: HOSTED,
        find: 'const committedTerm = upTo <= commitIndex ? log.termAt(upTo) : undefined',
        replace:
          'const committedTerm = upTo <= Math.max(commitIndex, log.lastIndex) ? log.termAt(upTo) : (log.lastTerm + 1)',
      },
    ],
  },
  {
    name: 'all-damage-taken-for-entries',
    title: 'Where an entry does not match its checksum, the rest of its frame is believed.',
    source: PAR,
    breaks: ['DUR', 'ES'],
    suite: 'disk',
    edits: [
      {
        file: DAMAGE,
        find: 'suspects.length === 0 || bodyChecksumWithout(frame, suspects, seed) !== head.bodyChecksum',
        replace: 'suspects.length === 0 || bodyChecksumWithout(frame, suspects, seed) < 0',
      },
    ],
  },
  {
    name: 'repair-forgotten-at-open',
    title: 'What was given again is damaged again when the store is opened.',
    source: 'of our own',
    breaks: ['LIVE'],
    suite: 'disk',
    edits: [
      {
        file: REPLAY,
        find: 'log.repair(index, this.#segment, offset)',
        replace: 'if (offset < 0) log.repair(index, this.#segment, offset)',
      },
    ],
  },
  {
    name: 'repair-of-what-was-freed',
    title: 'A store does not open whose log holds the repair of an entry that went with its segment.',
    source: 'of our own: found in a review',
    breaks: ['LIVE'],
    suite: 'disk',
    edits: [{ file: REPLAY, find: 'if (!log.knowsPlaceOf(index)) return', replace: 'if (index < 0) return' }],
  },
  {
    name: 'damage-outlives-truncation',
    title: 'An entry counts as damaged though another stands in its place.',
    source: 'of our own',
    breaks: ['LIVE'],
    suite: 'disk',
    edits: [
      {
        file: GROUP_LOG,
        find: 'if (index > after) this.#damaged.delete(index)',
        replace: 'if (index > after && after < 0) this.#damaged.delete(index)',
      },
    ],
  },
  {
    name: 'place-outlives-truncation',
    title: 'An entry is looked for where the one was given again that stood there before.',
    source: 'of our own',
    breaks: ['SMS'],
    suite: 'disk',
    edits: [
      {
        file: PLACES,
        find: 'if (index > after) this.#elsewhere.delete(index)',
        replace: 'if (index > after && after < 0) this.#elsewhere.delete(index)',
      },
    ],
  },
]
