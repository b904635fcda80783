import type { SimRandom } from '../random.ts'
import type { Cut } from '../world/simNetwork.ts'
import type { SimNode } from '../world/simNode.ts'
import type { SimWorld } from '../world/simWorld.ts'
import { appendWithin } from '../workload/appendWithin.ts'
import type { Workload } from '../workload/workload.ts'
import { drawFate } from '../disk/crashFate.ts'
import type { Coverage } from './coverage.ts'
import { askForRecovery } from './recovery.ts'
import { between, drawPartition, isOneWay } from './partitions.ts'
import { drawNetwork } from './networkWeather.ts'

/** What a fault may lay its hands on. */
export interface FaultSite {
  readonly world: SimWorld
  readonly random: SimRandom
  readonly coverage: Coverage
  readonly workload: Workload
  /** The names of the clients, as the network knows them. */
  readonly places: readonly string[]
  /** The partitions that last right now. */
  readonly partitions: Set<Cut>
  /** Whether the storm is still on: what it ends by itself must not outlast it. */
  readonly isOn: () => boolean
}

interface Fault {
  /** Milliseconds from one to the next, on average, in ordinary weather. */
  readonly everyMs: number
  readonly happen: (site: FaultSite) => void
}

/** Everything that can go wrong. */
export const FAULTS = {
  partition: { everyMs: 4_000, happen: partition },
  kill: { everyMs: 6_000, happen: (site) => crash(site, pickUp(site), false) },
  cutPower: { everyMs: 6_000, happen: (site) => crash(site, pickUp(site), true) },
  crashLeader: { everyMs: 9_000, happen: (site) => crash(site, site.world.leader, site.random.happens(0.5)) },
  crashBehindFlush: { everyMs: 12_000, happen: crashBehindFlush },
  crashAll: { everyMs: 25_000, happen: crashAll },
  freeze: { everyMs: 6_000, happen: freeze },
  stallDisk: { everyMs: 5_000, happen: stallDisk },
  failDisk: { everyMs: 15_000, happen: failDisk },
  fillDisk: { everyMs: 30_000, happen: fillDisk },
  damage: { everyMs: 60_000, happen: damage },
  wipe: { everyMs: 60_000, happen: wipe },
  changeNetwork: {
    everyMs: 8_000,
    happen: ({ world, random }) => void (world.network.conditions = drawNetwork(random)),
  },
  reconnect: { everyMs: 8_000, happen: reconnect },
  jumpCalendar: { everyMs: 20_000, happen: jumpCalendar },
  burst: { everyMs: 3_000, happen: burst },
  deposeLeader: { everyMs: 7_000, happen: deposeLeader },
  echo: { everyMs: 700, happen: echo },
  transferLeadership: { everyMs: 5_000, happen: transferLeadership },
  changeMembers: { everyMs: 2_500, happen: changeMembers },
  deploy: { everyMs: 1_500, happen: deploy },
} as const satisfies Record<string, Fault>

export type FaultName = keyof typeof FAULTS

/** The last kinds to be drawn: a storm that has none of them is what its seed has always meant. */
export const DRAWN_LAST: readonly FaultName[] = ['deploy']

function pickUp({ world, random }: FaultSite): SimNode | undefined {
  const { up } = world
  return up.length === 0 ? undefined : random.pick(up)
}

/** Whoever it hits, it hits the leader more often than the others. */
function pickVictim(site: FaultSite): SimNode | undefined {
  return site.random.happens(0.4) ? (site.world.leader ?? pickUp(site)) : pickUp(site)
}

function partition(site: FaultSite): void {
  const { world, random, coverage, places } = site
  const cut = drawPartition(random, world.ids, places, world.leader?.id)
  if (cut.links.length === 0) return
  world.network.cut(cut)
  coverage.count('linksCut')
  if (isOneWay(cut)) coverage.count('oneWayCut')
  if (site.partitions.size > 0) coverage.count('cutsOverlapped')
  site.partitions.add(cut)
  later(site, random.between(50, random.pick([400, 4_000])), () => {
    site.partitions.delete(cut)
    world.network.heal(cut)
  })
}

/** The process is gone, and with the power what was not flushed. It comes back, perhaps to crash again while it opens. */
function crash(site: FaultSite, node: SimNode | undefined, losesPower: boolean): void {
  if (node === undefined) return
  const { world, random, coverage } = site
  if (node.role === 'leader') coverage.count('leaderCrashed')
  world.kill(node)
  coverage.count(losesPower ? 'powerCut' : 'processKilled')
  if (losesPower) node.disk.cutPower(drawFate(random))
  if (world.up.length === 0) coverage.count('allDown')
  later(site, random.between(5, random.pick([200, 3_000])), () => comeBack(site, node))
}

