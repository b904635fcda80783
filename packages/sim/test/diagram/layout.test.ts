import { describe, expect, test } from 'vitest'
import { layoutOf } from '../../src/diagram/layout/layout.ts'
import type { ArrowShape, LifelineShape, Shape } from '../../src/diagram/layout/shape.ts'
import type { Story } from '../../src/diagram/story.ts'
import { figure8 } from './stories/figure8.ts'
import { forgottenVote } from './stories/forgottenVote.ts'
import { longRun } from './stories/longRun.ts'
import { StoryDraft } from './storyDraft.ts'

const NODES = ['n1', 'n2', 'n3']
const ALL = { figure8: figure8(), forgottenVote: forgottenVote(), longRun: longRun(60) }

function shapesOf<Kind extends Shape['kind']>(story: Story, kind: Kind): Extract<Shape, { kind: Kind }>[] {
  return layoutOf(story).shapes.filter((shape): shape is Extract<Shape, { kind: Kind }> => shape.kind === kind)
}

function arrowsOf(draft: StoryDraft): ArrowShape[] {
  return shapesOf(draft.finish({ nodes: NODES }), 'arrow')
}

interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** What must be free of others: not lines, which may cross anything. */
function boxOf(shape: Shape, pageWidth: number): Box | undefined {
  if (shape.kind === 'arrow') {
    const { points, label } = shape
    const end = points.at(-1)?.x ?? 0
    const level = (points.length === 2 ? points[0] : points[1])?.x ?? 0
    const bottom = label.y + 4 + label.below.length * 13
    return { left: Math.min(end, level), right: Math.max(end, level), top: label.y - 16, bottom }
  }
  if (shape.kind === 'lifeline' || shape.kind === 'time') return undefined
  const height = 'height' in shape ? shape.height : 21
  const [middle, width] = 'x' in shape ? [shape.x, shape.width] : [pageWidth / 2, pageWidth]
  return {
    left: middle - width / 2,
    right: middle + width / 2,
    top: shape.y - height / 2,
    bottom: shape.y + height / 2,
  }
}

/** Happenings that make what was sent before them seem long ago. */
function meanwhile(draft: StoryDraft, fromMs: number): void {
  for (let number = 0; number < 30; number += 1) draft.happened(fromMs + number, 'n3', 'disk', `note ${number}`)
}

