import { expect, test } from 'vitest'
import { excerptOf, type Excerpt } from '../../src/diagram/telling/excerpt.ts'
import { longRun } from './stories/longRun.ts'
import { StoryDraft } from './storyDraft.ts'

const NODES = ['n1', 'n2']

function texts({ scenes }: Excerpt): string[] {
  return scenes.map((scene) => {
    if (scene.kind === 'leftOut') return `(${scene.steps})`
    if (scene.kind === 'step')
      return 'text' in scene.step
        ? scene.step.text
        : `${scene.step.kind} ${'node' in scene.step ? scene.step.node : ''}`
    return scene.kind
  })
}

/** `count` happenings of no weight, a millisecond apart. */
function trifles(draft: StoryDraft, fromMs: number, count: number): void {
  for (let number = 0; number < count; number += 1)
    draft.happened(fromMs + number, 'n1', 'disk', `at ${fromMs + number}`)
}

test('a story that fits is told whole', () => {
  const draft = new StoryDraft()
  trifles(draft, 0, 10)
  expect(excerptOf(draft.finish({ nodes: NODES }), { lastScenes: 10 })).toMatchObject({
    leftOut: 0,
    scenes: { length: 10 },
  })
})

test('of a longer one the end is told, and how much is not', () => {
  const draft = new StoryDraft()
  trifles(draft, 0, 30)
  const excerpt = excerptOf(draft.finish({ nodes: NODES }), { lastScenes: 10 })
  expect(excerpt.leftOut).toBe(20)
  expect(texts(excerpt)).toEqual(['(20)', ...Array.from({ length: 10 }, (_, number) => `at ${number + 20}`)])
})

test('elections, faults and what befell the world are told from before', () => {
  const draft = new StoryDraft()
  trifles(draft, 0, 40)
  draft.happened(5, undefined, 'client', 'the world')
  draft.happened(7, 'n2', 'fault', 'a fault')
  draft.role(9, 'n2', 'leader', 3)
  const [, ...told] = texts(excerptOf(draft.finish({ nodes: NODES }), { lastScenes: 12 }))
  expect(told.slice(0, 6)).toEqual(['the world', '(2)', 'a fault', '(2)', 'role n2', '(18)'])
})

test('only the latest of them, when they are many', () => {
  const draft = new StoryDraft()
  for (let number = 0; number < 100; number += 1) draft.happened(number, 'n1', 'fault', `fault ${number}`)
  trifles(draft, 200, 40)
  const told = texts(excerptOf(draft.finish({ nodes: NODES }), { lastScenes: 12 }))
  expect(told.slice(0, 5)).toEqual(['(97)', 'fault 97', 'fault 98', 'fault 99', '(28)'])
})

test('the first and the last role of every server before the end are told', () => {
  const draft = new StoryDraft()
  for (let term = 1; term < 5; term += 1) draft.role(term, 'n2', 'follower', term)
  trifles(draft, 10, 40)
  const { scenes } = excerptOf(draft.finish({ nodes: NODES }), { lastScenes: 10 })
  const terms = scenes.flatMap((scene) =>
    scene.kind === 'step' && scene.step.kind === 'role' ? [scene.step.term] : [],
  )
  expect(terms).toEqual([1, 4])
})

test('a message that arrives in what is told is also seen to leave', () => {
  const draft = new StoryDraft()
  const message = draft.send(3, 'n1', 'n2', 'requestVote', 'term 2')
  trifles(draft, 4, 40)
  draft.receive(50, message)
  expect(texts(excerptOf(draft.finish({ nodes: NODES }), { lastScenes: 10 }))).toContain('requestVote term 2')
})

test('what is told ends a little behind the broken promise', () => {
  const draft = new StoryDraft()
  trifles(draft, 0, 100)
  const broken = { promise: 'a promise', detail: 'a detail', atMs: 50 }
  const told = texts(excerptOf(draft.finish({ nodes: NODES, broken }), { lastScenes: 20 }))
  expect(told.slice(-5)).toEqual(['at 50', 'broken', 'at 51', 'at 52', '(47)'])
})

test('told and left out are together everything, in order', () => {
  const story = longRun(60)
  const { scenes, leftOut } = excerptOf(story)
  let next = 0
  let told = 0
  for (const scene of scenes) {
    if (scene.kind === 'broken') continue
    const [first, last] = scene.kind === 'step' ? [scene.place, scene.place] : [scene.firstPlace, scene.lastPlace]
    expect(first).toBe(next)
    next = last + 1
    if (scene.kind !== 'leftOut') told += last - first + 1
  }
  expect(next).toBe(story.steps.length)
  expect(told + leftOut).toBe(story.steps.length)
  expect(leftOut).toBeGreaterThan(1000)
})

test.each([0, 9, Number.NaN])('lastScenes of %s is refused', (lastScenes) => {
  expect(() => excerptOf(longRun(1), { lastScenes })).toThrow(`lastScenes is ${lastScenes}: give 10 or more`)
})
