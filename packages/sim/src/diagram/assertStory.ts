import type { Story, StoryStep } from './story.ts'

/** @throws RangeError naming the step of a story that cannot have happened as it is told. */
export function assertStory(story: Story): void {
  const nodes = new Set(story.nodes)
  if (nodes.size === 0) throw new RangeError('the story has no nodes: name every node that its steps speak of')
  if (nodes.size < story.nodes.length) {
    throw new RangeError(`the story names a node twice (${story.nodes.join(', ')}): name each of them once`)
  }
  const sent = new Set<number>()
  let lastMs = -Infinity
  story.steps.forEach((step, place) => {
    const fault = faultOf(step, nodes, sent, lastMs)
    if (fault !== undefined) throw new RangeError(`step ${place} of the story (${step.kind}) ${fault}`)
    if (step.kind === 'sent') sent.add(step.message)
    lastMs = step.atMs
  })
  if (story.broken !== undefined && !Number.isFinite(story.broken.atMs)) {
    throw new RangeError(
      `the promise was broken at ${story.broken.atMs}: give the simulated milliseconds of that moment`,
    )
  }
}

function faultOf(step: StoryStep, nodes: ReadonlySet<string>, sent: ReadonlySet<number>, lastMs: number) {
  if (!Number.isFinite(step.atMs)) return `is at ${step.atMs}: give simulated milliseconds`
  if (step.atMs < lastMs) return `is at ${step.atMs}, before the step in front of it at ${lastMs}: put steps in order`
  for (const node of nodesOf(step)) {
    if (!nodes.has(node)) return `speaks of ${JSON.stringify(node)}: name that node in the story's nodes`
  }
  if (step.kind === 'sent') {
    if (step.from === step.to) return `goes from ${step.from} to itself: leave such messages out`
    if (sent.has(step.message)) return `sends message ${step.message} a second time: give every message its own number`
  }
  if (step.kind === 'received' || step.kind === 'lost') {
    if (!sent.has(step.message))
      return `is about message ${step.message}, which was not sent before: tell its sending too`
  }
  return undefined
}

function nodesOf(step: StoryStep): readonly string[] {
  if (step.kind === 'sent') return [step.from, step.to]
  if (step.kind === 'role') return [step.node]
  return step.kind === 'happened' && step.node !== undefined ? [step.node] : []
}
