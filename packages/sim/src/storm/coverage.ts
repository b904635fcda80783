/** What a storm should bring about, and how often it must within 1,000 seeds: an idle storm is a failed storm. */
export const COVERAGE = {
  leaderElected: 'a server was elected',
  leadershipTransferred: 'a leader handed over to another server',
  transferAbandoned: 'the server that was to lead did not take over in time',
  preVoteRefused: 'a server was told that it would not be elected',
  candidateDisregarded: 'a candidate was not heard, since there was a leader',
  leaderGaveWay: 'a leader that heard no majority, or whose disk stalled, gave way in its own term',
  membersChanged: 'a change of the members was carried out',
  changeSuperseded: 'a change of the members gave way to another while servers caught up',
  changeRefused: 'a change of the members was refused',
  jointConsensus: 'two sets of voters had to agree',
  configurationTruncated: 'a configuration was cut off, and the one before it came back',
  leaderRemoved: 'a leader that no longer votes handed over',
  removalLearnt: 'a candidate was told that it is no member any more',
  splitVote: 'a round of votes elected nobody, and several had asked',
  leaderDeposed: 'a leader that was running gave way to a newer term',
  leaderCutOff: 'a leader was cut off while it took appends',
  leaderCrashed: 'a leader crashed',
  leaderFrozen: 'a leader stood still for longer than an election timeout',
  leaderDiskStalled: 'the disk of a leader stalled for longer than an election timeout',
  suffixTruncated: 'a conflicting suffix was cut off',
  twoTermsTruncated: 'a conflicting suffix of two terms or more was cut off',
  logsDisagreed: 'a follower rejected entries that did not fit its log',
  entriesReadBack: 'entries were read from the store for a follower far behind or for the state machine',
  snapshotTaken: 'a server took a snapshot, and compacted its log',
  snapshotInstalled: 'a follower installed a snapshot that it was sent',
  snapshotOverEntries: 'an installed snapshot took the place of entries that were not known to be committed',
  snapshotResumed: 'a snapshot on its way went on where it was, under another leader or after a long silence',
  snapshotAbandoned: 'a snapshot on its way was given up for another, or for entries',
  stateRestored: 'a process began with the state of a snapshot',
  crashedBehindFlush: 'a process crashed between a flush and what it was to say of it',
  completedInNewRole: 'a write completed after its server had changed its role',
  processKilled: 'a process was killed, and its disk kept its cache',
  powerCut: 'the power went, and with it what was not flushed',
  crashedInRecovery: 'a process crashed while it opened its store',
  allDown: 'all servers were down at once',
  tornTailCut: 'a write that did not arrive as a whole was cut off',
  writeFailed: 'a write, flush or other call of the disk failed',
  diskFull: 'a disk was full',
  damageFound: 'a damaged store was found out and refused',
  entriesDamaged: 'a store lacked entries, and its server asked the others for them',
  logRepaired: 'a log was made whole with the entries of other servers',
  wipeFound: 'a server with an exchanged store was found out and stopped',
  serverRecovered: 'a server with an exchanged store was let in again',
  processFrozen: 'a process stood still',
  linksCut: 'some servers were cut off from others',
  oneWayCut: 'a link carried messages one way only',
  cutsOverlapped: 'two partitions overlapped',
  messageLost: 'a message was lost',
  messageCopied: 'a message came twice',
  messageEchoed: 'a message of long ago came once more',
  messageLate: 'a message came more than ten seconds late',
  messageOfOldTerm: 'a message of at least two terms ago came',
  messageAcrossRestart: 'a message was for a former process of its server',
  reconnected: 'a connection broke and came back',
  appendAnswered: 'an append was answered',
  appendRefused: 'an append was refused',
  appendUnknown: 'the outcome of an append stayed unknown',
  keyedTriedAgain: 'an append of unknown outcome was tried again under its idempotency key',
  keyedFound: 'an append that was tried again stood in the log already',
  keyForgotten: 'what became of an append could not be told any more, its idempotency key being forgotten',
  codeDeployed: 'a server got newer code of its state machine',
  codePutBack: 'a server got older code of its state machine',
  versionLacked: 'a server stopped since its code lacked the version in force',
  machineUpgraded: 'the log went over to a newer version of the state machine',
  readAnswered: 'a read index was given',
  readRefused: 'nobody could say what is committed',
  burst: 'many appends came at once',
  wallClockJumped: 'a calendar jumped',
} as const

export type CoverageName = keyof typeof COVERAGE

/** How often each must happen in 1,000 seeds. */
const COVERAGE_MINIMUM = 20
/** Fewer seeds say nothing of what is too rare. */
const SEEDS_THAT_TELL = 100

/** How often what happened. */
export class Coverage {
  readonly #counts = new Map<CoverageName, number>()

  count(name: CoverageName, times: number = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + times)
  }

  get counts(): Readonly<Record<CoverageName, number>> {
    const names = Object.keys(COVERAGE) as CoverageName[]
    return Object.fromEntries(names.map((name) => [name, this.#counts.get(name) ?? 0])) as Record<CoverageName, number>
  }

  add(counts: Readonly<Record<CoverageName, number>>): void {
    for (const [name, times] of Object.entries(counts)) this.count(name as CoverageName, times)
  }

  /** What happened too rarely in so many seeds. */
  missing(seeds: number): CoverageName[] {
    if (seeds < SEEDS_THAT_TELL) return []
    const least = (COVERAGE_MINIMUM * seeds) / 1000
    return (Object.entries(this.counts) as [CoverageName, number][])
      .filter(([, times]) => times < least)
      .map(([name]) => name)
  }
}
