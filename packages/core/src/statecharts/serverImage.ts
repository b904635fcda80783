import type { Actor, Snapshot, StateValue } from 'xstate'
import { invariant } from '../errors.ts'
import type { ServerId } from '../identifiers.ts'
import { copyState, type RaftState } from '../state/raftState.ts'
import type { ServerContext } from './context.ts'
import type { Role, serverMachine } from './server.ts'

/** The timeout that a chart waits for: one at a time, and none in most states. */
export interface RunningTimeout {
  /** The event by which the chart will be told. */
  readonly event: string
  /** Monotonic milliseconds. */
  readonly dueAtMs: number
}

/** One server as it stood between two turns, apart from any actor. Nothing that happens later changes it. */
export interface ServerImage {
  readonly state: RaftState
  readonly role: Role
  /** The state of the role's chart; undefined of a server that has stopped. */
  readonly roleValue: StateValue | undefined
  /** Of a leader, the state of each peer's chart. */
  readonly peerValues: ReadonlyMap<ServerId, StateValue>
  readonly timeout: RunningTimeout | undefined
}

type ServerActor = Actor<typeof serverMachine>

/** A chart below the root, whichever it is. */
interface ChartActor {
  getSnapshot(): { readonly value: StateValue; readonly children: Readonly<Record<string, ChartActor | undefined>> }
}

/** `role` is what the server is known as, which is stopped from the moment it fails. */
export function imageOf(
  state: RaftState,
  actor: ServerActor,
  role: Role,
  timeoutAtMs: number | undefined,
): ServerImage {
  const roleActor: ChartActor | undefined = role === 'stopped' ? undefined : actor.getSnapshot().children.role
  const chart = roleActor?.getSnapshot()
  const peerValues = new Map<ServerId, StateValue>()
  for (const [id, peer] of Object.entries(chart?.children ?? {})) {
    if (peer !== undefined) peerValues.set(id, peer.getSnapshot().value)
  }
  const [timer] = Object.values(actor.system.getSnapshot()._scheduledEvents)
  return {
    state: copyState(state),
    role,
    roleValue: chart?.value,
    peerValues,
    timeout:
      timer === undefined || timeoutAtMs === undefined ? undefined : { event: timer.event.type, dueAtMs: timeoutAtMs },
  }
}

/** What the actor tree of an image starts from, over the state of the server that is put back. */
export function chartsOf({ role, roleValue, peerValues }: ServerImage, context: ServerContext): Snapshot<unknown> {
  if (roleValue === undefined) return chart(role, context, {}, 'done')
  const peers = [...peerValues].map(([id, value]) => {
    const progress = context.state.peers.get(id)
    invariant(progress !== undefined, 'a leader has a chart for each peer that it knows')
    return [id, child('peer', chart(value, { state: context.state, progress }))]
  })
  return chart(role, context, { role: child(role, chart(roleValue, context, Object.fromEntries(peers))) })
}

/** XState starts no timer of a state that it finds itself in, only of those that it enters. */
export function resumeTimeout(actor: ServerActor, { event, dueAtMs }: RunningTimeout, nowMs: number): void {
  const { role } = actor.getSnapshot().children
  if (role === undefined) return
  actor.system.scheduler.schedule(role, role, { type: event }, Math.max(0, dueAtMs - nowMs), event)
}

type Children = Record<string, { readonly src: string; readonly snapshot: Snapshot<unknown> }>

function chart(value: StateValue, context: object, children: Children = {}, status = 'active'): Snapshot<unknown> {
  return { status, value, context, children, historyValue: {} } as unknown as Snapshot<unknown>
}

function child(src: string, snapshot: Snapshot<unknown>): Children[string] {
  return { src, snapshot }
}
