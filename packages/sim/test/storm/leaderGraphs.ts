/** A link that carries nothing, from one server to another; server 0 leads when it is cut. */
export type MissingLink = readonly [from: number, to: number]

/** Which links of a group are missing. */
export type LeaderGraph = readonly MissingLink[]

/**
 * Every way in which links between `servers` servers may be missing, of which some server still reaches a majority, in both
 * directions: one for all that differ in the names of the followers alone. `'both'`: a link is missing in both directions, or in none.
 */
export function leaderGraphs(servers: number, directions: 'both' | 'each'): LeaderGraph[] {
  const pairs = pairsOf(servers)
  const cuts = pairs.flatMap(([a, b]): LeaderGraph[] => {
    const [there, back]: [MissingLink, MissingLink] = [
      [a, b],
      [b, a],
    ]
    return directions === 'both' ? [[there, back]] : [[there], [back]]
  })
  const renamings = renamingsOf(servers)
  const known = new Set<string>()
  return Array.from({ length: 2 ** cuts.length }, (_, mask) => cuts.filter((_cut, bit) => (mask >> bit) & 1).flat())
    .filter((graph) => hasMajority(servers, graph))
    .filter((graph) => {
      const name = nameOf(servers, graph, renamings)
      const isNew = !known.has(name)
      known.add(name)
      return isNew
    })
}

function pairsOf(servers: number): [number, number][] {
  const all = Array.from({ length: servers }, (_, server) => server)
  return all.flatMap((a) => all.slice(a + 1).map((b): [number, number] => [a, b]))
}

function hasMajority(servers: number, graph: LeaderGraph): boolean {
  const missing = new Set(graph.map(String))
  const reaches = (a: number, b: number): boolean => !missing.has(String([a, b])) && !missing.has(String([b, a]))
  const all = Array.from({ length: servers }, (_, server) => server)
  return all.some((a) => 2 * all.filter((b) => reaches(a, b)).length > servers)
}

/** The same for graphs that differ in the names of the followers alone. */
function nameOf(servers: number, graph: LeaderGraph, renamings: readonly (readonly number[])[]): string {
  const bitOf = ([from, to]: MissingLink): number => from * servers + to
  const names = renamings.map((renamed) => {
    const bits = graph.map(([from, to]) => bitOf([renamed[from]!, renamed[to]!]))
    return bits.sort((a, b) => a - b).join(' ')
  })
  return names.sort()[0]!
}

/** All orders of the followers; the leader stays 0. */
function renamingsOf(servers: number): number[][] {
  let orders: number[][] = [[]]
  for (let server = 1; server < servers; server++) {
    orders = orders.flatMap((order) =>
      Array.from({ length: server }, (_, place) => [...order.slice(0, place), server, ...order.slice(place)]),
    )
  }
  return orders.map((order) => [0, ...order])
}
