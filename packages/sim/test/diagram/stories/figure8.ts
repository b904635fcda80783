import type { Story } from '../../../src/diagram/story.ts'
import { StoryDraft } from '../storyDraft.ts'

const NODES = ['n1', 'n2', 'n3', 'n4', 'n5']

/**
 * Figure 8 of the paper, told of a leader that commits by counting entries of former terms: what §5.4.2 forbids. The
 * parts are those of the figure, (a) to (d).
 */
export function figure8(): Story {
  const draft = new StoryDraft()
  leadsTerm2(draft)
  leadsTerm3(draft)
  leadsTerm4(draft)
  leadsTerm5(draft)
  return draft.finish({
    title: 'A committed entry is missing from the log of a later leader',
    seed: 80421,
    nodes: NODES,
    replay: 'npx quorate-sim replay --seed 80421 --shrunk 17',
    broken: {
      promise: 'a leader holds every entry that was committed in an earlier term (§5.4)',
      detail:
        'n5 leads term 5 with the log 1/1 2/3. Entry 2/2 was committed in term 4, by n1 at 1,071.9 ms, and an append was ' +
        'answered with it.',
      atMs: 1602.9,
    },
  })
}

/** (a) n1 leads term 2, and an entry reaches n2 alone. */
function leadsTerm2(draft: StoryDraft): void {
  draft.role(0, 'n1', 'leader', 2)
  for (const node of NODES.slice(1)) draft.role(0, node, 'follower', 2)
  draft.beat(50, 4, 'n1', NODES.slice(1), 'term 2 prev 1/1 commit 1 session 1', 'term 2 match 1 session 1')
  draft.happened(212, 'n1', 'client', 'append "x" from client 1')
  draft.happened(212, 'n1', 'disk', 'writes entry 2/2')
  const text = 'term 2 prev 1/1 entries 2/2 commit 1 session 1'
  draft.post(212, 0.6, 'n1', 'n2', 'appendEntries', text)
  draft.happened(212.3, undefined, 'fault', 'n1 is cut off from n3, n4 and n5')
  for (const node of ['n3', 'n4', 'n5']) {
    const message = draft.send(212, 'n1', node, 'appendEntries', text)
    draft.lose(212.4 + Number(node[1]) / 10, message, 'the link is cut')
  }
  draft.happened(212.6, 'n2', 'disk', 'writes entry 2/2')
  draft.happened(213.1, 'n1', 'disk', 'flushed up to 2')
  draft.happened(213.9, 'n2', 'disk', 'flushed up to 2')
  const accepted = draft.send(213.9, 'n2', 'n1', 'appendEntries.accepted', 'term 2 match 2 session 1')
  draft.happened(214.2, 'n1', 'fault', 'crash: power cut')
  draft.role(214.2, 'n1', 'down', 2)
  draft.lose(214.5, accepted, 'nobody is there')
}

/** (b) n5 leads term 3, and keeps its entry to itself. */
function leadsTerm3(draft: StoryDraft): void {
  draft.role(430, 'n5', 'candidate', 3)
  draft.happened(430.8, 'n5', 'disk', 'flushed term 3, vote n5')
  for (const node of ['n2', 'n3', 'n4'])
    draft.post(430.8, 0.3 + Number(node[1]) / 10, 'n5', node, 'requestVote', 'term 3 last 1/1')
  draft.postInVain(430.8, 'n5', 'n1', 'requestVote', 'term 3 last 1/1', 'nobody is there')
  draft.role(431.3, 'n2', 'follower', 3)
  draft.post(431.9, 0.5, 'n2', 'n5', 'requestVote.refused', 'term 3')
  for (const [node, atMs] of [
    ['n3', 431.4],
    ['n4', 431.5],
  ] as const) {
    draft.role(atMs, node, 'follower', 3)
    draft.happened(atMs + 0.6, node, 'disk', 'flushed term 3, vote n5')
    draft.post(atMs + 0.6, 0.4, node, 'n5', 'requestVote.granted', 'term 3')
  }
  draft.role(432.5, 'n5', 'leader', 3)
  draft.happened(432.5, 'n5', 'disk', 'writes entry 2/3, a no-op')
  draft.happened(432.6, undefined, 'fault', 'n5 is cut off from everybody')
  for (const node of ['n2', 'n3', 'n4']) {
    draft.postInVain(
      432.7,
      'n5',
      node,
      'appendEntries',
      'term 3 prev 1/1 entries 2/3 commit 1 session 2',
      'the link is cut',
    )
  }
  draft.happened(433.4, 'n5', 'disk', 'flushed up to 2')
  draft.happened(440, 'n5', 'fault', 'crash: the process is killed')
  draft.role(440, 'n5', 'down', 3)
}

