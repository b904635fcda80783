import type { Flights } from '../telling/flight.ts'
import type { Scene, StepScene } from '../telling/scene.ts'
import type { Lanes } from './lanes.ts'

/**
 * Scenes that are drawn at one height: those of one instant that do not get into each other's way. What goes across
 * all lanes has a row of its own.
 */
export type Row = StepRow | WideRow

export interface StepRow {
  readonly kind: 'messages' | 'notes'
  readonly atMs: number
  readonly scenes: readonly StepScene[]
}

export interface WideRow {
  readonly kind: 'wide'
  /** Undefined for what stands for no moment. */
  readonly atMs: number | undefined
  readonly scene: Scene
}

/** How the sending of a message is drawn. A `stub` is an arrow that breaks off beside its sender, with a label there. */
export type Departure = 'arrow' | 'stub'

/** What places scenes into rows. */
export interface RowRules {
  readonly lanes: Lanes
  readonly flights: Flights
  /** By the number of the message. */
  readonly departureOf: (message: number) => Departure
}

/** What a scene needs to itself in its row, and what it leaves taken for those that follow. */
interface Claim {
  readonly kind: StepRow['kind']
  readonly needs: readonly string[]
  readonly takes: readonly string[]
}

interface OpenRow {
  readonly kind: StepRow['kind']
  readonly atMs: number
  readonly scenes: StepScene[]
  readonly taken: Set<string>
}

/** Puts the scenes into rows, top to bottom. Time never goes back, and every instant begins a new row. */
export function rowsOf(scenes: readonly Scene[], rules: RowRules): Row[] {
  const rows: (OpenRow | WideRow)[] = []
  for (const scene of scenes) {
    const claim = scene.kind === 'step' ? claimOf(scene, rules) : undefined
    if (scene.kind !== 'step' || claim === undefined) {
      rows.push({ kind: 'wide', atMs: momentOf(scene), scene })
      continue
    }
    const last = rows.at(-1)
    const row = last !== undefined && last.kind !== 'wide' && hasRoom(last, scene, claim) ? last : opened(scene, claim)
    if (row !== last) rows.push(row)
    row.scenes.push(scene)
    for (const taken of claim.takes) row.taken.add(taken)
  }
  return rows
}

function opened(scene: StepScene, { kind }: Claim): OpenRow {
  return { kind, atMs: scene.step.atMs, scenes: [], taken: new Set() }
}

function hasRoom(row: OpenRow, { step }: StepScene, { kind, needs }: Claim): boolean {
  return row.kind === kind && row.atMs === step.atMs && needs.every((need) => !row.taken.has(need))
}

function momentOf(scene: Scene): number | undefined {
  if (scene.kind === 'step') return scene.step.atMs
  return scene.kind === 'leftOut' ? undefined : scene.atMs
}

/** Undefined for what happened to the world. */
function claimOf({ step }: StepScene, { lanes, flights, departureOf }: RowRules): Claim | undefined {
  if (step.kind === 'role' || step.kind === 'happened') {
    if (step.node === undefined) return undefined
    const lane = `lane ${step.node}`
    return { kind: 'notes', needs: [lane], takes: [lane] }
  }
  const flight = flights.get(step.message)
  if (flight === undefined) return undefined
  const { from, to } = flight.sent
  const besideSender = `gap ${lanes.gapBeside(from, to)}`
  switch (step.kind) {
    case 'sent': {
      const gaps = departureOf(step.message) === 'stub' ? [besideSender] : []
      return { kind: 'messages', needs: gaps, takes: [...gaps, `sender ${from}`, `message ${step.message}`] }
    }
    case 'lost':
      return { kind: 'messages', needs: [besideSender], takes: [besideSender] }
    case 'received': {
      const gap = `gap ${lanes.gapBeside(to, from)}`
      // An arrow falls, and nobody answers before it was asked.
      return { kind: 'messages', needs: [gap, `message ${step.message}`, `sender ${to}`], takes: [gap] }
    }
  }
}
