import { describe, expect, test } from 'vitest'
import { Lanes } from '../../src/diagram/layout/lanes.ts'
import { passagesOf } from '../../src/diagram/layout/passage.ts'
import { rowsOf, type Row } from '../../src/diagram/layout/row.ts'
import type { Story } from '../../src/diagram/story.ts'
import { excerptOf } from '../../src/diagram/telling/excerpt.ts'
import { figure8 } from './stories/figure8.ts'
import { StoryDraft } from './storyDraft.ts'

const NODES = ['n1', 'n2', 'n3']

function rows(story: Story): Row[] {
  const { scenes, flights } = excerptOf(story)
  const passages = passagesOf(scenes, flights)
  const departureOf = (message: number) => passages.get(message)?.departure ?? 'arrow'
  return rowsOf(scenes, { lanes: new Lanes(story.nodes), flights, departureOf })
}

/** What stands in each row: the kinds of its steps. */
function kinds(draft: StoryDraft): string[] {
  return rows(draft.finish({ nodes: NODES })).map((row) => {
    return row.kind === 'wide' ? 'wide' : row.scenes.map(({ step }) => step.kind).join(' ')
  })
}

describe('what shares a row', () => {
  test('the messages that a server sends at one moment', () => {
    const draft = new StoryDraft()
    draft.receive(2, draft.send(1, 'n1', 'n2', 'requestVote', 'term 2'))
    draft.receive(3, draft.send(1, 'n1', 'n3', 'requestVote', 'term 2'))
    expect(kinds(draft)).toEqual(['sent sent', 'received', 'received'])
  })

  test('a receipt and the answer that leaves at once', () => {
    const draft = new StoryDraft()
    draft.post(1, 1, 'n1', 'n2', 'requestVote', 'term 2')
    draft.post(2, 1, 'n2', 'n1', 'requestVote.granted', 'term 2')
    expect(kinds(draft)).toEqual(['sent', 'received sent', 'received'])
  })

  test('notes of several servers at one moment', () => {
    const draft = new StoryDraft()
    draft.role(0, 'n1', 'leader', 1)
    draft.role(0, 'n2', 'follower', 1)
    draft.happened(0, 'n3', 'disk', 'a note')
    expect(kinds(draft)).toEqual(['role role happened'])
  })

  test('a message and its loss at the same moment', () => {
    const draft = new StoryDraft()
    draft.postInVain(1, 'n1', 'n2', 'requestVote', 'term 2', 'the link is cut')
    expect(kinds(draft)).toEqual(['sent lost'])
  })
})

describe('what does not', () => {
  test('two moments', () => {
    const draft = new StoryDraft()
    draft.happened(1, 'n1', 'disk', 'one')
    draft.happened(1.01, 'n2', 'disk', 'two')
    expect(kinds(draft)).toEqual(['happened', 'happened'])
  })

  test('two notes of one server', () => {
    const draft = new StoryDraft()
    draft.happened(1, 'n1', 'disk', 'one')
    draft.happened(1, 'n1', 'disk', 'two')
    expect(kinds(draft)).toEqual(['happened', 'happened'])
  })

  test('a note and a message', () => {
    const draft = new StoryDraft()
    draft.happened(1, 'n1', 'disk', 'one')
    draft.post(1, 1, 'n2', 'n3', 'requestVote', 'term 2')
    expect(kinds(draft)).toEqual(['happened', 'sent', 'received'])
  })

  test('the two ends of a message that takes no time', () => {
    const draft = new StoryDraft()
    draft.post(1, 0, 'n1', 'n2', 'requestVote', 'term 2')
    expect(kinds(draft)).toEqual(['sent', 'received'])
  })

  test('a receipt and what its receiver sent before it', () => {
    const draft = new StoryDraft()
    const message = draft.send(1, 'n1', 'n2', 'requestVote', 'term 2')
    const other = draft.send(2, 'n2', 'n3', 'requestVote', 'term 2')
    draft.receive(2, message)
    draft.receive(3, other)
    expect(kinds(draft)).toEqual(['sent', 'sent', 'received', 'received'])
  })

  test('words that would stand in the same gap', () => {
    const draft = new StoryDraft()
    const toRight = draft.send(1, 'n1', 'n2', 'requestVote', 'term 2')
    const toLeft = draft.send(1, 'n2', 'n1', 'requestVote', 'term 2')
    draft.receive(2, toRight)
    draft.receive(2, toLeft)
    expect(kinds(draft)).toEqual(['sent sent', 'received', 'received'])
  })

  test('two losses on one side of a server', () => {
    const draft = new StoryDraft()
    draft.postInVain(1, 'n1', 'n2', 'requestVote', 'term 2', 'the link is cut')
    draft.postInVain(1, 'n1', 'n3', 'requestVote', 'term 2', 'the link is cut')
    expect(kinds(draft)).toEqual(['sent lost sent', 'lost'])
  })

  test('messages that are still under way', () => {
    const draft = new StoryDraft()
    draft.send(1, 'n1', 'n2', 'requestVote', 'term 2')
    draft.send(1, 'n1', 'n3', 'requestVote', 'term 2')
    expect(kinds(draft)).toEqual(['sent', 'sent'])
  })

  test('anything with what happened to the world', () => {
    const draft = new StoryDraft()
    draft.happened(1, 'n1', 'disk', 'one')
    draft.happened(1, undefined, 'fault', 'the world')
    draft.happened(1, 'n2', 'disk', 'two')
    expect(kinds(draft)).toEqual(['happened', 'wide', 'happened'])
  })
})

test('rows keep the order of the story', () => {
  const places = rows(figure8()).flatMap((row) => {
    const scenes = row.kind === 'wide' ? [row.scene] : row.scenes
    return scenes.flatMap((scene) => (scene.kind === 'step' ? [scene.place] : []))
  })
  expect(places).toEqual([...places].sort((one, other) => one - other))
  expect(places.length).toBeGreaterThan(100)
})
