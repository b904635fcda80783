import { describe, expect, test } from 'vitest'
import type { Story } from '../../src/diagram/story.ts'
import { scenesOf, type Scene } from '../../src/diagram/telling/scene.ts'
import { figure8 } from './stories/figure8.ts'
import { StoryDraft } from './storyDraft.ts'

const NODES = ['n1', 'n2', 'n3']
const TEXT = 'term 1 prev 1/1 commit 1'
const ANSWER = 'term 1 match 1'

function beating(fromMs: number, rounds: number): StoryDraft {
  const draft = new StoryDraft()
  draft.beat(fromMs, rounds, 'n1', ['n2', 'n3'], TEXT, ANSWER)
  return draft
}

function told(story: Story): string[] {
  return scenesOf(story).map(summary)
}

function summary(scene: Scene): string {
  if (scene.kind === 'step') return 'text' in scene.step ? scene.step.text : scene.step.kind
  if (scene.kind === 'heartbeats') return `${scene.heartbeats} heartbeats`
  return scene.kind
}

describe('heartbeats that bring nothing new', () => {
  test('the first round is told, all later ones are one scene', () => {
    const scenes = scenesOf(beating(100, 8).finish({ nodes: NODES }))
    expect(scenes.slice(0, 8).every(({ kind }) => kind === 'step')).toBe(true)
    expect(scenes).toHaveLength(9)
    expect(scenes[8]).toMatchObject({ kind: 'heartbeats', heartbeats: 14, lost: 0, from: ['n1'], atMs: 150 })
    expect(scenes[8]).toHaveProperty('lastedMs', 301)
  })

  test('every step is told once: what is folded, and what is not', () => {
    const story = figure8()
    const counts = scenesOf(story).map((scene) => {
      if (scene.kind === 'step') return 1
      return scene.kind === 'heartbeats' ? scene.lastPlace - scene.firstPlace + 1 : 0
    })
    expect(counts.reduce((sum, count) => sum + count)).toBe(story.steps.length)
  })

  test('a short stretch is told message by message', () => {
    const draft = new StoryDraft()
    draft.beat(0, 3, 'n1', ['n2'], TEXT, ANSWER)
    draft.happened(100, 'n2', 'disk', 'between')
    const scenes = scenesOf(draft.finish({ nodes: NODES }))
    expect(scenes.every(({ kind }) => kind === 'step')).toBe(true)
  })

  test('a heartbeat with another commitIndex is told', () => {
    const draft = beating(0, 4)
    draft.post(500, 1, 'n1', 'n2', 'heartbeat', 'term 1 prev 1/1 commit 2')
    expect(told(draft.finish({ nodes: NODES })).filter((text) => text.includes('commit 2'))).toHaveLength(1)
    expect(told(draft.finish({ nodes: NODES })).at(-1)).toBe('received')
  })

  test('a heartbeat of an entry is no repetition, however often it is sent', () => {
    const draft = new StoryDraft()
    for (let round = 0; round < 8; round += 1)
      draft.post(round * 50, 1, 'n1', 'n2', 'appendEntries', `${TEXT} entries 2/1`)
    expect(scenesOf(draft.finish({ nodes: NODES }))).toHaveLength(16)
  })

  test('a heartbeat after which its receiver does something is told', () => {
    const draft = beating(0, 4)
    const message = draft.send(500, 'n1', 'n2', 'heartbeat', TEXT)
    draft.receive(501, message)
    draft.role(501, 'n2', 'follower', 2)
    expect(told(draft.finish({ nodes: NODES })).slice(-3)).toEqual([`heartbeat ${TEXT}`, 'received', 'role'])
  })

  test('what its receiver does later is no answer to a heartbeat', () => {
    const draft = new StoryDraft()
    for (let round = 0; round < 8; round += 1) draft.post(round * 50, 1, 'n1', 'n2', 'heartbeat', TEXT)
    draft.happened(700, 'n2', 'client', 'append')
    expect(told(draft.finish({ nodes: NODES })).slice(-2)).toEqual(['7 heartbeats', 'append'])
  })

  test('a heartbeat that repeats only what never arrived is told', () => {
    const draft = new StoryDraft()
    draft.postInVain(0, 'n1', 'n2', 'heartbeat', TEXT, 'the link is cut')
    for (let round = 1; round < 8; round += 1) draft.post(round * 50, 1, 'n1', 'n2', 'heartbeat', TEXT)
    expect(told(draft.finish({ nodes: NODES }))).toEqual([
      `heartbeat ${TEXT}`,
      'lost',
      `heartbeat ${TEXT}`,
      'received',
      '6 heartbeats',
    ])
  })

  test('those that are lost are counted', () => {
    const draft = new StoryDraft()
    for (let round = 0; round < 6; round += 1)
      draft.postInVain(round * 50, 'n1', 'n2', 'heartbeat', TEXT, 'the link is cut')
    expect(scenesOf(draft.finish({ nodes: NODES })).at(-1)).toMatchObject({ heartbeats: 5, lost: 5 })
  })

  test('a message is told whole or not at all', () => {
    const draft = beating(0, 4)
    const straddling = draft.send(160, 'n1', 'n2', 'heartbeat', TEXT)
    draft.happened(161, 'n1', 'client', 'append')
    draft.receive(162, straddling)
    const scenes = scenesOf(draft.finish({ nodes: NODES }))
    const ofIt = scenes.filter(
      (scene) => scene.kind === 'step' && 'message' in scene.step && scene.step.message === straddling,
    )
    expect(ofIt).toHaveLength(2)
  })

  test('two leaders are both named', () => {
    const draft = beating(0, 6)
    draft.beat(10, 6, 'n3', ['n2'], 'term 2 prev 1/1 commit 1', ANSWER)
    expect(scenesOf(draft.finish({ nodes: NODES })).at(-1)).toMatchObject({ kind: 'heartbeats', from: ['n1', 'n3'] })
  })
})

describe('the broken promise', () => {
  const broken = { promise: 'a promise', detail: 'a detail', atMs: 160 }

  test('stands behind all that had happened by then, and before all else', () => {
    const draft = beating(0, 2)
    draft.happened(160, 'n1', 'commit', 'then')
    draft.happened(161, 'n1', 'commit', 'later')
    expect(told(draft.finish({ nodes: NODES, broken })).slice(-3)).toEqual(['then', 'broken', 'later'])
  })

  test('parts a stretch of heartbeats', () => {
    const story = beating(0, 9).finish({ nodes: NODES, broken })
    expect(told(story).slice(8)).toEqual(['6 heartbeats', 'broken', '10 heartbeats'])
  })

  test('stands at the beginning when nothing had happened', () => {
    expect(told(beating(200, 1).finish({ nodes: NODES, broken }))[0]).toBe('broken')
  })

  test('is not announced a second time by a happening of the world that says the same', () => {
    const draft = new StoryDraft()
    draft.happened(160, undefined, 'broken', 'a promise')
    draft.happened(160, undefined, 'broken', 'something else')
    draft.happened(160, 'n1', 'broken', 'a promise')
    expect(told(draft.finish({ nodes: NODES, broken }))).toEqual(['something else', 'a promise', 'broken'])
  })
})