describe('an arrow', () => {
  test('leads from the sender down to the receiver, and is level where its words are', () => {
    const draft = new StoryDraft()
    draft.post(1, 1, 'n1', 'n3', 'requestVote', 'term 2 last 1/1')
    const [arrow] = arrowsOf(draft)
    const { lanes } = layoutOf(draft.finish({ nodes: NODES }))
    const [start, elbow, tip] = arrow?.points ?? []
    expect(start?.x).toBeCloseTo(lanes.xPx('n1') + 5)
    expect(tip?.x).toBeCloseTo(lanes.xPx('n3') - 6)
    expect(start?.y).toBeLessThan(tip?.y ?? 0)
    expect(elbow?.y).toBe(tip?.y)
    expect(elbow?.x).toBeGreaterThan(lanes.xPx('n2'))
    expect(arrow).toMatchObject({ end: 'head', isCopy: false, isLate: false, topic: 'vote' })
    expect(arrow?.label).toMatchObject({ anchor: 'end', above: 'requestVote term 2 last 1/1', below: [] })
  })

  test('to the left has its words at the left', () => {
    const draft = new StoryDraft()
    draft.post(1, 1, 'n3', 'n1', 'requestVote', 'term 2')
    const [arrow] = arrowsOf(draft)
    expect(arrow?.label.anchor).toBe('start')
    expect(arrow?.points[0]?.x).toBeGreaterThan(arrow?.points[2]?.x ?? Infinity)
  })

  test('has its name above and what it says below when both do not fit on one line', () => {
    const draft = new StoryDraft()
    draft.post(1, 1, 'n1', 'n2', 'appendEntries', 'term 3 prev 4/2 entries 5/3 commit 4 session 1')
    const [arrow] = arrowsOf(draft)
    expect(arrow?.label.above).toBe('appendEntries')
    expect(arrow?.label.below.join(' ')).toBe('term 3 prev 4/2 entries 5/3 commit 4 session 1')
  })

  test('of a lost message ends in a cross, beside its sender, and says why', () => {
    const draft = new StoryDraft()
    const message = draft.send(1, 'n1', 'n3', 'requestVote', 'term 2')
    draft.lose(3, message, 'the link is cut')
    const [arrow, ...others] = arrowsOf(draft)
    const { lanes } = layoutOf(draft.finish({ nodes: NODES }))
    expect(others).toEqual([])
    expect(arrow?.end).toBe('cross')
    expect(arrow?.points.at(-1)?.x).toBeLessThan(lanes.xPx('n2') - 10)
    expect(arrow?.points.at(-1)?.y).toBeGreaterThan(arrow?.points[0]?.y ?? Infinity)
    expect(arrow?.label).toMatchObject({ above: 'requestVote term 2 → n3', below: ['lost: the link is cut'] })
  })

  test('of a copy is another one from the same start, and says so', () => {
    const draft = new StoryDraft()
    const message = draft.post(1, 1, 'n1', 'n2', 'requestVote', 'term 2')
    draft.receive(5, message)
    draft.receive(6, message, 2)
    const arrows = arrowsOf(draft)
    expect(arrows.map(({ isCopy }) => isCopy)).toEqual([false, true, true])
    expect(new Set(arrows.map(({ points }) => points[0]?.y)).size).toBe(1)
    expect(arrows[1]?.label.below).toEqual(['a copy, sent at 1 ms'])
  })

  test('of a copy that arrives before its message is a copy too', () => {
    const draft = new StoryDraft()
    const message = draft.send(1, 'n1', 'n2', 'requestVote', 'term 2')
    draft.receive(2, message, 1)
    draft.receive(3, message)
    expect(arrowsOf(draft).map(({ isCopy }) => isCopy)).toEqual([true, true])
  })

  test('of a copy that arrives though the message was lost is a copy all the same', () => {
    const draft = new StoryDraft()
    const message = draft.postInVain(1, 'n1', 'n2', 'requestVote', 'term 2', 'lost on the way')
    draft.receive(4, message)
    expect(arrowsOf(draft).map(({ end, isCopy }) => [end, isCopy])).toEqual([
      ['cross', false],
      ['head', true],
    ])
  })

  test('that arrives much later breaks off at its start, and tells at both ends when the other is', () => {
    const draft = new StoryDraft()
    const message = draft.send(1, 'n1', 'n2', 'requestVote', 'term 2')
    meanwhile(draft, 10)
    draft.receive(1234.5, message)
    const [stub, late] = arrowsOf(draft)
    expect(stub).toMatchObject({ end: 'open', isLate: false, label: { below: ['arrives at 1,234.5 ms'] } })
    expect(late).toMatchObject({ end: 'head', isLate: true, label: { below: ['sent at 1 ms'] } })
    expect(late?.points[0]).toEqual(stub?.points[1])
  })

  test('whose copy alone arrives much later says so', () => {
    const draft = new StoryDraft()
    for (let number = 0; number < 40; number += 1) draft.happened(number, 'n3', 'disk', `note ${number}`)
    const message = draft.post(10, 1, 'n1', 'n2', 'requestVote', 'term 2')
    draft.receive(39, message, 2)
    const { shapes } = layoutOf(draft.finish({ nodes: NODES }), { lastScenes: 26 })
    const below = shapes.flatMap((shape) => (shape.kind === 'arrow' ? shape.label.below : []))
    expect(below).toEqual(['a copy arrives at 39 ms', 'a copy, sent at 10 ms'])
  })

  test('that arrives behind what is shown says so', () => {
    const draft = new StoryDraft()
    for (let number = 0; number < 40; number += 1) draft.happened(number, 'n3', 'disk', `note ${number}`)
    draft.post(18, 20, 'n1', 'n2', 'requestVote', 'term 2')
    const broken = { promise: 'a promise', detail: 'a detail', atMs: 20 }
    const { shapes } = layoutOf(draft.finish({ nodes: NODES, broken }), { lastScenes: 20 })
    const below = shapes.flatMap((shape) => (shape.kind === 'arrow' ? shape.label.below : []))
    expect(below).toEqual(['arrives later, not shown'])
  })

  test('that neither arrived nor was lost is open', () => {
    const draft = new StoryDraft()
    draft.send(1, 'n1', 'n2', 'requestVote', 'term 2')
    const [arrow, ...others] = arrowsOf(draft)
    expect(others).toEqual([])
    expect(arrow).toMatchObject({
      end: 'open',
      label: { above: 'requestVote term 2 → n2', below: ['still under way'] },
    })
  })

  test('tells everything about its message to whoever points at it', () => {
    const draft = new StoryDraft()
    const message = draft.post(1, 1, 'n1', 'n2', 'requestVote', 'term 2')
    draft.lose(3, message, 'nobody is there')
    draft.receive(5, message, 3)
    expect(arrowsOf(draft)[0]?.hint.split('\n')).toEqual([
      'n1 → n2  requestVote term 2',
      'sent at 1 ms',
      'received at 2 ms',
      'lost at 3 ms: nobody is there',
      'copy 3 received at 5 ms',
    ])
  })

  test('across a restart of its receiver ends at the lifeline of the new process', () => {
    const draft = new StoryDraft()
    draft.role(0, 'n2', 'follower', 1)
    const message = draft.send(1, 'n1', 'n2', 'requestVote', 'term 2')
    draft.role(2, 'n2', 'down', 1)
    draft.role(3, 'n2', 'follower', 1)
    draft.receive(4, message)
    const story = draft.finish({ nodes: NODES })
    const [arrow] = shapesOf(story, 'arrow')
    const parts = shapesOf(story, 'lifeline').filter(({ x }) => x === layoutOf(story).lanes.xPx('n2'))
    expect(parts.map(({ role }) => role)).toEqual([undefined, 'follower', 'down', 'follower'])
    const [, before, , after] = parts as [LifelineShape, LifelineShape, LifelineShape, LifelineShape]
    expect(arrow?.points[0]?.y).toBeLessThan(before.toY)
    expect(arrow?.points.at(-1)?.y).toBeGreaterThan(after.fromY)
  })
})

