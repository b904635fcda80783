import { FIRST_MACHINE_VERSION, priorityOf } from '@quorate/core'
import { appendWithin } from '../workload/appendWithin.ts'
import type { SimClient } from '../workload/simClient.ts'
import { CALM_CONDITIONS } from '../world/simNetwork.ts'
import type { SimNode } from '../world/simNode.ts'
import type { SimWorld } from '../world/simWorld.ts'
import { askForRecovery } from './recovery.ts'
import { catchUpMs } from './catchUp.ts'

/** The group did not come to rest as it should. */
export class CalmBroken extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CalmBroken'
  }
}

/** How long a group may take, in maximum election timeouts, from the end of the last fault to a fresh commit. */
const RECOVERY_TIMEOUTS = 3
/** How long all servers may take to be equal after that, and clients to hear their answers. */
const SETTLING_MS = 20_000

const CALM_DISK_MS = [0.1, 0.4] as const

/**
 * Ends all faults, and sees to it that the group does what it must: a leader with a fresh commit soon, then all servers
 * equal, and an answer to everybody.
 * @throws CalmBroken when it does not, InvariantBroken as ever.
 */
export async function calmDown(
  world: SimWorld,
  clients: readonly SimClient[],
): Promise<{ recoveryMs: number; recoveryLimitMs: number }> {
  for (const client of clients) client.stop()
  await heal(world)
  const recovery = await recover(world)
  await regain(world)
  if (world.changesMembers) await gather(world)
  await prefer(world)
  await upgrade(world)
  await settle(world, clients)
  world.invariants.checkEnd()
  return recovery
}

async function heal(world: SimWorld): Promise<void> {
  world.network.conditions = CALM_CONDITIONS
  world.network.healAll()
  for (const node of world.nodes.values()) {
    node.disk.capacityBytes = Infinity
    node.disk.fault = undefined
    node.afterNextFlush = undefined
    node.conditions = { ...node.conditions, diskMs: CALM_DISK_MS, busyMs: 0, applyMs: 0 }
    node.process?.wake()
    node.releaseDisk()
    if (node.isDown && node.lostFor === undefined) world.start(node)
  }
  world.network.deliverAll()
  // A server whose store has failed is about to be started again.
  const isHealed = (): boolean => healthyNodes(world).every(({ isUp, role }) => isUp && role !== 'stopped')
  const hasHealed = await world.run(SETTLING_MS, isHealed)
  if (!hasHealed) throw new CalmBroken(`not all servers are back ${SETTLING_MS} ms after the storm: ${describe(world)}`)
}

async function recover(world: SimWorld): Promise<{ recoveryMs: number; recoveryLimitMs: number }> {
  const { electionTimeoutMaxMs } = world.settings
  const fromMs = world.now
  // Timeouts are those of the servers' clocks, some of which are slow.
  const slowest = Math.min(...[...world.nodes.values()].map(({ conditions }) => conditions.clockRate))
  const recoveryLimitMs = (RECOVERY_TIMEOUTS * electionTimeoutMaxMs) / slowest + catchUpMs(world, healthyNodes(world))
  const fresh = world.invariants.record.commitIndex
  const isCommitted = (): boolean => world.invariants.record.commitIndex > fresh
  const append = (): void => {
    const { leader } = world
    const { clients } = world.invariants
    if (leader !== undefined) appendWithin(leader, clients.begin([new Uint8Array()]), clients)
    if (!isCommitted()) world.at(world.now + electionTimeoutMaxMs / 20, append)
  }
  append()
  const hasRecovered = await world.run(recoveryLimitMs, isCommitted)
  if (!hasRecovered) {
    throw new CalmBroken(`no leader with a fresh commit ${recoveryLimitMs} ms after the last fault: ${describe(world)}`)
  }
  return { recoveryMs: world.now - fromMs, recoveryLimitMs }
}

/** Whoever has lost its disk comes back with another, one after the other. */
async function regain(world: SimWorld): Promise<void> {
  for (const node of world.nodes.values()) {
    if (node.lostFor !== 'wipe' && !node.isRecovering) continue
    let isDone = false
    const ask = (): void => {
      if (isDone) return
      if (node.isDown) world.start(node)
      askForRecovery(world, node, (isRecovered) => (isDone ||= isRecovered))
      world.at(world.now + world.settings.electionTimeoutMaxMs, ask)
    }
    ask()
    const limitMs = SETTLING_MS + stepsBackMs(world)
    const hasRegained = await world.run(limitMs, () => isDone)
    if (!hasRegained) throw new CalmBroken(`${node.id} is not back ${limitMs} ms later: ${describe(world)}`)
  }
}

