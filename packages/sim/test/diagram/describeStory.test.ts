import { expect, test } from 'vitest'
import { describeStory } from '../../src/diagram/describeStory.ts'
import { forgottenVote } from './stories/forgottenVote.ts'
import { longRun } from './stories/longRun.ts'
import { StoryDraft } from './storyDraft.ts'

test('a story as lines: when, where, what', () => {
  const draft = new StoryDraft()
  draft.role(0, 'alpha', 'leader', 2)
  draft.role(0, 'b', 'down', 1)
  draft.happened(7.25, 'alpha', 'disk', 'flushed up to 3')
  draft.happened(900, undefined, 'fault', 'alpha is cut off')
  const message = draft.post(1000, 0.5, 'alpha', 'b', 'requestVote', 'term 3')
  draft.receive(1000.5, message, 2)
  draft.receive(1000.7, message)
  draft.postInVain(1001, 'b', 'alpha', 'requestVote.granted', 'term 3', 'the link is cut')
  draft.beat(2000, 8, 'alpha', ['b'], 'term 3', 'term 3 match 0')
  const broken = { promise: 'a promise', detail: 'a detail', atMs: 1001 }
  expect(describeStory(draft.finish({ title: 'A title', seed: 5, nodes: ['alpha', 'b'], broken }))).toEqual([
    'A title (seed 5)',
    'broken at 1,001 ms: a promise. But a detail',
    '     ms',
    '      0  alpha  leader, term 2',
    '      0  b      down',
    '   7.25  alpha  disk: flushed up to 3',
    '    900  *      fault: alpha is cut off',
    '  1,000  alpha  -> b  requestVote term 3',
    '1,000.5  b      <- alpha  requestVote term 3 (sent at 1,000)',
    '1,000.5  b      <- alpha  requestVote term 3 (a copy, sent at 1,000)',
    '1,000.7  b      <- alpha  requestVote term 3 (a copy, sent at 1,000)',
    '  1,001  b      -> alpha  requestVote.granted term 3',
    '  1,001  b      -x alpha  requestVote.granted term 3 (lost: the link is cut)',
    '  1,001  *      BROKEN: a promise. But a detail',
    '  2,000  alpha  -> b  heartbeat term 3',
    '2,000.4  b      <- alpha  heartbeat term 3 (sent at 2,000)',
    '2,000.4  b      -> alpha  appendEntries.accepted term 3 match 0',
    '2,000.8  alpha  <- b  appendEntries.accepted term 3 match 0 (sent at 2,000.4)',
    '  2,050  *      ... 7 heartbeats from alpha, 300.8 ms',
    'replay: npx quorate-sim --seed 1',
  ])
})

test('a story in which nothing broke says nothing of it', () => {
  const lines = describeStory({ ...forgottenVote(), broken: undefined })
  expect(lines.some((line) => /broken at|BROKEN/.test(line))).toBe(false)
})

test('of a long story the end is told, and how much is not', () => {
  const lines = describeStory(longRun(60), { lastScenes: 20 })
  expect(lines.filter((line) => /^ +\* {8}\.\.\. [\d,]+ steps? left out$/.test(line)).length).toBeGreaterThan(0)
  expect(lines.length).toBeLessThan(100)
})

test('what a story says stays on its line, and steers no terminal', () => {
  const draft = new StoryDraft()
  draft.happened(0, 'n1', 'fault', 'one\r\n  two\u001b[31m\u202ethree')
  expect(describeStory(draft.finish({ nodes: ['n1'] }))[2]).toBe(' 0  n1  fault: one two\ufffd[31m\ufffdthree')
})

test('the same story gives the same lines', () => {
  expect(describeStory(forgottenVote())).toEqual(describeStory(structuredClone(forgottenVote())))
})
