// @ts-check
// Appends that happen once, however often they are tried: thesis §6.3.

const IDEMPOTENCY = 'packages/core/src/rules/idempotency.ts'
const APPENDING = 'packages/core/src/rules/appending.ts'
const KEYS = 'packages/core/src/state/idempotencyKeys.ts'
const APPLIER = 'packages/core/src/driver/applier.ts'
const SYSTEM_PART = 'packages/core/src/driver/systemPart.ts'

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const EXACTLY_ONCE_MUTANTS = [
  {
    name: 'keys-known-at-once',
    title: 'A new leader takes appends with keys before it has applied what stood in its log.',
    source: 'thesis §6.3',
    breaks: ['XO'],
    edits: [
      { file: IDEMPOTENCY, find: 'return keysKnownIn === currentTerm', replace: 'return keysKnownIn <= currentTerm' },
    ],
  },
  {
    name: 'open-keys-not-looked-at',
    title: 'A key counts only once its entry is applied.',
    source: 'thesis §6.3',
    breaks: ['XO'],
    edits: [
      {
        file: IDEMPOTENCY,
        find: 'return openKeys.get(idempotency.key) ?? keys.find(idempotency.key)',
        replace: 'return keys.find(idempotency.key) ?? (openKeys.size < 0 ? openKeys.get(idempotency.key) : undefined)',
      },
    ],
  },
  {
    name: 'open-keys-outlive-leadership',
    title: 'What a leader appended in an earlier leadership, and lost, counts as standing where it stood.',
    source: 'thesis §6.3',
    breaks: ['XO', 'DUR'],
    edits: [
      { file: APPENDING, find: 'state.openKeys.clear()', replace: 'if (state.currentTerm < 0) state.openKeys.clear()' },
    ],
  },
  {
    name: 'keys-lost-with-a-snapshot',
    title: 'A server that restores a snapshot forgets the keys of the entries before it.',
    source: 'thesis §6.3',
    breaks: ['XO'],
    suite: 'core',
    edits: [
      {
        file: APPLIER,
        find: 'server.noteRestored(system.keys, system',
        replace: 'server.noteRestored(server.state.keys, system',
      },
    ],
  },
  {
    name: 'forgetting-forgotten-in-snapshots',
    title: 'A snapshot does not say up to where keys were forgotten.',
    source: 'thesis §6.3',
    breaks: ['XO'],
    suite: 'core',
    edits: [{ file: SYSTEM_PART, find: 'writer.double(forgottenUpTo)', replace: 'writer.double(forgottenUpTo * 0)' }],
  },
  {
    name: 'forgotten-taken-for-new',
    title: 'An append whose key may have been forgotten since its first try is appended.',
    source: 'thesis §6.3, Kafka KIP-360',
    breaks: ['XO'],
    edits: [
      {
        file: IDEMPOTENCY,
        find: 'after !== undefined && state.keys.mayHaveForgotten(key, after)',
        replace: 'after !== undefined && after < 0',
      },
    ],
  },
  {
    name: 'key-stands-for-anything',
    title: 'Another command under the same key gets the answer of the first.',
    source: 'IETF Idempotency-Key',
    breaks: ['XO'],
    suite: 'core',
    edits: [
      {
        file: IDEMPOTENCY,
        find: 'place !== undefined && place.checksum !== commandChecksum(command)',
        replace: 'place !== undefined && place.checksum !== commandChecksum(command) && key === ""',
      },
    ],
  },
  {
    name: 'expiry-forgets-the-living',
    title: 'When keys that have expired are looked for, one that has not goes with them.',
    source: 'thesis §6.3',
    breaks: ['XO'],
    suite: 'core',
    edits: [
      {
        file: KEYS,
        find: 'if (expiresAt <= this.#time) this.#forget(key)',
        replace: 'if (expiresAt <= this.#time || this.#keys.size > 4_000) this.#forget(key)',
      },
    ],
  },
  {
    name: 'kept-appends-lost',
    title: 'What waits for a leader to know all keys is not answered when that leads no more.',
    source: 'paper §8',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [{ file: APPENDING, find: '  refuseAppends(state, waiting)\n', replace: '  refuseAppends(state, [])\n' }],
  },
  {
    name: 'kept-appends-jump-a-transfer',
    title: 'What has waited for all keys is appended while the leader hands over.',
    source: 'thesis §3.10',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: APPENDING,
        find: 'if (state.transfer !== undefined) {\n    state.transfer.waiting.push(...waiting)',
        replace: 'if (state.transfer !== undefined && wallTime < 0) {\n    state.transfer.waiting.push(...waiting)',
      },
    ],
  },
]
