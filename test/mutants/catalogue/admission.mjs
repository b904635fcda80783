// @ts-check
// Who may speak to a server, and how groups are born.

const HOSTED = 'packages/core/src/driver/hostedServer.ts'
const ADMISSION = 'packages/core/src/driver/admission.ts'
const BOOTSTRAPPER = 'packages/core/src/driver/bootstrapper.ts'
const BIRTH = 'packages/core/src/driver/birth.ts'
const DESK = 'packages/core/src/driver/clientDesk.ts'

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const ADMISSION_MUTANTS = [
  {
    name: 'client-append-of-any-term',
    title: 'A leader takes an append of a client that names an older term.',
    source: 'NATS 98c2891b0',
    breaks: ['XO'],
    suite: 'core',
    edits: [
      {
        file: DESK,
        find: '#append({ term, commands }: AppendRequest, reply: (reply: ClientReply) => void): void {',
        replace:
          '#append({ commands }: AppendRequest, reply: (reply: ClientReply) => void): void {\n' +
          '    const term = this.#options.server.state.currentTerm',
      },
    ],
  },
  {
    name: 'client-read-of-what-is-not-applied',
    title: 'A leader reads out entries that are not committed yet.',
    source: 'd-engine #381',
    breaks: ['DUR'],
    suite: 'core',
    edits: [{ file: HOSTED, find: 'const upTo = state.lastApplied', replace: 'const upTo = state.log.lastIndex' }],
  },
  {
    name: 'exchanged-store-heard',
    title: 'A server listens to one whose store is not the one that the group knows.',
    source: 'Vanlightly standard-raft',
    breaks: ['ES', 'DUR'],
    suite: 'core',
    edits: [
      {
        file: ADMISSION,
        find: 'if (known !== undefined && known.store !== packet.store && !packet.messages.every(isOfLeader)) {',
        replace: `if (known !== undefined && packet.store === '') {`,
      },
    ],
  },
  {
    name: 'recovered-leader-not-heard',
    title: 'A server that catches up does not hear a leader that its log knows by a store of long ago.',
    source: 'of our own: a server added after a recovery stood still until the leadership moved',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: ADMISSION,
        find: 'known.store !== packet.store && !packet.messages.every(isOfLeader)',
        replace: 'known.store !== packet.store && (isOfLeader(packet.messages[0]!) || !leads)',
      },
    ],
  },
  {
    name: 'other-groups-heard',
    title: 'A server listens to another group that has the same name.',
    source: 'dragonboat DeploymentID',
    breaks: ['ES', 'LM', 'SMS'],
    suite: 'core',
    edits: [
      {
        file: ADMISSION,
        find: 'if (packet.groupUuid !== undefined && packet.groupUuid !== configuration.groupUuid) {',
        replace: `if (packet.groupUuid === '' && packet.groupUuid !== configuration.groupUuid) {`,
      },
    ],
  },
  {
    name: 'ready-for-two-births',
    title: 'A node promises itself to every birth of a group that asks.',
    source: 'NATS b26f71513, 69aebe8de',
    breaks: ['CFG', 'ES'],
    suite: 'core',
    edits: [
      {
        file: BOOTSTRAPPER,
        find: 'present.untilMs > clock.now()) return false',
        replace: 'present.untilMs < 0) return false',
      },
      {
        file: BOOTSTRAPPER,
        find: 'held === undefined && (rival === undefined || rival === from)',
        replace: 'held === undefined && (rival === undefined || rival !== undefined)',
      },
    ],
  },
  {
    name: 'born-on-an-exchanged-store',
    title: 'A node writes the first entry of a group that knows it by another store.',
    source: 'Vanlightly standard-raft',
    breaks: ['CFG'],
    suite: 'core',
    edits: [
      {
        file: BOOTSTRAPPER,
        find: 'memberOf(entry.configuration, id)?.store !== store.identity) return',
        replace: `memberOf(entry.configuration, id) === undefined || store.identity === '') return`,
      },
    ],
  },
  {
    name: 'birth-accepted-before-the-write',
    title: 'A node says that it holds the first entry while the write of it is under way.',
    source: 'camunda #57386, jraft #1242',
    breaks: ['CFG', 'DUR'],
    suite: 'core',
    edits: [
      {
        file: BOOTSTRAPPER,
        find: 'if (durableIndex >= entry.index) accept()',
        replace: 'if (durableIndex >= 0) accept()',
      },
    ],
  },
  {
    name: 'born-without-all',
    title: 'A birth goes on as soon as one of the others has answered that it is free.',
    source: 'NATS b26f71513',
    breaks: ['CFG'],
    suite: 'core',
    edits: [
      {
        file: BIRTH,
        find: 'if (this.#silent().length === 0) this.#write()',
        replace: 'if (this.#silent().length < this.#others.length) this.#write()',
      },
    ],
  },
]
