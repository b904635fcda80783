import { element, type Markup } from './markup.ts'

const TONES = [
  ['disk', 'disk'],
  ['commit', 'commit'],
  ['client', 'client'],
  ['fault', 'fault'],
  ['broken', 'broken'],
] as const

const TOPICS = [
  ['vote', 'votes'],
  ['append', 'AppendEntries'],
  ['heartbeat', 'heartbeat'],
] as const

/** What colours and lines mean. */
export function drawnLegend(): Markup {
  const arrow = [path('line', 'M2 7L24 7'), path('head', 'M30 7L21 3L21 11Z')]
  return element('div', { class: 'legend' }, [
    ...(['leader', 'candidate', 'follower'] as const).map((role) =>
      item(role, 12, [element('rect', { class: `lifeline ${role}`, x: 1, y: 0, width: 10, height: 14 })]),
    ),
    ...(['down', 'stopped'] as const).map((role) =>
      item(role, 8, [element('line', { class: `absent ${role}`, x1: 4, x2: 4, y1: 1, y2: 14 })]),
    ),
    ...TOPICS.map(([topic, word]) => item(word, 32, [element('g', { class: `arrow ${topic}` }, arrow)])),
    item('a copy', 32, [element('g', { class: 'arrow append copy' }, arrow)]),
    item('lost', 32, [
      element('g', { class: 'arrow append' }, [path('line', 'M2 7L25 7'), path('cross', 'M20 2L30 12M20 12L30 2')]),
    ]),
    item('late, or still under way', 32, [
      element('g', { class: 'arrow append' }, [
        path('line', 'M2 7L24 7'),
        element('circle', { class: 'open', cx: 26, cy: 7, r: 3.2 }),
      ]),
    ]),
    ...TONES.map(([tone, word]) =>
      item(word, 18, [
        element('g', { class: `note ${tone}` }, [element('rect', { x: 1, y: 1, width: 16, height: 12, rx: 3 })]),
      ]),
    ),
    element('span', {}, '5/3: index 5, term 3'),
  ])
}

function path(name: string, d: string): Markup {
  return element('path', { class: name, d })
}

function item(word: string, width: number, content: readonly Markup[]): Markup {
  return element('span', {}, [element('svg', { width, height: 14 }, content), word])
}