/** Entry by entry, back to the beginning of the log: a message each, some of which may have to be sent again. */
function stepsBackMs(world: SimWorld): number {
  const { backtracking, heartbeatIntervalMs } = world.settings
  return backtracking === 'entry' ? world.invariants.record.commitIndex * heartbeatIntervalMs : 0
}

/** Whoever was left out comes back: in the end all are equal. */
async function gather(world: SimWorld): Promise<void> {
  let isAsked = false
  let isDone = false
  const ask = (): void => {
    if (isDone) return
    const { leader } = world
    if (leader?.server !== undefined && !isAsked) {
      isAsked = true
      leader.server.changeMembership({ voters: world.ids, timeoutMs: 1_000 }, ({ type }) => {
        isAsked = false
        isDone = type === 'changed'
      })
    }
    world.at(world.now + world.settings.electionTimeoutMinMs, ask)
  }
  ask()
  const hasGathered = await world.run(SETTLING_MS, () => isDone)
  if (!hasGathered)
    throw new CalmBroken(`not all servers belong to the group ${SETTLING_MS} ms later: ${describe(world)}`)
}

/** In the end one of the highest priority leads. */
async function prefer(world: SimWorld): Promise<void> {
  const isPreferred = (): boolean => {
    const { leader } = world
    const configuration = leader?.server?.status.configuration?.configuration
    if (leader === undefined || configuration === undefined) return false
    const priorities = configuration.voters.flat().map((id) => priorityOf(configuration, id))
    return priorityOf(configuration, leader.id) === Math.max(...priorities)
  }
  const hasPreferred = await world.run(SETTLING_MS, isPreferred)
  if (!hasPreferred)
    throw new CalmBroken(`none of the highest priority leads ${SETTLING_MS} ms later: ${describe(world)}`)
}

/** All servers get the newest code that there is, one after the other, and go over to its version. */
async function upgrade(world: SimWorld): Promise<void> {
  const nodes = [...world.nodes.values()]
  const newest = Math.max(...nodes.map(({ machineVersion }) => machineVersion))
  // A member that is lost for good holds the others to the version that it had.
  if (newest === FIRST_MACHINE_VERSION || nodes.some(({ lostFor }) => lostFor !== undefined)) return
  const isInForce = (): boolean =>
    healthyNodes(world).every(({ server }) => server?.server.state.machineVersion === newest)
  for (const node of healthyNodes(world)) {
    if (node.machineVersion === newest) continue
    node.deploy(newest)
    world.kill(node)
    world.start(node)
    await world.run(SETTLING_MS, () => node.isUp && world.leader !== undefined)
  }
  const hasUpgraded = await world.run(SETTLING_MS, isInForce)
  if (!hasUpgraded)
    throw new CalmBroken(`version ${newest} is not in force ${SETTLING_MS} ms later: ${describe(world)}`)
}

async function settle(world: SimWorld, clients: readonly SimClient[]): Promise<void> {
  const isSettled = (): boolean => {
    const { leader } = world
    if (leader === undefined || clients.some(({ isBusy }) => isBusy) || !world.invariants.clients.isQuiet) return false
    const lead = leader.server?.server.state
    if (lead === undefined || lead.pendingAppends.length > 0) return false
    // A server whose disk was exchanged finds out, and is ended for it.
    if ([...world.nodes.values()].some(({ lostFor, isUp }) => lostFor !== undefined && isUp)) return false
    return healthyNodes(world).every(({ server }) => {
      const state = server?.server.state
      return (
        state?.currentTerm === lead.currentTerm &&
        state.log.lastIndex === lead.log.lastIndex &&
        state.lastApplied === lead.log.lastIndex &&
        state.pendingAppends.length === 0
      )
    })
  }
  const hasSettled = await world.run(SETTLING_MS, isSettled)
  if (!hasSettled)
    throw new CalmBroken(`servers or answers are still apart ${SETTLING_MS} ms later: ${describe(world)}`)
}

function healthyNodes(world: SimWorld): SimNode[] {
  return [...world.nodes.values()].filter(({ lostFor, isRecovering }) => lostFor === undefined && !isRecovering)
}

function describe(world: SimWorld): string {
  const servers = [...world.nodes.values()].map(({ id, role, server, lostFor }) => {
    const state = server?.server.state
    const at =
      state === undefined
        ? ''
        : ` of term ${state.currentTerm}, last ${state.log.lastIndex}, committed ${state.commitIndex}, applied ${state.lastApplied}`
    return `${id} is ${role}${at}${lostFor === undefined ? '' : `, lost for ${lostFor}`}`
  })
  return servers.join('; ')
}
