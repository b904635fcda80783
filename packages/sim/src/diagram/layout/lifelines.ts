import type { Story, StoryRole } from '../story.ts'
import type { Lanes } from './lanes.ts'
import type { LifelineShape } from './shape.ts'

/** The lifelines of all nodes, in parts of one role each; what is not shown of a story counts too. */
export function lifelinesOf(
  { nodes, steps }: Story,
  lanes: Lanes,
  yOf: (place: number) => number,
  heightPx: number,
): LifelineShape[] {
  return nodes.flatMap((node) => {
    const x = lanes.xPx(node)
    const parts: LifelineShape[] = []
    let role: StoryRole | undefined
    let fromY = 0
    const end = (toY: number): void => {
      if (toY > fromY) parts.push({ kind: 'lifeline', x, fromY, toY, role })
      fromY = toY
    }
    steps.forEach((step, place) => {
      if (step.kind !== 'role' || step.node !== node || step.role === role) return
      end(yOf(place))
      role = step.role
    })
    end(heightPx)
    return parts
  })
}
