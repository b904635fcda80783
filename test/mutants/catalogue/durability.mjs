// @ts-check
// What has to be in the store before it is said: §5.1, thesis §3.8, §10.2.1.

const DURABILITY = 'packages/core/src/rules/durability.ts'
const FOLLOWING = 'packages/core/src/rules/following.ts'
const CONFIGURATIONS = 'packages/core/src/rules/configurations.ts'
const ADMISSION = 'packages/core/src/driver/admission.ts'

const SEND = 'if (isHardStateDurable(state)) {'

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const DURABILITY_MUTANTS = [
  {
    name: 'messages-leave-before-the-write',
    title: 'Messages leave before the term and vote that they speak of are in the store.',
    source: 'TiKV #3572, #8381',
    breaks: ['ES'],
    canary: true,
    edits: [{ file: DURABILITY, find: SEND, replace: 'if (state.durability.lastWriteId >= 0) {' }],
  },
  {
    name: 'candidates-ask-before-the-write',
    title: 'A candidate asks for votes before its own vote is in the store.',
    source: 'jraft #1245',
    breaks: ['ES'],
    edits: [
      { file: DURABILITY, find: SEND, replace: `if (message.type === 'requestVote' || isHardStateDurable(state)) {` },
    ],
  },
  {
    name: 'vote-said-before-the-write',
    title: 'A server says that it grants its vote before the vote is in the store.',
    source: 'etcd msgsAfterAppend, TiKV #3572',
    breaks: ['ES'],
    edits: [
      {
        file: DURABILITY,
        find: SEND,
        replace: `if (message.type === 'requestVote.granted' || isHardStateDurable(state)) {`,
      },
    ],
  },
  {
    name: 'change-counts-as-durable',
    title: 'Term and vote count as durable while a change of theirs has not been handed to the store.',
    source: 'jraft #1241',
    breaks: ['ES'],
    edits: [
      {
        file: DURABILITY,
        find: 'return !durability.hardStateChanged && durability.durableWriteId',
        replace: 'return durability.durableWriteId',
      },
    ],
  },
  {
    name: 'held-for-the-write-before',
    title: 'A message is held back for the write before the one that makes it true.',
    source: 'openraft 2af491fb',
    breaks: ['ES'],
    edits: [
      {
        file: DURABILITY,
        find: 'durability.hardStateChanged ? durability.lastWriteId + 1 : durability.hardStateWriteId',
        replace: 'durability.hardStateChanged ? durability.lastWriteId : durability.hardStateWriteId - 1',
      },
    ],
  },
  {
    name: 'any-write-releases',
    title: 'The next write that completes lets all messages go that are held back, whatever they wait for.',
    source: 'openraft 2af491fb',
    breaks: ['ES'],
    edits: [
      {
        file: DURABILITY,
        find: 'if (held.after > durability.durableWriteId) durability.held.push(held)',
        replace: 'if (held.after > durability.lastWriteId) durability.held.push(held)',
      },
    ],
  },
  {
    name: 'held-messages-outlive-their-term',
    title: 'A message that was held back leaves though its term is over.',
    source: 'NATS 13a0a6a71',
    breaks: ['LM', 'MONO'],
    edits: [
      {
        file: DURABILITY,
        find: 'else if (held.message.term === state.currentTerm) state.outputs',
        replace: 'else state.outputs',
      },
    ],
  },
  {
    name: 'vote-written-apart-from-its-term',
    title: 'The store gets the term without the vote.',
    source: 'hashicorp/raft #661',
    breaks: ['ES'],
    edits: [
      {
        file: DURABILITY,
        find: 'hardState: hardStateChanged ? hardStateOf(state) : undefined',
        replace: 'hardState: hardStateChanged ? { ...hardStateOf(state), votedFor: undefined } : undefined',
      },
    ],
  },
  {
    name: 'entries-written-without-their-term',
    title: 'A write that carries entries leaves the new term out.',
    source: 'openraft io_ordering',
    breaks: ['DUR', 'ES'],
    edits: [
      {
        file: DURABILITY,
        find: 'hardState: hardStateChanged ? hardStateOf(state) : undefined',
        replace: 'hardState: hardStateChanged && !hasEntries ? hardStateOf(state) : undefined',
      },
    ],
  },
  {
    name: 'acknowledged-before-the-flush',
    title: 'A follower acknowledges entries that are not flushed.',
    source: 'openraft ee460f37, NATS 2.12.1 (Jepsen)',
    breaks: ['DUR'],
    canary: true,
    edits: [
      {
        file: FOLLOWING,
        find: 'return Math.min(following.verifiedIndex, state.durability.durableIndex)',
        replace: 'return Math.min(following.verifiedIndex, state.log.lastIndex)',
      },
    ],
  },
  {
    name: 'later-writes-count-too',
    title: 'When a write completes, what was written behind it counts as flushed as well.',
    source: 'openraft 2af491fb',
    breaks: ['DUR'],
    edits: [
      {
        file: DURABILITY,
        find: 'Math.max(durability.durableIndex, written.lastIndex)',
        replace: 'Math.max(durability.durableIndex, durability.writtenIndex)',
      },
    ],
  },
  {
    name: 'durable-index-outlives-a-truncation',
    title: 'After a truncation the log still counts as flushed up to where it was.',
    source: 'ra 39490978',
    breaks: ['DUR'],
    edits: [
      {
        file: DURABILITY,
        find: '  durability.durableIndex = Math.min(durability.durableIndex, index)\n',
        replace: '',
      },
    ],
  },
  {
    name: 'completion-matched-by-index',
    title: 'A write of entries that were cut off meanwhile makes those durable that stand in their place.',
    source: 'etcd async_storage_writes_append_aba_race',
    breaks: ['DUR'],
    edits: [
      {
        file: DURABILITY,
        find: 'if (log.holds({ index: written.lastIndex, term: written.lastTerm })) {',
        replace: 'if (written.lastIndex <= log.lastIndex) {',
      },
      {
        file: DURABILITY,
        find: 'write.lastIndex <= index ? write : { id: write.id, lastIndex: index, lastTerm: log.lastTerm },',
        replace: 'write,',
      },
    ],
  },
  {
    name: 'completion-of-entries-that-came-back',
    title: 'Entries that were cut off and came back count as flushed when the write of their first copy completes.',
    source: 'etcd async_storage_writes_append_aba_race',
    breaks: ['DUR'],
    suite: 'core',
    edits: [
      {
        file: DURABILITY,
        find: 'write.lastIndex <= index ? write : { id: write.id, lastIndex: index, lastTerm: log.lastTerm },',
        replace: 'write,',
      },
    ],
  },
  {
    name: 'truncation-not-written',
    title: 'The store is not told that the log was cut off.',
    source: 'ra 85cfe271',
    breaks: ['LM', 'DUR'],
    edits: [
      {
        file: DURABILITY,
        find: '    durability.truncatedAfter = Math.min(index, durability.truncatedAfter ?? index)\n',
        replace: '',
      },
    ],
  },
  {
    name: 'truncation-leaves-the-store-ahead',
    title: 'Entries that take the place of others count as written, for the others were.',
    source: 'ra 85cfe271',
    breaks: ['DUR', 'LM'],
    edits: [{ file: DURABILITY, find: '    durability.writtenIndex = index\n', replace: '' }],
  },
  {
    name: 'exchanged-store-takes-part',
    title: 'A server goes on that comes back with a blank store under its old name, and the others listen to it.',
    source: 'Vanlightly standard-raft, openraft #898, braft #292',
    breaks: ['ES', 'DUR'],
    edits: [
      {
        file: CONFIGURATIONS,
        find: 'return known === undefined || known.store === state.store',
        replace: `return known === undefined || known.store !== ''`,
      },
      {
        file: ADMISSION,
        find: 'if (known !== undefined && known.store !== packet.store && !packet.messages.every(isOfLeader)) {',
        replace: `if (known !== undefined && packet.store === '') {`,
      },
      {
        file: ADMISSION,
        find: 'if (store === undefined || store === server.state.store) {',
        replace: `if (store !== '') {`,
      },
    ],
  },
  {
    name: 'exchanged-store-not-seen-by-itself',
    title: 'A server that comes back with a blank store does not see that the group knows it by another.',
    source: 'Vanlightly standard-raft',
    breaks: ['ES', 'DUR'],
    suite: 'core',
    edits: [
      {
        file: CONFIGURATIONS,
        find: 'return known === undefined || known.store === state.store',
        replace: `return known === undefined || known.store !== ''`,
      },
    ],
  },
]