describe('a lifeline', () => {
  test('changes where the role does, and not where only the term does', () => {
    const draft = new StoryDraft()
    draft.role(0, 'n1', 'follower', 1)
    draft.role(1, 'n1', 'follower', 2)
    draft.role(2, 'n1', 'candidate', 3)
    draft.role(3, 'n1', 'stopped', 3)
    const story = draft.finish({ nodes: ['n1'] })
    const parts = shapesOf(story, 'lifeline')
    const roles = parts.map(({ role }) => role)
    const badges = shapesOf(story, 'badge').map(({ y }) => y)
    expect(parts.slice(1).map(({ fromY }) => fromY)).toEqual([badges[0], badges[2], badges[3]])
    expect(roles).toEqual([undefined, 'follower', 'candidate', 'stopped'])
    expect(shapesOf(story, 'badge').map(({ text }) => text)).toEqual([
      'follower · term 1',
      'follower · term 2',
      'candidate · term 3',
      'stopped · term 3',
    ])
  })

  test.each(Object.entries(ALL))('has no hole from top to bottom (%s)', (_, story) => {
    const { heightPx, lanes } = layoutOf(story)
    for (const node of story.nodes) {
      const parts = shapesOf(story, 'lifeline').filter(({ x }) => x === lanes.xPx(node))
      expect(parts[0]?.fromY).toBe(0)
      parts.slice(1).forEach(({ fromY }, number) => expect(fromY).toBe(parts[number]?.toY))
      expect(parts.at(-1)?.toY).toBe(heightPx)
    }
  })

  test('knows of changes that are left out', () => {
    const draft = new StoryDraft()
    draft.role(0, 'n1', 'follower', 1)
    for (const term of [2, 3]) draft.role(term, 'n1', term === 2 ? 'candidate' : 'follower', term)
    for (let number = 0; number < 60; number += 1) draft.happened(10 + number, 'n1', 'disk', `note ${number}`)
    const { shapes } = layoutOf(draft.finish({ nodes: ['n1'] }), { lastScenes: 10 })
    const parts = shapes.filter((shape): shape is LifelineShape => shape.kind === 'lifeline')
    expect(parts.map(({ role }) => role)).toEqual([undefined, 'follower', 'candidate', 'follower'])
  })
})

