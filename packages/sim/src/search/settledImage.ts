import type { RaftMessage, RaftState, ServerImage } from '@quorate/core'

type Durability = RaftState['durability']
type Peers = RaftState['peers']

/** The one session that a leader of a term has with each of its peers. */
const THE_SESSION = 1

/**
 * The image with everything set to one value that no later behaviour can depend on, so that servers which will act alike
 * look alike:
 *
 * - times: any timeout may elapse at any moment, so it does not matter how much of it is left;
 * - numbers of writes: only their order among those still pending counts;
 * - numbers of sessions: a leader has one session with a peer in a term, and answers of other terms are told by the term;
 * - the window of a leader: it is wider than any log of the search;
 * - whether a follower had a word since the last tick: the tick that says nothing may come at any moment too;
 * - the commit index a peer was told: looked at only when the leader's has just risen above it;
 * - the commit index that leaders told: it only says how stale a read may be, and nobody reads;
 * - how much of snapshots a leader may send: there are none.
 */
export function settledImage(image: ServerImage): ServerImage {
  const { state, timeout } = image
  const { following, votes, peers, durability, settings } = state
  return {
    ...image,
    peerValues: new Map([...image.peerValues].sort(byKey)),
    timeout: timeout && { event: timeout.event, dueAtMs: settings.electionTimeoutMinMs },
    state: {
      ...state,
      lastContactMs: 0,
      leaderHeardAtMs: 0,
      electionTimeoutMs: settings.electionTimeoutMinMs,
      lastSession: 0,
      ticksSinceTransfer: 0,
      leaderCommit: 0,
      snapshotCreditBytes: 0,
      following: following && { ...following, session: THE_SESSION },
      votes: new Set([...votes].sort()),
      peers: settledPeers(peers),
      durability: settledDurability(durability),
    },
  }
}

/** As a message looks in the network of the search, where all sessions are one. */
export function settledMessage(message: RaftMessage): RaftMessage {
  return 'session' in message && message.session > THE_SESSION ? { ...message, session: THE_SESSION } : message
}

function settledPeers(peers: Peers): Peers {
  const settled = [...peers].map(([id, { nextIndex, matchIndex, isReading }]) => {
    const unseen = {
      inflight: [],
      inflightBytes: 0,
      silentTicks: 0,
      acknowledgedRound: 0,
      sentSinceTick: false,
      toldCommit: 0,
      machineVersion: 0,
    }
    const round = { roundGoal: 0, roundTicks: 0, isCaughtUp: false }
    return [
      id,
      { id, session: THE_SESSION, nextIndex, matchIndex, ...unseen, ...round, isReading, sending: undefined },
    ] as const
  })
  return new Map(settled.sort(byKey))
}

function settledDurability(durability: Durability): Durability {
  const done = durability.durableWriteId
  return {
    ...durability,
    stalledTicks: 0,
    lastWriteId: durability.lastWriteId - done,
    pending: durability.pending.map((write) => ({ ...write, id: write.id - done })),
    hardStateWriteId: Math.max(0, durability.hardStateWriteId - done),
    durableWriteId: 0,
    held: sortedHeld(
      durability.held.map(({ to, message, after }) => ({ to, message: settledMessage(message), after: after - done })),
    ),
  }
}

/** The network keeps no order, so neither does what waits for it. */
export function sortedHeld(held: Durability['held']): Durability['held'] {
  return held
    .map((one) => [JSON.stringify(one), one] as const)
    .sort(byKey)
    .map(([, one]) => one)
}

export function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0
}
