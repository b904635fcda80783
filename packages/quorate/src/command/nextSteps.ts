import type { GroupId, ServerId } from '@quorate/core'
import { listOf } from './words.ts'

export interface Founded {
  readonly to: string
  readonly id: ServerId
  readonly groups: readonly GroupId[]
  /** The servers of the former group that are not in the new one. */
  readonly others: readonly ServerId[]
  /** Whether the former group has the same name: it must not run beside the new one. */
  readonly takesName: boolean
}

/** What whoever has founded a group anew does with it. */
export function nextSteps({ to, id, groups, others, takesName }: Founded): string[] {
  const voters = takesName && others.length > 0 ? [id, ...others].map((each) => `'${each}'`) : [`'${id}'`, '...']
  const steps = [
    `Start the server ${id} with the folder ${to}, and open ${listOf(groups)} there, without a bootstrap.`,
    `Start the other servers with empty folders, and open ${groups.length === 1 ? 'the same group' : 'the same groups'}.`,
    `On ${id}: await log.changeMembers({ voters: [${voters.join(', ')}] })`,
  ]
  if (takesName) {
    steps.unshift('See to it that no server of the former group runs, or is started again with its old folder.')
  }
  return ['Next:', ...steps.map((step, place) => `  ${place + 1}. ${step}`)]
}
