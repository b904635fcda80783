import { expect, test } from 'vitest'
import { describeStory } from '../../src/diagram/describeStory.ts'
import { drawStory } from '../../src/diagram/drawStory.ts'
import type { Story, StoryStep } from '../../src/diagram/story.ts'
import { StoryDraft } from './storyDraft.ts'

const SENT: StoryStep = {
  kind: 'sent',
  atMs: 5,
  message: 1,
  from: 'n1',
  to: 'n2',
  name: 'requestVote',
  text: 'requestVote term 2',
}

test.each<[string, Partial<Story>, string]>([
  ['no nodes', { nodes: [] }, 'the story has no nodes: name every node that its steps speak of'],
  ['a node twice', { nodes: ['n1', 'n1'] }, 'the story names a node twice (n1, n1): name each of them once'],
  [
    'a node that it does not name',
    { steps: [{ ...SENT, to: 'n9' }] },
    'step 0 of the story (sent) speaks of "n9": name that node in the story\'s nodes',
  ],
  [
    'a role of such a node',
    { steps: [{ kind: 'role', atMs: 0, node: 'n9', role: 'leader', term: 1 }] },
    'step 0 of the story (role) speaks of "n9"',
  ],
  [
    'a happening on such a node',
    { steps: [{ kind: 'happened', atMs: 0, node: 'n9', text: 'crash', tone: 'fault' }] },
    'step 0 of the story (happened) speaks of "n9"',
  ],
  [
    'a message to its sender',
    { steps: [{ ...SENT, to: 'n1' }] },
    'step 0 of the story (sent) goes from n1 to itself: leave',
  ],
  [
    'a message sent twice',
    { steps: [SENT, SENT] },
    'step 1 of the story (sent) sends message 1 a second time: give every',
  ],
  [
    'a receipt of nothing',
    { steps: [{ kind: 'received', atMs: 1, message: 7 }] },
    'step 0 of the story (received) is about message 7, which was not sent before: tell its sending too',
  ],
  [
    'a loss before the message was sent',
    { steps: [{ kind: 'lost', atMs: 1, message: 1, why: 'cut' }, SENT] },
    'step 0 of the story (lost) is about message 1, which was not sent before',
  ],
  [
    'time that goes back',
    { steps: [SENT, { kind: 'received', atMs: 4, message: 1 }] },
    'step 1 of the story (received) is at 4, before the step in front of it at 5: put steps in order',
  ],
  [
    'no time',
    { steps: [{ ...SENT, atMs: Number.NaN }] },
    'step 0 of the story (sent) is at NaN: give simulated milliseconds',
  ],
  [
    'a promise broken at no time',
    { broken: { promise: 'p', detail: 'd', atMs: Infinity } },
    'the promise was broken at Infinity: give the simulated milliseconds of that moment',
  ],
])('a story with %s is refused', (_, change, message) => {
  const story = { ...new StoryDraft().finish({ nodes: ['n1', 'n2'] }), ...change }
  expect(() => drawStory(story)).toThrow(RangeError)
  expect(() => drawStory(story)).toThrow(message)
  expect(() => describeStory(story)).toThrow(message)
})
