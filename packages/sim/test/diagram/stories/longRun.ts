import type { Story } from '../../../src/diagram/story.ts'
import { SimRandom } from '../../../src/random.ts'
import { StoryDraft } from '../storyDraft.ts'

const NODES = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf']

/** Seven servers with changing leaders, `rounds` appends, and heartbeats in between: thousands of steps, none broken. */
export function longRun(rounds: number): Story {
  const random = new SimRandom(4711)
  const draft = new StoryDraft()
  let nowMs = 0
  let term = 1
  let leader = NODES[0] as string
  draft.role(0, leader, 'leader', term)
  for (const node of NODES.slice(1)) draft.role(0, node, 'follower', term)
  for (let index = 2; index < rounds + 2; index += 1) {
    nowMs += 40
    const others = NODES.filter((node) => node !== leader)
    if (random.happens(0.06)) {
      draft.happened(nowMs, leader, 'fault', 'the process is paused for 900 ms')
      term += 1
      draft.role(nowMs + 30, leader, 'follower', term)
      leader = random.pick(others)
      draft.role(nowMs + 20, leader, 'leader', term)
      continue
    }
    draft.happened(nowMs, leader, 'client', `append number ${index}`)
    for (const node of others) append(draft, random, nowMs, leader, node, index, term)
    draft.happened(nowMs + 6, leader, 'commit', `commitIndex ${index - 1} → ${index}`)
    const beats = random.below(6)
    draft.beat(
      nowMs + 40,
      beats,
      leader,
      others,
      `term ${term} prev ${index}/${term} commit ${index}`,
      `term ${term} match ${index}`,
    )
    nowMs += 40 + beats * 50
  }
  return draft.finish({
    title: 'Seven servers, many leaders',
    seed: 4711,
    nodes: NODES,
    replay: 'npx quorate-sim replay --seed 4711',
  })
}

function append(
  draft: StoryDraft,
  random: SimRandom,
  atMs: number,
  leader: string,
  node: string,
  index: number,
  term: number,
): void {
  const text = `term ${term} prev ${index - 1}/${term} entries ${index}/${term} commit ${index - 1}`
  if (random.happens(0.1)) {
    draft.postInVain(atMs, leader, node, 'appendEntries', text, 'lost on the way')
    return
  }
  const delayMs = random.between(0.3, 2)
  const message = draft.post(atMs, delayMs, leader, node, 'appendEntries', text)
  if (random.happens(0.05)) draft.receive(atMs + random.between(100, 3000), message, 2)
  draft.post(
    atMs + delayMs + 1,
    random.between(0.3, 2),
    node,
    leader,
    'appendEntries.accepted',
    `term ${term} match ${index}`,
  )
}
