/** What must be true after every event, by name: a sentence each. § numbers are those of the extended Raft paper. */
export const INVARIANTS = {
  // Terms and votes
  electionSafety: 'a term has at most one leader, ever (§5.2)',
  oneVoteATerm: 'a server votes for at most one candidate in a term, restarts included (§5.2)',
  voteIsDurable: 'a vote leaves only once it is on disk (§5.1, Figure 2)',
  termIsDurable: 'a message leaves only once its term is on disk (§5.1, Figure 2)',
  termNeverFalls: 'the term of a server never falls, restarts included (§5.1)',
  speaksForward: 'a server says nothing to another in an older term than it has spoken to it in before (§5.1)',
  voteIsEarned: 'a vote goes only to a candidate whose log is at least as up-to-date (§5.4.1)',
  voteIsAsked: 'a vote goes only to a candidate that asked for it in that term (§5.2)',
  voteIsGiven: 'a server that may vote for a candidate does (Figure 2)',
  votesAreReal: 'a candidate counts only votes that were given to it (§5.2)',
  newerTermIsAdopted: 'a server that hears of a newer term adopts it (§5.1)',
  leaderIsBelieved:
    'a server that has heard its leader within the shortest election timeout disregards candidates (thesis §4.2.3)',
  termIsWanted:
    'a server begins a term only when a majority would vote for it, or its leader has told it to (thesis §9.6, §3.10)',
  preVoteIsEarned:
    'a pre-vote comes only from a server that hears no leader and would give its vote, and changes nothing (thesis §9.6)',
  leaderIsElected: 'a leader has the durable votes of a majority of its configuration (§5.2)',
  membersAlone:
    'only voters of the configuration stand for election and are elected, and who knows of none never votes (§6)',
  // Logs
  leaderAppendOnly: 'a leader never overwrites or deletes entries of its log (§5.3)',
  logMatching: 'entries of one index and term are the same, and so are all before them (§5.3)',
  leaderAppendsFirst: 'a new leader appends an entry of its own term at once (§8)',
  leaderCompleteness: 'a leader holds every entry that was committed in an earlier term (§5.4)',
  entriesAreLed: 'an entry first appears in the log of the leader of its term (§5.3)',
  termsAscend: 'terms and times never fall along a log, and no entry is of a later term than its server (§5.3)',
  oneChangeAtATime: 'a leader appends a configuration when the one before and an entry of its term are committed (§6)',
  majoritiesOverlap: 'any majority of a configuration has a server in common with any of the next one (§6)',
  configurationIsLatest: 'a server uses the latest configuration in its log (§6)',
  // Commitment
  stateMachineSafety: 'servers apply the same entry at an index, ever (§5.4.3)',
  commitIsDurable: 'an entry is committed once the disks of a majority hold it (§5.3)',
  commitIsOfOwnTerm: 'a leader commits by counting only entries of its own term (§5.4.2)',
  commitIsFinal: 'what is committed at an index never changes (§5.4)',
  commitIsLed: 'an entry is committed by a leader before anybody else hears of it (§5.3)',
  commitNeverFalls: 'commitIndex and lastApplied never fall within a process (Figure 2)',
  commitStays: 'no server removes a committed entry from its log (§5.4)',
  followerCommitsVerified: 'a follower takes as committed only what the leader committed (§5.3, Figure 2)',
  appliedIsDurable: 'a server applies only what is on its own disk',
  durableIsDurable: 'a server takes for durable only what is on its own disk',
  appliedInOrder:
    'a process applies each entry once, in order, without a hole but for those that a snapshot stands for (§5.3, §7)',
  pointersAreInOrder: 'the indexes of a server stand in their order (packages/core/docs/log-pointers.md)',
  replicasAgree: 'state machines that have applied the same entries are in the same state',
  snapshotIsCommitted:
    'a snapshot stands for what is committed up to its last entry, and the state restored from it is that of those entries (§7)',
  // Replication
  matchIsTrue: 'a leader takes a follower to hold only what is on that disk (§5.3)',
  matchNeverFalls: 'matchIndex never falls, and nextIndex stays above it, within a session (Figure 2)',
  acknowledgedIsDurable: 'a follower acknowledges only what is on its disk and in the log of the leader (§5.3)',
  leaderSpeaksTruth:
    'AppendEntries and InstallSnapshot come from the leader of their term, and say what stands in its log and its snapshot (§5.3, §7)',
  windowIsBounded: 'a leader runs no further ahead of a follower than its window (thesis §10.2.1)',
  transferHoldsAppends: 'a leader that hands over appends nothing meanwhile (thesis §3.10)',
  targetIsUpToDate: 'a server is told to take over only when its disk holds the whole log (thesis §3.10)',
  roleAndStateAgree: 'the chart and the state of a server tell the same role (§5.1)',
  // Timers
  heartbeatsKeepUp: 'a leader that runs lets no follower wait for a word longer than a heartbeat interval (§5.2)',
  leadersAreHeard: 'a leader that no majority answers gives way within the longest election timeout (thesis §6.2)',
  stalledLeadersGiveWay: 'a leader whose disk has stalled gives way in time',
  electionsAreCalled: 'a follower that hears nothing for an election timeout stands for election (§5.2)',
  contactIsTheLeaders:
    'a word of the current leader or a vote that was given puts off an election, and nothing else (§5.2)',
  timeoutsAreDrawn: 'election timeouts are drawn at random from their interval (§5.2)',
  looksBeforeItStands: 'a process that stood still looks at what has come before its server stands for election',
  roundIsAsked: 'a candidate begins a new round only when it could ask for votes in the one before (§5.2)',
  // Storage
  flushedIsFlushed: 'what a store reports as flushed is flushed',
  storeKeeps: 'a store holds what it reported as flushed, and nothing that it was not given',
  failureIsFinal: 'a server whose store has failed says and writes nothing more',
  damageIsFound: 'a store that was damaged or exchanged takes no part',
  // Clients
  answeredOnce: 'an append is answered once, as long as the process that took it lives',
  answeredIsCommitted: 'an append that was answered stands where the answer says (§8)',
  refusedIsAbsent: 'an append that was refused is not in the log (§8)',
  appendedInItsTerm: 'an append stands in the term that it named, or nowhere',
  // Versions of the state machine
  versionsRise: 'versions of the state machine rise along the log',
  versionIsSupported: 'the log goes over to a version when every member has had code for it',
  versionsAgree: 'every server applies an entry by the version that the log says',

  appendedOnce: 'what was sent once stands in the log once (§8)',
  keyStandsOnce: 'what has an idempotency key stands in the log once, however often it was sent (thesis §6.3)',
  sameKeySameAnswer: 'whoever sends the same again, under the same idempotency key, gets the same answer (thesis §6.3)',
  readsAreCurrent: 'a read index covers all that was committed when it was asked for (thesis §6.4)',
  machineTakesAll: 'a state machine takes every command',
  // The core's own assertions, and nothing else that throws.
  coreHolds: 'the core finds nothing wrong with itself',
  nothingThrows: 'nothing throws out of an event',
} as const

export type InvariantName = keyof typeof INVARIANTS

/** Something that must always be true was not. */
export class InvariantBroken extends Error {
  readonly invariant: InvariantName
  readonly detail: string

  constructor(invariant: InvariantName, detail: string, options?: ErrorOptions) {
    super(`${invariant}: ${INVARIANTS[invariant]}. But ${detail}`, options)
    this.name = 'InvariantBroken'
    this.invariant = invariant
    this.detail = detail
  }
}

/** @throws InvariantBroken with what `detail` says when it does not hold. */
export function hold(holds: boolean, invariant: InvariantName, detail: () => string): asserts holds {
  if (!holds) throw new InvariantBroken(invariant, detail())
}