function comeBack(site: FaultSite, node: SimNode): void {
  if (!node.isDown || node.lostFor === 'damage') return
  const { world, random, coverage } = site
  if (!random.happens(0.15)) {
    world.start(node)
    return
  }
  world.start(node, 1 + random.below(30))
  later(site, random.between(1, 500), () => {
    if (!node.isDown) return
    coverage.count('crashedInRecovery')
    if (random.happens(0.5)) node.disk.cutPower(drawFate(random))
    comeBack(site, node)
  })
}

/** The next write of a server is flushed, and before anybody hears of it the process is gone. */
function crashBehindFlush(site: FaultSite): void {
  const node = pickVictim(site)
  if (node === undefined) return
  const { world, random, coverage } = site
  const { incarnation } = node
  node.afterNextFlush = () =>
    world.at(world.now, () => {
      if (!node.isUp || node.incarnation !== incarnation || !site.isOn()) return
      coverage.count('crashedBehindFlush')
      crash(site, node, random.happens(0.5))
    })
}

function crashAll(site: FaultSite): void {
  const losesPower = site.random.happens(0.7)
  for (const node of site.world.up) crash(site, node, losesPower)
}

function freeze(site: FaultSite): void {
  const node = pickVictim(site)
  if (node?.process === undefined) return
  const { random, coverage } = site
  const durationMs = random.between(5, random.pick([100, 1_500, 8_000]))
  coverage.count('processFrozen')
  if (node.role === 'leader' && durationMs > electionTimeoutMaxMs(node)) coverage.count('leaderFrozen')
  node.process.pause(durationMs)
}

function stallDisk(site: FaultSite): void {
  const node = pickVictim(site)
  if (node === undefined) return
  const { random, coverage } = site
  const durationMs = random.between(5, random.pick([60, 600, 5_000]))
  if (node.role === 'leader' && durationMs > electionTimeoutMaxMs(node)) coverage.count('leaderDiskStalled')
  node.stallDisk(durationMs)
}

/** One call of the disk fails: that is the end for the process's store. */
function failDisk(site: FaultSite): void {
  const node = pickVictim(site)
  if (node === undefined) return
  const { random } = site
  let callsLeft = random.below(6)
  node.disk.fault = () => {
    if (callsLeft-- > 0) return undefined
    node.disk.fault = undefined
    return Object.assign(new Error('EIO: i/o error (simulated)'), { code: 'EIO' })
  }
}

function fillDisk(site: FaultSite): void {
  const node = pickUp(site)
  if (node === undefined) return
  const { random } = site
  node.disk.capacityBytes = node.disk.usedBytes + random.below(20_000)
  later(site, random.between(500, 8_000), () => {
    node.disk.capacityBytes = Infinity
    comeBack(site, node)
  })
}

function isLost({ lostFor, isRecovering }: SimNode): boolean {
  return lostFor !== undefined || isRecovering
}

/** As many servers as a group can do without may lose what they hold: never more, so that every loss is a fault of ours. */
function mayLose({ world }: FaultSite): boolean {
  const lost = [...world.nodes.values()].filter(isLost).length
  return 2 * (lost + 1) < world.ids.length
}

/** A bit flips somewhere in what a server holds, while it is down. */
function damage(site: FaultSite): void {
  const node = pickUp(site)
  if (node === undefined || isLost(node) || !mayLose(site)) return
  const { world, random } = site
  world.kill(node)
  node.lostFor = 'damage'
  node.disk.damage(random)
  later(site, random.between(5, 500), () => world.start(node))
}

/** The folder is empty when the server comes back. Perhaps somebody sees to it that it is let in again. */
function wipe(site: FaultSite): void {
  const node = pickUp(site)
  if (node === undefined || isLost(node) || !mayLose(site)) return
  const { world, random } = site
  world.kill(node)
  node.exchangeDisk()
  later(site, random.between(5, 500), () => world.start(node))
  if (random.happens(0.7)) later(site, random.between(5, 3_000), () => recover(site, node))
}

function recover(site: FaultSite, node: SimNode): void {
  const { world, random, coverage } = site
  if (!isLost(node)) return
  if (node.isDown) world.start(node)
  askForRecovery(world, node, (isRecovered) => {
    if (isRecovered) coverage.count('serverRecovered')
    else later(site, random.between(100, 1_000), () => recover(site, node))
  })
}

function reconnect(site: FaultSite): void {
  const node = pickUp(site)
  if (node === undefined) return
  site.world.network.reconnect(node.id)
  site.coverage.count('reconnected')
}

function jumpCalendar(site: FaultSite): void {
  const node = pickUp(site)
  if (node?.process === undefined) return
  node.wallSkewMs = site.random.between(-3_600_000, 3_600_000)
  node.process.wallSkewMs = node.wallSkewMs
  site.coverage.count('wallClockJumped')
}

