const callbacksOf = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls back once when the signal aborts, at once if it has, unless the function that comes back is called first.
 *
 * A signal that lives as long as the process may be waited for by any number of appends, so it gets one listener for all
 * of them: Node warns of the eleventh. `AbortSignal.any` is no way out, as it leaves a trace on the signal for good.
 */
export function whenAborted(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback()
    return () => {}
  }
  const callbacks = callbacksOf.get(signal) ?? listenTo(signal)
  const own = (): void => callback()
  callbacks.add(own)
  return () => {
    if (!callbacks.delete(own) || callbacks.size > 0) return
    signal.removeEventListener('abort', callAll)
    callbacksOf.delete(signal)
  }
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>()
  callbacksOf.set(signal, callbacks)
  signal.addEventListener('abort', callAll)
  return callbacks
}

function callAll(this: AbortSignal): void {
  for (const callback of callbacksOf.get(this) ?? []) callback()
}