/** (c) n1 is back, leads term 4, brings 2/2 to a majority, and commits it by counting. */
function leadsTerm4(draft: StoryDraft): void {
  draft.happened(600, undefined, 'fault', 'all links are whole again')
  draft.happened(610, 'n1', 'fault', 'restart: finds term 2, log 1/1 2/2')
  draft.role(610, 'n1', 'follower', 2)
  draft.role(802, 'n1', 'candidate', 3)
  draft.happened(802.7, 'n1', 'disk', 'flushed term 3, vote n1')
  for (const node of ['n2', 'n3', 'n4'])
    draft.post(802.7, Number(node[1]) / 10, 'n1', node, 'requestVote', 'term 3 last 2/2')
  draft.happened(803.5, 'n2', 'disk', 'flushed vote n1')
  const late = draft.send(803.5, 'n2', 'n1', 'requestVote.granted', 'term 3')
  draft.post(803, 0.4, 'n3', 'n1', 'requestVote.refused', 'term 3')
  draft.post(803.1, 0.4, 'n4', 'n1', 'requestVote.refused', 'term 3')
  draft.role(1064, 'n1', 'candidate', 4)
  draft.happened(1064.8, 'n1', 'disk', 'flushed term 4, vote n1')
  for (const node of ['n2', 'n3', 'n4'])
    draft.post(1064.8, Number(node[1]) / 10, 'n1', node, 'requestVote', 'term 4 last 2/2')
  for (const [node, atMs] of [
    ['n2', 1065],
    ['n3', 1065.1],
    ['n4', 1065.2],
  ] as const) {
    draft.role(atMs, node, 'follower', 4)
    draft.happened(atMs + 0.7, node, 'disk', 'flushed term 4, vote n1')
    const granted = draft.post(atMs + 0.7, 0.4, node, 'n1', 'requestVote.granted', 'term 4')
    if (node === 'n3') draft.receive(1068.5, granted, 2)
  }
  draft.role(1066.1, 'n1', 'leader', 4)
  draft.happened(1066.1, 'n1', 'disk', 'writes entry 3/4, a no-op')
  draft.receive(1073, late)
  replicatesTerm4(draft)
}

function replicatesTerm4(draft: StoryDraft): void {
  const text = 'term 4 prev 2/2 entries 3/4 commit 1 session 3'
  draft.postInVain(1066.2, 'n1', 'n2', 'appendEntries', text, 'lost on the way')
  draft.post(1066.2, 0.7, 'n1', 'n3', 'appendEntries', text)
  const n4 = draft.send(1066.2, 'n1', 'n4', 'appendEntries', text)
  draft.lose(1067.6, n4, 'lost on the way')
  draft.post(1066.9, 0.5, 'n3', 'n1', 'appendEntries.rejected', 'term 4 prev 2 hint 1/1 session 3')
  draft.post(1067.4, 0.8, 'n1', 'n3', 'appendEntries', 'term 4 prev 1/1 entries 2/2 commit 1 session 3')
  draft.happened(1068.2, 'n3', 'disk', 'writes entry 2/2')
  draft.happened(1070.9, 'n3', 'disk', 'flushed up to 2')
  draft.post(1070.9, 1, 'n3', 'n1', 'appendEntries.accepted', 'term 4 match 2 session 3')
  draft.happened(1071.9, 'n1', 'commit', 'commitIndex 1 → 2: n1, n2 and n3 hold entry 2/2, of term 2')
  draft.happened(1072.4, 'n1', 'client', 'append "x" is answered: index 2')
  draft.happened(1074, 'n1', 'fault', 'crash: power cut, entry 3/4 was not flushed')
  draft.role(1074, 'n1', 'down', 4)
}

/** (d) n5 is back, and whoever has entry 2/2 may vote for it: its last entry is of a later term. */
function leadsTerm5(draft: StoryDraft): void {
  draft.happened(1100, 'n5', 'fault', 'restart: finds term 3, log 1/1 2/3')
  draft.role(1100, 'n5', 'follower', 3)
  draft.role(1350, 'n5', 'candidate', 4)
  draft.happened(1350.6, 'n5', 'disk', 'flushed term 4, vote n5')
  for (const node of ['n2', 'n3', 'n4']) {
    const delayMs = 0.6 - Number(node[1]) / 10
    draft.post(1350.6, delayMs, 'n5', node, 'requestVote', 'term 4 last 2/3')
    draft.post(1350.6 + delayMs, 0.4, node, 'n5', 'requestVote.refused', 'term 4')
  }
  draft.role(1601, 'n5', 'candidate', 5)
  draft.happened(1601.5, 'n5', 'disk', 'flushed term 5, vote n5')
  for (const node of ['n2', 'n3', 'n4']) {
    const delayMs = 0.6 - Number(node[1]) / 10
    draft.post(1601.5, delayMs, 'n5', node, 'requestVote', 'term 5 last 2/3')
    draft.role(1601.5 + delayMs, node, 'follower', 5)
    draft.happened(1602.1 + delayMs, node, 'disk', 'flushed term 5, vote n5')
    draft.post(1602.1 + delayMs, 0.5, node, 'n5', 'requestVote.granted', 'term 5')
  }
  draft.role(1602.9, 'n5', 'leader', 5)
}
