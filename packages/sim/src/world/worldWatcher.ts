import type { Entry, GroupWrite, ServerStatus, SnapshotDescription, StoreFailure } from '@quorate/core'
import type { DiskEvent } from '@quorate/disk'
import type { Letter } from './simNetwork.ts'
import type { SimNode, StartOutcome } from './simNode.ts'
import type { StoreContent } from './storeLedger.ts'

/** Looks on at a world, and changes nothing in it. */
export interface WorldWatcher {
  /** The world itself did something: a fault, the birth of the group. */
  happened?(what: string): void
  sent?(letter: Letter): void
  received?(letter: Letter): void
  lost?(letter: Letter, why: string): void
  started?(node: SimNode, outcome: StartOutcome): void
  /** A process has had the others make its log whole, or could not, and has ended. */
  repaired?(node: SimNode, error: Error | undefined): void
  killed?(node: SimNode): void
  opened?(node: SimNode, found: StoreContent): void
  refused?(node: SimNode, error: Error): void
  writing?(node: SimNode, write: GroupWrite): void
  written?(node: SimNode, failure: StoreFailure | undefined): void
  read?(node: SimNode): void
  applied?(node: SimNode, entry: Entry, result: unknown): void
  restored?(node: SimNode, description: SnapshotDescription): void
  status?(node: SimNode, status: ServerStatus): void
  disk?(node: SimNode, event: DiskEvent): void
  /** The invariants are about to be looked at: what they remember is of before the event. */
  beforeLook?(node: SimNode): void
  looked?(node: SimNode): void
}

/** Two watchers as one; the first may be missing. */
export function bothWatchers(first: WorldWatcher | undefined, second: WorldWatcher): WorldWatcher {
  if (first === undefined) return second
  const names = new Set([...namesOf(first), ...namesOf(second)])
  const both: Record<string, unknown> = {}
  for (const name of names) {
    both[name] = (...args: never[]): void => {
      ;(first[name] as ((...told: never[]) => void) | undefined)?.apply(first, args)
      ;(second[name] as ((...told: never[]) => void) | undefined)?.apply(second, args)
    }
  }
  return both as WorldWatcher
}

/** Also those that a class has. */
function namesOf(watcher: WorldWatcher): (keyof WorldWatcher)[] {
  const names: string[] = []
  for (let level: object | null = watcher; level !== null && level !== Object.prototype;) {
    names.push(...Object.getOwnPropertyNames(level))
    level = Object.getPrototypeOf(level) as object | null
  }
  return names.filter(
    (name) => name !== 'constructor' && typeof watcher[name as keyof WorldWatcher] === 'function',
  ) as (keyof WorldWatcher)[]
}
