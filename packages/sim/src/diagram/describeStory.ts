import { assertStory } from './assertStory.ts'
import { lossWords } from './layout/arrowWords.ts'
import { heartbeatWords, leftOutWords } from './layout/wideShape.ts'
import { readableNumber } from './readableNumber.ts'
import type { BrokenPromise, Story, StoryStep } from './story.ts'
import { excerptOf, type ExcerptOptions } from './telling/excerpt.ts'
import type { Flights } from './telling/flight.ts'
import type { Scene } from './telling/scene.ts'

/** A line in three columns. */
interface Told {
  readonly time: string
  readonly node: string
  readonly what: string
}

/** Stands in the column of the nodes for the world. */
const WORLD = '*'

/**
 * The story as lines for a terminal: what happened in simulated milliseconds, where, and what. It tells what
 * `drawStory` draws.
 *
 * @throws RangeError naming the step of a story that cannot have happened as it is told.
 */
export function describeStory(story: Story, options: ExcerptOptions = {}): string[] {
  assertStory(story)
  const { scenes, flights } = excerptOf(story, options)
  const told = scenes.map((scene) => toldOf(scene, flights))
  const timeWidth = Math.max(2, ...told.map(({ time }) => time.length))
  const nodeWidth = Math.max(...story.nodes.map((node) => node.length))
  const line = ({ time, node, what }: Told) => `${time.padStart(timeWidth)}  ${node.padEnd(nodeWidth)}  ${what}`
  return [
    `${story.title} (seed ${story.seed})`,
    ...(story.broken === undefined
      ? []
      : [`broken at ${readableNumber(story.broken.atMs)} ms: ${sentence(story.broken)}`]),
    line({ time: 'ms', node: '', what: '' }),
    ...told.map(line),
    `replay: ${story.replay}`,
  ].map((text) => onOneLine(text).trimEnd())
}

function toldOf(scene: Scene, flights: Flights): Told {
  switch (scene.kind) {
    case 'step':
      return { time: readableNumber(scene.step.atMs), ...toldStep(scene.step, scene.place, flights) }
    case 'heartbeats':
      return { time: readableNumber(scene.atMs), node: WORLD, what: `... ${heartbeatWords(scene)}` }
    case 'leftOut':
      return { time: '', node: WORLD, what: `... ${leftOutWords(scene)}` }
    case 'broken':
      return { time: readableNumber(scene.atMs), node: WORLD, what: `BROKEN: ${sentence(scene)}` }
  }
}

function toldStep(step: StoryStep, place: number, flights: Flights): Omit<Told, 'time'> {
  if (step.kind === 'role')
    return { node: step.node, what: step.role === 'down' ? 'down' : `${step.role}, term ${step.term}` }
  if (step.kind === 'happened') return { node: step.node ?? WORLD, what: `${step.tone}: ${step.text}` }
  if (step.kind === 'sent') return { node: step.from, what: `-> ${step.to}  ${step.text}` }
  const flight = flights.get(step.message)
  if (flight === undefined) return { node: WORLD, what: `message ${step.message}` }
  const { sent, endsAt } = flight
  if (step.kind === 'lost') return { node: sent.from, what: `-x ${sent.to}  ${sent.text} (${lossWords(step)})` }
  const again = step.copy !== undefined || endsAt[0] !== place ? 'a copy, ' : ''
  return { node: sent.to, what: `<- ${sent.from}  ${sent.text} (${again}sent at ${readableNumber(sent.atMs)})` }
}

function sentence({ promise, detail }: BrokenPromise): string {
  return `${promise}. But ${detail}`
}

/** Without what would end the line or steer the terminal. */
function onOneLine(text: string): string {
  return text
    .replace(/\s+/g, (space) => (space.includes('\n') ? ' ' : space))
    .replace(/[\p{Cc}\p{Bidi_Control}]/gu, '\ufffd')
}