/** Many commands at once, some of them large. */
function burst(site: FaultSite): void {
  const node = pickVictim(site)
  if (node === undefined) return
  site.coverage.count('burst')
  pour(site, node, 1 + site.random.below(10))
}

function pour({ world, random, workload }: FaultSite, node: SimNode, attempts: number): void {
  const { clients } = world.invariants
  const fill = workload.filler?.bind(workload)
  if (fill === undefined) return
  for (let left = attempts; left > 0; left--) {
    const datas = Array.from({ length: 1 + random.below(6) }, () => fill(random))
    appendWithin(node, clients.begin(datas), clients)
  }
}

/**
 * A leader is cut off while it takes appends, for long enough that another is elected: what it has appended by then is
 * to go, though who asked for it still waits.
 */
function deposeLeader(site: FaultSite): void {
  const { random } = site
  const { leader } = site.world
  if (leader === undefined) return
  cutOff(site, leader)
  for (let time = 0; time < 4; time++) {
    later(site, random.between(0, 300), () => {
      if (leader.isUp) pour(site, leader, 1 + random.below(3))
    })
  }
}

function cutOff(site: FaultSite, leader: SimNode): void {
  const { world, random, coverage } = site
  const cut = between([leader.id], world.ids)
  // The last of its messages to some, so that parts of what it appends are there.
  const links = cut.links.filter(([from]) => from !== leader.id || random.happens(0.7))
  world.network.cut({ links })
  coverage.count('linksCut')
  coverage.count('leaderCutOff')
  later(site, random.between(100, 2_000), () => world.network.heal({ links }))
}

/** Letters of long ago come once more, some of them for a server that has been several processes since. */
function echo({ world, random, coverage }: FaultSite): void {
  for (let left = 1 + random.below(8); left > 0; left--) if (world.network.echo()) coverage.count('messageEchoed')
}

/** Somebody wants another server to lead: one of the group, whichever is best, or one that there is not. */
function transferLeadership({ world, random, coverage }: FaultSite): void {
  const { leader } = world
  const to = random.pick([undefined, undefined, ...world.ids, 'stranger'])
  leader?.server?.transferLeadership(to, (outcome) => {
    if (outcome.type === 'gaveWay') coverage.count('leadershipTransferred')
    else if (outcome.reason === 'timeout') coverage.count('transferAbandoned')
  })
}

/**
 * Somebody wants the group to have other voters, and learners: any of the servers, the leader among them or not. Now and
 * then of a leader that is cut off just then, so that what it appends of it is to go.
 */
function changeMembers(site: FaultSite): void {
  const { world, random, coverage } = site
  const node = random.happens(0.9) ? world.leader : pickUp(site)
  const voters = world.ids.filter(() => random.happens(0.6))
  if (voters.length === 0) voters.push(random.pick(world.ids))
  const learners = world.ids.filter((id) => !voters.includes(id) && random.happens(0.4))
  const expectedIndex = random.happens(0.1) ? random.below(200) : undefined
  const preferred = [...voters, ...learners].filter(() => random.happens(0.3))
  const priorities = Object.fromEntries(preferred.map((id) => [id, random.below(4)]))
  if (node !== undefined && node === world.leader && random.happens(0.2)) cutOff(site, node)
  node?.server?.changeMembership({ voters, learners, priorities, expectedIndex, timeoutMs: 2_000 }, ({ type }) => {
    if (type === 'changed') coverage.count('membersChanged')
    else if (type === 'superseded') coverage.count('changeSuperseded')
    else if (type === 'refused') coverage.count('changeRefused')
  })
}

/**
 * A process ends, and the next one has other code: as a rule the newest that there is, now and then a newer one, or that
 * of before. Put back to code that lacks the version in force, a server stops, and is given newer code.
 */
function deploy(site: FaultSite): void {
  const node = pickUp(site)
  if (node === undefined) return
  const { world, random, coverage } = site
  const newest = Math.max(...[...world.nodes.values()].map(({ machineVersion }) => machineVersion))
  const isRelease = newest === node.machineVersion && random.happens(0.3)
  const isPutBack = random.happens(0.1)
  if (isPutBack) node.deploy(Math.max(1, node.machineVersion - 1))
  else node.deploy(isRelease ? newest + 1 + random.below(2) : newest)
  coverage.count(isPutBack ? 'codePutBack' : 'codeDeployed')
  world.kill(node)
  later(site, random.between(5, random.pick([100, 1_000])), () => comeBack(site, node))
}

function electionTimeoutMaxMs(node: SimNode): number {
  return node.raft?.settings.electionTimeoutMaxMs ?? Infinity
}

/** Ends, or follows up, a fault, unless the storm is over by then: the calm sets all right at once. */
function later({ world, isOn }: FaultSite, delayMs: number, happen: () => void): void {
  world.at(world.now + delayMs, () => {
    if (isOn()) happen()
  })
}
