// @ts-check
// What damage does to the files of a store.

const FRAME = 'packages/disk/src/frame.ts'
const RECORD = 'packages/disk/src/record.ts'
const IDENTITY = 'packages/disk/src/identityFile.ts'
const LOG_END = 'packages/disk/src/logEnd.ts'
const RECOVERY = 'packages/disk/src/recovery.ts'
const STORE = 'packages/disk/src/diskStore.ts'
const REPLAY = 'packages/disk/src/logReplay.ts'
const READER = 'packages/disk/src/entryReader.ts'

const NO_FRAME_BEHIND = {
  file: LOG_END,
  find: 'if (behind === undefined) return\n',
  replace: 'if (behind !== 0) return\n',
}
const BODY_DAMAGE = {
  file: LOG_END,
  find: `throw new CorruptStoreError(file, offset, 'a frame does not match its checksum')`,
  replace: `return 'a frame does not match its checksum'`,
}
const HEAD_DAMAGE = {
  file: LOG_END,
  find: `throw new CorruptStoreError(file, offset, 'the head of a frame does not match its checksum')`,
  replace: 'return `the head of a frame of ${file} does not match its checksum`',
}

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const DAMAGE_MUTANTS = [
  {
    name: 'head-checksum-not-checked',
    title: 'The head of a frame is believed whatever its checksum.',
    source: 'PAR (FAST 2018)',
    breaks: ['DUR'],
    suite: 'disk',
    edits: [
      {
        file: FRAME,
        find: 'if (headChecksum !== checksum(head.subarray(0, 36), seed)) return undefined',
        replace: 'if (headChecksum < 0 && seed < 0) return undefined',
      },
    ],
  },
  {
    name: 'torn-frame-accepted',
    title: 'A frame is taken for whole by its head alone, whatever the checksum of its body.',
    source: 'NATS 2.12.1 (Jepsen)',
    breaks: ['DUR'],
    suite: 'disk',
    edits: [
      {
        file: FRAME,
        find: 'return bodyChecksumOf(frame, seed) === head.bodyChecksum',
        replace: 'return head.length > 0 || bodyChecksumOf(frame, seed) === head.bodyChecksum',
      },
    ],
  },
  {
    name: 'entry-checksum-not-checked',
    title: 'An entry is read back whatever its checksum.',
    source: 'NATS 2.12.1 (Jepsen), PAR (FAST 2018)',
    breaks: ['SMS', 'DUR'],
    suite: 'disk',
    edits: [
      {
        file: RECORD,
        find: 'if (view.getUint32(start + 4, true) !== shortChecksum(bytes, view, body, body + length))',
        replace: 'if (view.getUint32(start + 4, true) < 0 && shortChecksum(bytes, view, body, body + length) < 0)',
      },
    ],
  },
  {
    name: 'identity-checksum-not-checked',
    title: 'The identity of a store is believed whatever its checksum.',
    source: 'spur #414',
    breaks: ['ES', 'DUR'],
    suite: 'disk',
    edits: [
      {
        file: IDENTITY,
        find: 'if (viewOf(bytes).getUint32(32, true) !== checksum(bytes.subarray(0, 32))) {',
        replace: 'if (viewOf(bytes).getUint32(32, true) < 0) {',
      },
    ],
  },
  {
    name: 'cut-though-good-frames-follow',
    title: 'A frame that lacks sectors is cut off as a torn tail though good ones follow.',
    source: 'PAR (FAST 2018), NATS 2.12.1 (Jepsen)',
    breaks: ['DUR'],
    suite: 'disk',
    edits: [NO_FRAME_BEHIND],
  },
  {
    name: 'damage-taken-for-a-torn-tail',
    title: 'A last frame that is all there and damaged is cut off as if it had not arrived.',
    source: 'PAR (FAST 2018)',
    breaks: ['DUR'],
    suite: 'disk',
    edits: [BODY_DAMAGE, HEAD_DAMAGE],
  },
  {
    name: 'cut-at-the-first-bad-frame',
    title: 'The log is cut off at the first frame that cannot be read, whatever it is and whatever follows.',
    source: 'PAR (FAST 2018), NATS 2.12.1 (Jepsen)',
    breaks: ['DUR'],
    edits: [NO_FRAME_BEHIND, BODY_DAMAGE, HEAD_DAMAGE],
  },
  {
    name: 'one-flipped-bit-taken-for-a-torn-tail',
    title: 'A flipped bit that empties a sector of the last frame counts as a sector that did not arrive.',
    source: 'PAR (FAST 2018)',
    breaks: ['DUR'],
    suite: 'disk',
    edits: [
      {
        file: FRAME,
        find: 'return !explainsAsOneBit(',
        replace: 'return head.length > 0 || !explainsAsOneBit(',
      },
    ],
  },
  {
    name: 'frames-in-any-order',
    title: 'A frame is taken for the next whatever its number and the frame it chains to.',
    source: 'ra 85cfe271, misdirected writes (TigerBeetle VOPR)',
    breaks: ['LM', 'DUR'],
    suite: 'disk',
    edits: [
      {
        file: RECOVERY,
        find: 'if (head.sequence !== this.#sequence + 1 || head.chain !== this.#chain) return undefined',
        replace: 'if (head.sequence < 0) return undefined',
      },
    ],
  },
  {
    name: 'frames-of-another-store-read',
    title: 'The checksums of frames do not tell one store from another.',
    source: 'ra UID (INTERNALS.md)',
    breaks: ['LM', 'DUR'],
    suite: 'disk',
    edits: [
      {
        file: RECOVERY,
        find: 'return checksum(identityBytes(identity))',
        replace: 'return checksum(identityBytes(identity)) & 0',
      },
    ],
  },
  {
    name: 'group-not-explained',
    title: 'The state of a group that a new segment repeats is not compared with what was read before.',
    source: 'hashicorp/raft #661',
    breaks: ['MONO'],
    suite: 'disk',
    edits: [
      {
        file: REPLAY,
        find: 'if (log.group !== group || !isSame(log.state, state)) {',
        replace: 'if (log.group !== group && !isSame(log.state, state)) {',
      },
    ],
  },
  {
    name: 'hole-in-the-records',
    title: 'Entries that do not follow the last one are taken as if they did.',
    source: 'ra writers map (LOG.md)',
    breaks: ['LM'],
    suite: 'disk',
    edits: [
      {
        file: REPLAY,
        find: 'if (firstIndex !== log.lastIndex + 1) {',
        replace: 'if (firstIndex > log.lastIndex + 1 && firstIndex === 0) {',
      },
    ],
  },
  {
    name: 'damaged-read-not-final',
    title: 'A store goes on after it has read back something damaged.',
    source: 'PAR (FAST 2018)',
    breaks: ['DUR'],
    suite: 'disk',
    edits: [
      {
        file: STORE,
        find: '(error === undefined ? stream.failure : this.#fail(error))',
        replace: '(error === undefined ? stream.failure : { error })',
      },
    ],
  },
  {
    name: 'read-of-another-entry',
    title: 'What stands in the place of an entry is read back though it is another one.',
    source: 'misdirected writes (TigerBeetle VOPR)',
    breaks: ['SMS'],
    suite: 'disk',
    edits: [
      { file: READER, find: 'return entry.index === index ? entry :', replace: 'return entry.index > 0 ? entry :' },
    ],
  },
]
