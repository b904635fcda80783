// @ts-check
// What a store has flushed, and what a crash leaves of it.

const STREAM = 'packages/disk/src/appendStream.ts'
const FOLDER = 'packages/disk/src/folder.ts'
const NEW_FILE = 'packages/disk/src/newFile.ts'
const RECORD = 'packages/disk/src/record.ts'
const RECOVERY = 'packages/disk/src/recovery.ts'
const OPEN = 'packages/disk/src/openDiskStore.ts'
const NODE_FILES = 'packages/disk/src/nodeFiles.ts'
const MAKE_FIRST_SEGMENT =
  '  await settled((done) => makeSegment(folder, { number: 1, bytes: usualSegmentBytes(1, segmentBytes) }, identity, done))\n'

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const CRASH_MUTANTS = [
  {
    name: 'done-before-the-flush',
    title: 'A write is reported as done when the operating system has it.',
    source: 'NATS 2.12.1 (Jepsen): lazy fsync',
    breaks: ['DUR'],
    canary: true,
    edits: [
      {
        file: STREAM,
        find: '(next) => this.#append(draft, next),\n        (next) => this.#file.flush(next),\n',
        replace: '(next) => this.#append(draft, next),\n',
      },
    ],
  },
  {
    name: 'segment-left-unflushed',
    title: 'The stream goes on in the next segment before the last says durably that there is one.',
    source: 'etcd WAL, ALICE (OSDI 2014)',
    breaks: ['DUR', 'LIVE'],
    edits: [
      {
        file: STREAM,
        find: '(next) => this.#append(seal, next),\n        (next) => this.#file.flush(next),\n',
        replace: '(next) => this.#append(seal, next),\n',
      },
    ],
  },
  {
    name: 'failed-flush-tried-again',
    title: 'A flush that failed is tried again, and believed.',
    source: 'fsyncgate',
    breaks: ['DUR'],
    edits: [
      {
        file: FOLDER,
        find: `this.#file.flush(naming('flush', this.path, done))`,
        replace: `this.#file.flush((error) => (error === undefined ? done(error) : this.#file.flush(naming('flush', this.path, done))))`,
      },
    ],
  },
  {
    name: 'failed-flush-ignored',
    title: 'A flush that failed counts as one that did not.',
    source: 'NATS 860e23645',
    breaks: ['DUR'],
    edits: [
      {
        file: FOLDER,
        find: `this.#file.flush(naming('flush', this.path, done))`,
        replace: `this.#file.flush(naming('flush', this.path, () => done(undefined)))`,
      },
    ],
  },
  {
    name: 'failed-write-ignored',
    title: 'A write that failed, or was cut short by a full disk, counts as one that did not.',
    source: 'braft #292',
    breaks: ['DUR'],
    edits: [
      {
        file: FOLDER,
        find: `this.#file.writeAt(bytes, position, naming('write', this.path, done))`,
        replace: `this.#file.writeAt(bytes, position, naming('write', this.path, () => done(undefined)))`,
      },
    ],
  },
  {
    name: 'failure-not-final',
    title: 'A store whose flush failed goes on with the next frame.',
    source: 'Rebello et al. (ATC 2020)',
    breaks: ['DUR'],
    suite: 'disk',
    edits: [
      {
        file: STREAM,
        find: 'if (error !== undefined) return this.fail(error)',
        replace: 'if (error !== undefined) for (const done of draft.dones.splice(0)) done({ error })',
      },
    ],
  },
  {
    name: 'folder-not-flushed',
    title: 'The folder is not flushed after a file got its name, which a power cut takes back.',
    source: 'ALICE (OSDI 2014)',
    breaks: ['DUR'],
    edits: [
      {
        file: NEW_FILE,
        find: 'inOrder([(next) => folder.rename(draftName, name, next), (next) => folder.flush(next)], done)',
        replace: 'folder.rename(draftName, name, done)',
      },
    ],
  },
  {
    name: 'named-before-the-flush',
    title: 'A file gets its name before its content is flushed.',
    source: 'ALICE (OSDI 2014): snapshot renamed before fsync',
    breaks: ['DUR'],
    edits: [
      {
        file: NEW_FILE,
        find: 'inOrder([(next) => fill(file, next), (next) => file.flush(next)], written)',
        replace: 'fill(file, written)',
      },
    ],
  },
  {
    name: 'identity-before-the-segment',
    title: 'A new store has its identity before the first segment stands, and cannot be opened after a crash between.',
    source: 'etcd #10166, openraft #1259',
    breaks: ['LIVE'],
    suite: 'disk',
    edits: [
      { file: OPEN, find: MAKE_FIRST_SEGMENT, replace: '' },
      {
        file: OPEN,
        find: `  log({ type: 'store.created',`,
        replace: `${MAKE_FIRST_SEGMENT}  log({ type: 'store.created',`,
      },
    ],
  },
  {
    name: 'zero-tail-taken-for-records',
    title: 'A frame whose end did not arrive, and is zeros, is taken for whole.',
    source: 'etcd WAL zero tail (ext4 after a power cut)',
    breaks: ['DUR'],
    edits: [
      {
        file: RECOVERY,
        find: 'if (hasWholeBody(frame, head, this.#seed)) return []',
        replace: 'if (frame.at(-1) === 0 || hasWholeBody(frame, head, this.#seed)) return []',
      },
    ],
  },
  {
    name: 'last-frame-not-written-again',
    title: 'The last frame is believed as it was read, though only the cache of the system may have it.',
    source: 'fsyncgate, Rebello et al. (ATC 2020)',
    breaks: ['DUR'],
    edits: [
      {
        file: OPEN,
        find: 'if (lastFrame !== undefined) await',
        replace: 'if (lastFrame !== undefined && lastFrame.bytes.length === 0) await',
      },
    ],
  },
  {
    name: 'cut-left-in-place',
    title: 'What was cut off stays in the file, and comes back.',
    source: 'ra 85cfe271, dragonboat tan',
    breaks: ['LM', 'DUR'],
    edits: [
      {
        file: OPEN,
        find: 'writeZeros(file, offset, end, done)',
        replace: 'writeZeros(file, Math.max(offset, end), end, done)',
      },
    ],
  },
  {
    name: 'vote-not-read-back',
    title: 'The vote is on the disk, and is not read when the store is opened.',
    source: 'spur #414',
    breaks: ['ES'],
    edits: [
      {
        file: RECORD,
        find: 'receiver.takeHardState(number, hardStateOf(getInteger(view, at + 8), textOf(bytes, vote, voteEnd)))',
        replace: `receiver.takeHardState(number, hardStateOf(getInteger(view, at + 8), ''))`,
      },
    ],
  },
  {
    name: 'truncation-kept-in-memory',
    title: 'A truncation is not written, so that what was cut off is there again when the store is opened.',
    source: 'ra 85cfe271, NATS 3dac57bea',
    breaks: ['LM', 'LIVE'],
    edits: [{ file: STREAM, find: '      records.putTruncation(log.number, truncateAfter)\n', replace: '' }],
  },
  {
    name: 'truncation-of-configurations-forgotten',
    title: 'A configuration that was cut off is still there when the store is opened.',
    source: 'NATS 2f60ea8fe, ra #609',
    breaks: ['CFG'],
    suite: 'disk',
    edits: [
      {
        file: 'packages/disk/src/groupLog.ts',
        find: '    while ((this.#configurations.at(-1)?.index ?? 0) > after) this.#configurations.pop()\n',
        replace: '',
      },
    ],
  },
  {
    name: 'short-write-taken-for-whole',
    title: 'A call that wrote a part of the bytes counts as one that wrote them all.',
    source: 'ALICE (OSDI 2014)',
    breaks: ['DUR'],
    suite: 'disk',
    edits: [
      {
        file: NODE_FILES,
        find: 'if (written + count === bytes.length) done(undefined)',
        replace: 'if (written + count <= bytes.length) done(undefined)',
      },
    ],
  },
]
