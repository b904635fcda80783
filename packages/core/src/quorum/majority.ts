/** How many of `count` servers make a majority. */
export function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1
}

/** Whether `agrees` holds for a majority of every set of voters. */
export function hasQuorum(voters: readonly (readonly string[])[], agrees: (id: string) => boolean): boolean {
  return voters.every((set) => {
    let agreeing = 0
    for (const id of set) if (agrees(id)) agreeing++
    return agreeing >= majorityOf(set.length)
  })
}

/** The highest index that a majority of every set of voters has reached. */
export function quorumIndex(voters: readonly (readonly string[])[], indexOf: (id: string) => number): number {
  let lowest = Infinity
  for (const set of voters) lowest = Math.min(lowest, majorityIndex(set, indexOf))
  return lowest === Infinity ? 0 : lowest
}

function majorityIndex(set: readonly string[], indexOf: (id: string) => number): number {
  if (set.length === 0) return 0
  const reached = set.map(indexOf).sort((a, b) => b - a)
  return reached[majorityOf(set.length) - 1] ?? 0
}