describe('time', () => {
  test('stands once for each instant, and takes no room by itself', () => {
    const draft = new StoryDraft()
    draft.happened(1, 'n1', 'disk', 'one')
    draft.happened(1, 'n1', 'disk', 'two')
    draft.happened(2, 'n1', 'disk', 'three')
    draft.happened(900_000, 'n1', 'disk', 'four')
    const times = shapesOf(draft.finish({ nodes: ['n1'] }), 'time')
    expect(times.map(({ text }) => text)).toEqual(['1', '2', '900,000'])
    const [, second, third] = times.map(({ y }) => y) as [number, number, number]
    expect(third - second).toBeLessThan(60)
  })

  test.each(Object.entries(ALL))('falls down the page (%s)', (_, story) => {
    const ys = shapesOf(story, 'time').map(({ y }) => y)
    expect(ys).toEqual([...ys].sort((one, other) => one - other))
    for (const { points } of shapesOf(story, 'arrow')) {
      expect(points.at(-1)?.y).toBeGreaterThanOrEqual(points[0]?.y ?? Infinity)
    }
  })
})

describe('what stands on the page', () => {
  test.each(Object.entries(ALL))('stays within it, and notes stay in their lanes (%s)', (_, story) => {
    const { heightPx, lanes } = layoutOf(story)
    for (const shape of [...shapesOf(story, 'note'), ...shapesOf(story, 'badge')]) {
      expect(shape.width).toBeLessThan(lanes.pitchPx)
      expect(shape.y).toBeLessThan(heightPx)
      if (shape.kind === 'note') expect(shape.height).toBeGreaterThan(shape.lines.length * 15)
    }
    for (const { points } of shapesOf(story, 'arrow')) {
      for (const { x } of points) expect(x > lanes.leftPx && x < lanes.rightPx).toBe(true)
      const [end, level] = [points.at(-1), points.at(-2)]
      expect(Math.abs((end?.x ?? 0) - (level?.x ?? 0))).toBeLessThan(lanes.pitchPx - 15)
    }
  })

  test.each(Object.entries(ALL))('does not overlap: notes, badges, bands and the words of arrows (%s)', (_, story) => {
    const { shapes, lanes } = layoutOf(story)
    const boxes = shapes.flatMap((shape) => boxOf(shape, lanes.widthPx) ?? [])
    boxes.forEach((one, number) => {
      for (const other of boxes.slice(number + 1)) {
        const isBeside = one.right <= other.left || other.right <= one.left
        const isAboveOrBelow = one.bottom <= other.top || other.bottom <= one.top
        if (!isBeside && !isAboveOrBelow) expect(one).toBe(other)
      }
    })
    expect(boxes.length).toBeGreaterThan(25)
  })

  test('names of nodes that are unknown are refused', () => {
    const { lanes } = layoutOf(forgottenVote())
    expect(() => lanes.xPx('n9')).toThrow("n9 has no lane: name it in the story's nodes")
  })
})

test('the same story gives the same layout', () => {
  expect(layoutOf(figure8())).toEqual(layoutOf(figure8()))
})
