import type { Layout } from '../layout/layout.ts'
import { readableNumber } from '../readableNumber.ts'
import type { Story } from '../story.ts'
import { drawnNodes, drawnStory } from './drawing.ts'
import { drawnLegend } from './legend.ts'
import { element, verbatim, type Markup } from './markup.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'

/** The page fetches nothing, whatever a story says. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"

/** A whole HTML document around a layout of the story. */
export function pageOf(story: Story, layout: Layout): string {
  const head = element('head', {}, [
    element('meta', { charset: 'utf-8' }),
    element('meta', { 'http-equiv': 'Content-Security-Policy', content: POLICY }),
    element('meta', { name: 'viewport', content: 'width=device-width' }),
    element('title', {}, story.title),
    element('style', {}, verbatim(STYLE)),
  ])
  const body = element('body', {}, [
    element('header', {}, [
      element('h1', {}, story.title),
      verdict(story),
      facts(story),
      replay(story),
      drawnLegend(),
      ...omission(layout),
    ]),
    element('main', {}, [element('div', { class: 'bar' }, drawnNodes(layout.lanes)), canvas(layout)]),
    element('div', { id: 'tip', hidden: '' }),
    element('script', {}, verbatim(SCRIPT)),
  ])
  return `<!doctype html>\n${element('html', { lang: 'en' }, head, body).source}\n`
}

/** The diagram, with the place where the broken promise is to be found. */
function canvas(layout: Layout): Markup {
  const marks = layout.shapes
    .filter((shape) => shape.kind === 'broken')
    .map(({ y }) => element('div', { id: 'broken', style: `top: ${Math.round(y)}px` }))
  return element('div', { class: 'canvas' }, marks, drawnStory(layout))
}

function verdict({ broken }: Story): Markup {
  if (broken === undefined)
    return element('div', { class: 'verdict good' }, element('strong', {}, 'Every promise was kept.'))
  return element('div', { class: 'verdict bad' }, [
    element('strong', {}, `Broken: ${broken.promise}`),
    element('p', {}, broken.detail),
    element('p', {}, element('a', { href: '#broken' }, `Show the moment, ${readableNumber(broken.atMs)} ms`)),
  ])
}

function facts({ seed, nodes, steps }: Story): Markup {
  const first = steps[0]?.atMs ?? 0
  const last = steps.at(-1)?.atMs ?? first
  const list: readonly (readonly [string, string])[] = [
    ['seed', String(seed)],
    ['nodes', String(nodes.length)],
    ['steps', readableNumber(steps.length)],
    ['simulated', `${readableNumber(first)} to ${readableNumber(last)} ms`],
  ]
  const pairs = list.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value)))
  return element('dl', { class: 'facts' }, pairs)
}

function replay({ replay: command }: Story): Markup {
  return element('div', { class: 'replay' }, [
    element('code', { id: 'replay' }, command),
    element('button', { id: 'copy', type: 'button' }, 'Copy'),
  ])
}

function omission({ leftOut }: Layout): Markup[] {
  if (leftOut === 0) return []
  const words = `${readableNumber(leftOut)} steps are left out. What is shown is the end, and before it the elections and faults that led there.`
  return [element('p', { class: 'omitted' }, words)]
}
