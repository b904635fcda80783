// @ts-check
// The loop around the algorithm: timers, writes, reads.

const NODE = 'packages/core/src/driver/raftNode.ts'
const HOSTED = 'packages/core/src/driver/hostedServer.ts'
const WRITES = 'packages/core/src/driver/writes.ts'
const TIMERS = 'packages/core/src/driver/timers.ts'
const APPLIER = 'packages/core/src/driver/applier.ts'
const OUTBOX = 'packages/core/src/driver/outbox.ts'
const DOOR = 'packages/core/src/statecharts/raftServer.ts'

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const DRIVER_MUTANTS = [
  {
    name: 'write-failure-ignored',
    title: 'A write that failed counts as flushed.',
    source: 'jraft #1243, NATS 860e23645',
    breaks: ['ES', 'DUR'],
    edits: [
      {
        file: NODE,
        find: 'if (failure === undefined) server.writeCompleted(id)',
        replace: `if (failure?.error.message !== '') server.writeCompleted(id)`,
      },
    ],
  },
  {
    name: 'store-used-after-a-failure',
    title: 'A store whose write has failed is written to again.',
    source: 'fsyncgate',
    breaks: ['DUR'],
    suite: 'core',
    edits: [
      {
        file: WRITES,
        find: 'if (failure !== undefined) this.#failure ??= failure',
        replace: 'if (failure === undefined) this.#failure = undefined',
      },
    ],
  },
  {
    name: 'write-done-at-the-hand-over',
    title: 'A write counts as flushed as soon as the store has taken it.',
    source: 'openraft ee460f37, NATS lazy fsync (Jepsen 2.12.1)',
    breaks: ['DUR', 'ES'],
    edits: [
      {
        file: WRITES,
        find: 'this.#store.write(batch, finish)',
        replace: 'this.#store.write(batch, () => {})\n      this.#clock.soon(() => finish(undefined))',
      },
    ],
  },
  {
    name: 'heartbeats-end-without-a-leader',
    title: 'The tick of the heartbeats ends when a node has nothing that it leads, and never begins again.',
    source: 'WRaft#8 (SandTable)',
    breaks: ['LIVE'],
    edits: [
      {
        file: NODE,
        find: '      this.#tickHeartbeats()\n',
        replace:
          `      const leads = [...this.#hosted.values()].some(({ server }) => server.role === 'leader')\n` +
          '      if (leads) this.#tickHeartbeats()\n',
      },
    ],
  },
  {
    name: 'timeout-without-a-flush',
    title: 'What a timeout of the charts wants done waits until something else happens.',
    source: 'etcd-io/raft #138',
    breaks: ['LIVE'],
    edits: [{ file: NODE, find: 'onElapsed: () => this.#wake(hosted),', replace: 'onElapsed: () => {},' }],
  },
  {
    name: 'second-look-that-never-ends',
    title: 'A server that wants to look at its sockets before it stands for election is never told that it has.',
    source: 'hashicorp/raft #612',
    breaks: ['LIVE'],
    edits: [{ file: HOSTED, find: 'if (pollWanted) this', replace: 'if (pollWanted && reads.length > 0) this' }],
  },
  {
    name: 'late-alarm',
    title: 'A timer that is due before all others waits for the one that was due first when it was set.',
    source: 'fluree (timeouts in the wrong order)',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: TIMERS,
        find: 'this.#alarm.dueMs <= next.dueMs)',
        replace: 'this.#alarm.dueMs <= next.dueMs + 3_600_000)',
      },
    ],
  },
  {
    name: 'heap-out-of-order',
    title: 'The heap of timers goes on with the later of two.',
    source: 'fluree (timeouts in the wrong order)',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: TIMERS,
        find: 'isBefore(heap[left + 1]!, heap[left]!) ? left + 1 : left',
        replace: 'isBefore(heap[left]!, heap[left + 1]!) ? left + 1 : left',
      },
    ],
  },
  {
    name: 'cleared-timers-fire',
    title: 'A timer fires though it was cleared, and ends a role that is over.',
    source: 'openraft 511f33c7, redpanda #21345',
    breaks: ['LIVE', 'MONO'],
    suite: 'core',
    edits: [
      {
        file: TIMERS,
        find: 'while (this.#heap[0]?.isCleared === true) this.#pop()',
        replace: 'while (this.#heap[0]?.dueMs === -1) this.#pop()',
      },
    ],
  },
  {
    name: 'failed-hand-over-ends-the-round',
    title: 'What is for other nodes is dropped when the hand-over to one of them fails.',
    source: 'WRaft#8 (SandTable)',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [{ file: OUTBOX, find: '} catch {\n', replace: '} catch {\n        break\n' }],
  },
  {
    name: 'lost-reads-stop-the-follower',
    title: 'Entries that were read for a follower are dropped on their way back to the leader.',
    source: 'openraft #1828',
    breaks: ['LIVE'],
    edits: [
      {
        file: HOSTED,
        find: 'if (error !== undefined) return\n',
        replace: 'if (error !== undefined || entries.length > 0) return\n',
      },
    ],
  },
  {
    name: 'failed-read-goes-on',
    title: 'A server goes on whose store could not read what it had taken.',
    source: 'PAR (FAST 2018)',
    breaks: ['DUR', 'LIVE'],
    suite: 'core',
    edits: [
      {
        file: HOSTED,
        find: 'if (failure !== undefined) this.#fail(failure.error)',
        replace: 'if (failure === undefined) this.#options.wake(this)',
      },
    ],
  },
  {
    name: 'failed-state-machine-goes-on',
    title: 'A server goes on whose state machine has thrown, and never applies anything again.',
    source: 'etcd-io/raft #18',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: APPLIER,
        find: 'fail(toError(error))',
        replace: 'if (!(error instanceof Error)) fail(toError(error))',
      },
    ],
  },
  {
    name: 'batch-done-twice',
    title: 'A state machine that says twice that it has taken a batch is given the next one twice.',
    source: 'async-raft eed681d5',
    breaks: ['SMS'],
    suite: 'core',
    edits: [
      {
        file: APPLIER,
        find: '        if (isDone) return\n',
        replace: `        if (isDone && server.role === 'stopped') return\n`,
      },
    ],
  },
  {
    name: 'answers-end-with-the-server',
    title: 'Who waits for an append is told nothing when the server stops.',
    source: 'openraft #1761',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      { file: DOOR, find: 'answers: outputs.answers, write: undefined', replace: 'answers: [], write: undefined' },
    ],
  },
  {
    name: 'stopped-server-speaks',
    title: 'A server that stopped on a failure still hands out what it wanted done.',
    source: 'NATS 860e23645',
    breaks: ['DUR', 'ES'],
    edits: [
      {
        file: DOOR,
        find: `return this.state.failure === undefined ? roleOf(this.#actor) : 'stopped'`,
        replace: `const role = roleOf(this.#actor)\n    return role === 'stopped' ? 'follower' : role`,
      },
    ],
  },
]
