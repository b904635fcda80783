import type { SimNode } from '../world/simNode.ts'
import type { SimWorld } from '../world/simWorld.ts'

/** Has the leader let a server with a new disk in again. `done` may never be called: the leader may be gone by then. */
export function askForRecovery(world: SimWorld, node: SimNode, done: (isRecovered: boolean) => void): void {
  const { leader } = world
  const configuration = leader?.server?.status.configuration?.configuration
  if (leader?.server === undefined || configuration === undefined) {
    done(false)
    return
  }
  const { members, voters: sets, next } = configuration
  const voters = next?.voters ?? sets[0] ?? []
  const learners = (next?.members ?? members).map(({ id }) => id).filter((id) => !voters.includes(id))
  const request = { voters, learners, recovered: [node.id], timeoutMs: 1_000 }
  leader.server.changeMembership(request, (outcome) => {
    const isRecovered = outcome.type === 'changed' && isNamed(outcome.configuration.members, node)
    if (isRecovered) node.noteRecovered()
    done(isRecovered)
  })
}

function isNamed(members: readonly { readonly id: string; readonly store: string }[], node: SimNode): boolean {
  return members.some(({ id, store }) => id === node.id && store === node.storeIdentity)
}
