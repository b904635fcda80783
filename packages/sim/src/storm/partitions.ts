import type { NodeId } from '@quorate/core'
import type { SimRandom } from '../random.ts'
import type { Cut } from '../world/simNetwork.ts'

type Link = readonly [from: string, to: string]

/** Some way to cut servers, and clients, off from one another: both directions of a link, or one. */
export function drawPartition(
  random: SimRandom,
  ids: readonly NodeId[],
  clients: readonly string[],
  leader: NodeId | undefined,
): Cut {
  const kind = random.pick([
    'halves',
    'halves',
    'graph',
    'ring',
    'bridge',
    'alone',
    'leader',
    'oneWay',
    'leaderDeaf',
    'leaderMute',
  ])
  const target = leader ?? random.pick(ids)
  switch (kind) {
    case 'halves':
      return between(random.some([...ids, ...clients], random.between(0.2, 0.8)), [...ids, ...clients])
    case 'graph':
      return both(pairsOf([...ids, ...clients]).filter(() => random.happens(0.4)))
    case 'ring':
      return ring(random.shuffled(ids))
    case 'bridge':
      return bridge(random.shuffled(ids))
    case 'alone':
      return between([random.pick(ids)], [...ids, ...clients])
    case 'leader':
      return between([target], ids)
    case 'oneWay':
      return { links: allLinks([...ids, ...clients]).filter(() => random.happens(0.3)) }
    case 'leaderDeaf':
      return { links: allLinks(ids).filter(([, to]) => to === target) }
    default:
      return { links: allLinks(ids).filter(([from]) => from === target) }
  }
}

export function isOneWay({ links }: Cut): boolean {
  const keys = new Set(links.map(([from, to]) => `${from}>${to}`))
  return links.some(([from, to]) => !keys.has(`${to}>${from}`))
}

/** What these send to the others, and the others to them. */
export function between(side: readonly string[], all: readonly string[]): Cut {
  return both(pairsOf(all).filter(([a, b]) => side.includes(a) !== side.includes(b)))
}

/** Each hears its two neighbours alone. */
function ring(ids: readonly string[]): Cut {
  return both(
    pairsOf(ids).filter(([a, b]) => {
      const distance = Math.abs(ids.indexOf(a) - ids.indexOf(b))
      return distance !== 1 && distance !== ids.length - 1
    }),
  )
}

/** Two halves that only the first hears. */
function bridge([first, ...others]: readonly string[]): Cut {
  const half = others.slice(0, others.length / 2)
  return both(pairsOf(others).filter(([a, b]) => first !== a && half.includes(a) !== half.includes(b)))
}

function pairsOf(all: readonly string[]): Link[] {
  return all.flatMap((a, place) => all.slice(place + 1).map((b): Link => [a, b]))
}

function allLinks(all: readonly string[]): Link[] {
  return all.flatMap((from) => all.filter((to) => to !== from).map((to): Link => [from, to]))
}

function both(links: readonly Link[]): Cut {
  return {
    links: links.flatMap(([a, b]): Link[] => [
      [a, b],
      [b, a],
    ]),
  }
}
