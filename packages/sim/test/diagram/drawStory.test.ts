import { describe, expect, test } from 'vitest'
import { drawStory } from '../../src/diagram/drawStory.ts'
import type { Story, StoryRole, StoryTone } from '../../src/diagram/story.ts'
import { figure8 } from './stories/figure8.ts'
import { forgottenVote } from './stories/forgottenVote.ts'
import { longRun } from './stories/longRun.ts'
import { StoryDraft } from './storyDraft.ts'

const ALL = { figure8: figure8(), forgottenVote: forgottenVote(), longRun: longRun(60) }

/** A story in which every text is hostile. */
function hostile(text: string): Story {
  const draft = new StoryDraft()
  draft.role(0, text, 'leader', 1)
  draft.happened(1, text, 'disk', text)
  draft.happened(1, undefined, 'fault', text)
  draft.lose(2, draft.send(2, text, 'n2', 'requestVote', text), text)
  draft.send(3, 'n2', text, 'heartbeat', text)
  const broken = { promise: text, detail: text, atMs: 4 }
  return draft.finish({ title: text, nodes: [text, 'n2'], replay: text, broken })
}

/** The text that a browser would show: no markup, no style, no script. */
function shown(html: string): string {
  const body = html.slice(html.indexOf('<body>')).replace(/<script>.*<\/script>/s, '')
  const texts = body.replace(/<[^>]*>/g, '\n').replace(/\n+/g, '\n')
  return texts
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&')
}

test.each(Object.entries(ALL))('the same story gives the same bytes (%s)', (_, story) => {
  expect(drawStory(structuredClone(story))).toBe(drawStory(story))
})

