// Between a server's statecharts and the inspector: each change, as plain data of the moment it happened.

/**
 * @typedef {import('xstate').InspectionEvent} InspectionEvent
 * @typedef {import('xstate').ActorRefLike & { _parent?: { sessionId: string }, logic?: { config?: object } }} ActorRefLike
 * @typedef {{ value?: unknown, status: string, context?: object, children?: Record<string, unknown> }} MachineSnapshot
 */

/**
 * What `openNode` takes as `inspect`. The inspector turns what it is given into text a moment later, all of it: the log
 * and its bytes would go along, as they are then. So it is given copies of a few numbers instead, and of the heartbeats
 * and acknowledgements, a hundred in a second, only those that lead from one state to another.
 *
 * @param {{ inspect: import('xstate').Observer<InspectionEvent> }} inspector
 * @param {string} node Goes in front of session ids: XState counts them anew in every process.
 * @returns {(event: InspectionEvent) => void}
 */
export function plainInspection({ inspect }, node) {
  /** @type {WeakMap<object, string>} */
  const lastTold = new WeakMap()
  const sessionId = (/** @type {string} */ id) => `${node}/${id}`
  const tell = (/** @type {object} */ event) => inspect.next?.(/** @type {InspectionEvent} */ (event))

  return (event) => {
    const actorRef = /** @type {ActorRefLike} */ (event.actorRef)
    const rootId = sessionId(event.rootId)
    const actor = { sessionId: sessionId(actorRef.sessionId) }
    if (event.type === '@xstate.actor') {
      const _parent = actorRef._parent && { sessionId: sessionId(actorRef._parent.sessionId) }
      const standIn = { ...actor, id: nameOf(actorRef), logic: { config: actorRef.logic?.config }, _parent }
      tell({ type: event.type, rootId, actorRef: { ...standIn, getSnapshot: () => ({ status: 'active' }) } })
    } else if (event.type === '@xstate.snapshot') {
      const { value, status, context = {}, children = {} } = /** @type {MachineSnapshot} */ (event.snapshot)
      const state = JSON.stringify([value, status])
      if (lastTold.get(actorRef) === state) return
      lastTold.set(actorRef, state)
      const cause = scalarsOf(event.event)
      const snapshot = { value, status, context: viewOf(context), children: childrenOf(children) }
      tell({ type: '@xstate.event', rootId, actorRef: actor, event: cause })
      tell({ type: event.type, rootId, actorRef: actor, event: cause, snapshot })
    }
  }
}

/** @param {ActorRefLike} actorRef */
function nameOf(actorRef) {
  return 'id' in actorRef ? String(actorRef.id) : actorRef.sessionId
}

/**
 * The numbers of Figure 2 that one wants to see beside a state.
 *
 * @param {{ state?: any, progress?: any }} context
 */
function viewOf({ state, progress }) {
  if (progress !== undefined) return { nextIndex: progress.nextIndex, matchIndex: progress.matchIndex }
  if (state === undefined) return {}
  const { currentTerm, votedFor, leaderId, commitIndex, log } = state
  return { currentTerm, votedFor, leaderId, commitIndex, lastIndex: log.lastIndex }
}

/** @param {Record<string, unknown>} children */
function childrenOf(children) {
  return Object.fromEntries(Object.keys(children).map((id) => [id, { id }]))
}

/**
 * A copy without lists and bytes.
 *
 * @param {object} event
 * @returns {{ type: string }}
 */
function scalarsOf(event) {
  /** @type {Record<string, unknown>} */
  const copy = {}
  for (const [name, value] of Object.entries(event)) {
    if (name === 'message') copy[name] = scalarsOf(value)
    else if (typeof value !== 'object' && typeof value !== 'function') copy[name] = value
  }
  return /** @type {{ type: string }} */ (copy)
}
