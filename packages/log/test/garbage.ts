import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { sleep } from './cluster.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Whether nothing holds any of these any more, within the given time. */
export async function areGone(references: readonly WeakRef<object>[], patienceMs = 3_000): Promise<boolean> {
  const deadlineMs = performance.now() + patienceMs
  for (;;) {
    collectGarbage()
    if (references.every((reference) => reference.deref() === undefined)) return true
    if (performance.now() > deadlineMs) return false
    await sleep(50)
  }
}
