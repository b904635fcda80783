/** What must hold in every state that the search meets. § numbers are those of the extended Raft paper. */
export const PROMISES = {
  electionSafety: 'a term has at most one leader (§5.2)',
  logMatching: 'entries of one index and term are the same, and so are all before them (§5.3)',
  leaderCompleteness: 'a leader holds every entry that was committed in an earlier term (§5.4)',
  leaderAppendOnly: 'a leader never overwrites or deletes entries of its log (§5.3)',
  stateMachineSafety: 'what is committed at an index is the same on all servers, ever (§5.4.3)',
  commitIsDurable: 'an entry is committed once the disks of a majority hold it (§5.3)',
  commitIsLed: 'an entry is committed by a leader before anybody else hears of it (§5.3)',
  voteIsDurable: 'a vote leaves only once it is on disk (§5.1, Figure 2)',
  oneVoteATerm: 'a server votes for at most one candidate in a term, restarts included (§5.2)',
  termIsDurable: 'a message leaves only once its term is on disk (§5.1, Figure 2)',
  termNeverFalls: 'the term of a server never falls (§5.1)',
  acknowledgedIsDurable: 'a follower acknowledges only what is on its disk (§5.3)',
  commitNeverFalls: 'the commit index of a process never falls (Figure 2)',
  answerIsTrue: 'an append that was answered stands where the answer says, and one that was refused does not (§8)',
  coreHolds: 'the core finds nothing wrong with itself',
} as const

export type Promised = keyof typeof PROMISES

/** A promise was broken; the message says which and how. */
export class PromiseBroken extends Error {
  readonly promise: Promised

  constructor(promise: Promised, detail: string, options?: ErrorOptions) {
    super(`${PROMISES[promise]}; but ${detail}`, options)
    this.name = 'PromiseBroken'
    this.promise = promise
  }
}

/** @throws PromiseBroken with what `detail` says when it does not hold. */
export function keep(holds: boolean, promise: Promised, detail: () => string): asserts holds {
  if (!holds) throw new PromiseBroken(promise, detail())
}
