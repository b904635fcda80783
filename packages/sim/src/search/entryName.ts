import type { Entry, LogPosition } from '@quorate/core'

const decoder = new TextDecoder()
const names = new WeakMap<Entry, string>()

/** Two entries of the same name are the same entry: `3/2` and, of a command, what it says. */
export function entryName(entry: Entry): string {
  let name = names.get(entry)
  if (name === undefined) {
    name = `${positionName(entry)}${entry.kind === 'command' ? `:${decoder.decode(entry.data)}` : ''}`
    names.set(entry, name)
  }
  return name
}

/** Positions read index/term. */
export function positionName({ index, term }: LogPosition): string {
  return `${index}/${term}`
}

/** What stands before the content. */
export function positionOfName(name: string): string {
  const end = name.indexOf(':')
  return end < 0 ? name : name.slice(0, end)
}