describe('the page', () => {
  test('says at its head what broke, and how to see it again', () => {
    const text = shown(drawStory(figure8()))
    const head = text.slice(0, text.indexOf('\nms\n'))
    expect(head).toContain('A committed entry is missing from the log of a later leader')
    expect(head).toContain('Broken: a leader holds every entry that was committed in an earlier term (§5.4)')
    expect(head).toContain('n5 leads term 5 with the log 1/1 2/3.')
    expect(head).toContain('Show the moment, 1,602.9 ms')
    expect(head).toContain('seed\n80421')
    expect(head).toContain('npx quorate-sim replay --seed 80421 --shrunk 17')
  })

  test('says so when nothing broke', () => {
    const html = drawStory({ ...figure8(), broken: undefined })
    expect(shown(html)).toContain('Every promise was kept.')
    expect(html).not.toContain('id="broken"')
  })

  test('leads from its head to the moment', () => {
    const html = drawStory(figure8())
    expect(html).toContain('href="#broken"')
    expect(html.match(/id="broken"/g)).toHaveLength(1)
    expect(shown(html)).toContain('BROKEN HERE')
  })

  test('says how much of a long story is left out', () => {
    expect(shown(drawStory(longRun(60)))).toMatch(/\n\d,\d{3} steps are left out\. /)
    expect(shown(drawStory(figure8()))).not.toContain('left out')
    expect(shown(drawStory(figure8(), { lastScenes: 50 }))).toMatch(/\n\d+ steps are left out\. /)
  })

  test('needs nothing but itself', () => {
    const html = drawStory(figure8())
    expect(html).toContain(`content="default-src &#39;none&#39;;`)
    expect(html.match(/(?:src|href|xlink:href)="[^"]*"/g)).toEqual(['href="#broken"'])
    expect(html).not.toMatch(/url\(|@import|https?:|fetch\(/)
  })

  test('knows light and dark', () => {
    expect(drawStory(figure8())).toContain('@media (prefers-color-scheme: dark)')
  })

  test.each(Object.entries(ALL))('closes every element that it opens (%s)', (_, story) => {
    const html = drawStory(story).replace(/<(style|script)>.*?<\/\1>/gs, '')
    const open: string[] = []
    for (const [, slash, tag] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*>/g)) {
      if (tag === 'meta') continue
      if (slash === '') open.push(tag as string)
      else expect(open.pop()).toBe(tag)
    }
    expect(open).toEqual([])
  })

  test.each(Object.entries(ALL))('is of finite measures (%s)', (_, story) => {
    const html = drawStory(story).replace(/<script>.*<\/script>/s, '')
    expect(html.match(/NaN|Infinity|undefined|\[object/g)).toBeNull()
  })
})

describe('what a story says', () => {
  const TEXT = `</text></script><script>alert(1)</script><img src=x onerror=alert(1)> "quoted" 'single' & &amp;`

  test('can neither end an element nor begin one', () => {
    const html = drawStory(hostile(TEXT))
    expect(html.match(/<script/g)).toHaveLength(1)
    expect(html).not.toMatch(/<img|<\/text><\/script>/)
  })

  test('cannot leave an attribute', () => {
    const html = drawStory(hostile('" onload="alert(1)'))
    expect(html).not.toContain('" onload="')
    expect(html).toContain('&quot; onload=&quot;')
  })

  test('is shown as it was said', () => {
    const text = shown(drawStory(hostile(TEXT)))
    expect(text.split('\n')).toContain(TEXT)
    expect(text).toContain(`Broken: ${TEXT}`)
  })
})

test('a name that is long is cut, and shown whole to whoever points at it', () => {
  const name = 'a-name-of-as-many-letters-as-a-node-may-have-which-is-sixty-four'
  const html = drawStory(new StoryDraft().finish({ nodes: [name, 'n2', 'n3', 'n4', 'n5'] }))
  expect(shown(html)).toMatch(/\na-name-of-as-many-[a-z-]*…\n/)
  expect(html).toContain(`data-hint="${name}"`)
})

describe('every kind of step is drawn', () => {
  const ROLES: StoryRole[] = ['follower', 'candidate', 'leader', 'stopped', 'down']
  const TONES: StoryTone[] = ['role', 'disk', 'fault', 'commit', 'client', 'broken']

  function drawn(tell: (draft: StoryDraft) => void): string {
    const draft = new StoryDraft()
    tell(draft)
    const html = drawStory(draft.finish({ nodes: ['n1', 'n2'] }))
    return html.slice(html.indexOf('<svg class="diagram"'))
  }

  test.each(ROLES)('role %s', (role) => {
    const svg = drawn((draft) => draft.role(0, 'n1', role, 7))
    expect(svg).toContain(`<g class="badge ${role}"`)
    expect(svg).toMatch(new RegExp(`class="(lifeline|absent) ${role}"`))
    expect(shown(`<body>${svg}`)).toContain(role === 'down' ? 'down' : `${role} · term 7`)
  })

  test.each(TONES)('a happening of tone %s, on a node and to the world', (tone) => {
    const svg = drawn((draft) => {
      draft.happened(0, 'n1', tone, 'on a node')
      draft.happened(1, undefined, tone, 'to the world')
    })
    expect(svg).toContain(`<g class="note ${tone}" data-hint="n1: on a node">`)
    expect(svg).toContain(`<g class="band ${tone}" data-hint="to the world">`)
    expect(svg).toContain(`<g class="band ${tone}"><rect`)
    expect(shown(`<body>${svg}`)).toContain('\non a node\nto the world\n')
  })

  test.each([
    ['requestVote.granted', 'vote'],
    ['appendEntries.rejected', 'append'],
    ['heartbeat', 'heartbeat'],
    ['bootstrap.offer', 'birth'],
  ] as const)('a message named %s', (name, topic) => {
    const svg = drawn((draft) => draft.post(0, 1, 'n1', 'n2', name, 'term 3'))
    expect(svg).toMatch(
      new RegExp(`<g class="arrow ${topic}" data-message="1" data-hint="n1 → n2  ${name} term 3\nsent at 0`),
    )
    expect(svg).toContain('class="head"')
    expect(shown(`<body>${svg}`)).toContain(`\n${name} term 3\n`)
  })

  test('a loss, a copy, and what is still under way', () => {
    const svg = drawn((draft) => {
      draft.receive(2, draft.postInVain(1, 'n1', 'n2', 'requestVote', 'term 3', 'lost on the way'), 2)
      draft.send(3, 'n1', 'n2', 'requestVote', 'term 3')
    })
    expect(svg).toContain('class="arrow vote lost"')
    expect(svg).toContain('class="cross"')
    expect(svg).toContain('class="arrow vote copy"')
    expect(svg).toContain('class="open"')
    expect(shown(`<body>${svg}`)).toContain('\nlost on the way\n')
  })

  test('folded heartbeats that are lost', () => {
    const svg = drawn((draft) => {
      for (let atMs = 0; atMs < 500; atMs += 50)
        draft.postInVain(atMs, 'n1', 'n2', 'heartbeat', 'term 1', 'the link is cut')
    })
    expect(shown(`<body>${svg}`)).toContain('\n9 heartbeats from n1, 400 ms, 9 of them lost\n')
  })

  test('folded heartbeats', () => {
    const svg = drawn((draft) => draft.beat(0, 9, 'n1', ['n2'], 'term 1', 'term 1 match 0'))
    expect(svg).toContain('<g class="fold">')
    expect(shown(`<body>${svg}`)).toContain('\n8 heartbeats from n1, 350.8 ms\n')
  })
})
