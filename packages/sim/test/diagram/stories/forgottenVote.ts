import type { Story } from '../../../src/diagram/story.ts'
import { StoryDraft } from '../storyDraft.ts'

/** A server answers before its vote is on disk, forgets it in a crash, and votes a second time in one term. */
export function forgottenVote(): Story {
  const draft = new StoryDraft()
  for (const node of ['n1', 'n2', 'n3']) draft.role(0, node, 'follower', 1)
  draft.role(171, 'n1', 'candidate', 2)
  draft.happened(171.6, 'n1', 'disk', 'flushed term 2, vote n1')
  draft.post(171.6, 0.4, 'n1', 'n2', 'requestVote', 'term 2 last 1/1')
  const overtaken = draft.send(171.6, 'n1', 'n3', 'requestVote', 'term 2 last 1/1')
  draft.role(172, 'n2', 'follower', 2)
  draft.happened(172, 'n2', 'disk', 'writes term 2, vote n1')
  draft.post(172, 0.5, 'n2', 'n1', 'requestVote.granted', 'term 2')
  draft.happened(172.2, 'n2', 'fault', 'crash: power cut, 1 write was not flushed')
  draft.role(172.2, 'n2', 'down', 1)
  draft.role(172.5, 'n1', 'leader', 2)
  draft.role(172.8, 'n3', 'candidate', 2)
  draft.happened(173.3, 'n3', 'disk', 'flushed term 2, vote n3')
  const first = draft.send(173.3, 'n3', 'n1', 'requestVote', 'term 2 last 1/1')
  draft.lose(173.3, draft.send(173.3, 'n3', 'n2', 'requestVote', 'term 2 last 1/1'), 'nobody is there')
  draft.receive(173.9, first)
  draft.receive(174, overtaken)
  draft.post(174, 0.3, 'n3', 'n1', 'requestVote.refused', 'term 2')
  draft.post(173.9, 0.3, 'n1', 'n3', 'requestVote.refused', 'term 2')
  draft.happened(180, 'n2', 'fault', 'restart: finds term 1, no vote')
  draft.role(180, 'n2', 'follower', 1)
  draft.receive(181.2, first + 1, 2)
  draft.role(181.2, 'n2', 'follower', 2)
  draft.happened(181.2, 'n2', 'disk', 'writes term 2, vote n3')
  draft.post(181.2, 0.6, 'n2', 'n3', 'requestVote.granted', 'term 2')
  draft.role(181.8, 'n3', 'leader', 2)
  draft.happened(181.8, 'n3', 'broken', 'a second leader of term 2')
  draft.send(181.8, 'n3', 'n2', 'heartbeat', 'term 2 prev 1/1 commit 0 session 1')
  return draft.finish({
    title: 'Two leaders in one term',
    seed: 7,
    nodes: ['n1', 'n2', 'n3'],
    replay: 'npx quorate-sim replay --seed 7',
    broken: {
      promise: 'a term has at most one leader, ever (§5.2)',
      detail: 'n3 leads term 2, and n1 has led it since 172.5 ms. Both have the vote of n2.',
      atMs: 181.8,
    },
  })
}
