import { writeSync } from 'node:fs'
import { openDiskStore } from '../src/index.ts'
import { change, command } from './storeCalls.ts'

// Opens the store in the folder it is given, says what it holds, and writes one entry after the other until it is
// killed. It says `flushed <index>` for each that is reported as flushed.

const [folder = '', mode = 'write'] = process.argv.slice(2)
const OUTSTANDING = 8

/** Out before anything else happens: what is still in a stream's buffer dies with the process. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}

try {
  const store = await openDiskStore({ folder, segmentBytes: 64 * 1024 })
  let lastIndex = store.recover('g')?.lastIndex ?? 0
  say(`opened ${lastIndex}`)
  if (mode === 'hold') setInterval(() => {}, 1000)
  if (mode === 'write') for (let started = 0; started < OUTSTANDING; started += 1) writeNext()

  function writeNext(): void {
    lastIndex += 1
    const index = lastIndex
    const hardState = { currentTerm: index, votedFor: 'n1' }
    store.write([change('g', { hardState, entries: [command(index, 1, 'x'.repeat(index % 700))] })], (failure) => {
      if (failure !== undefined) throw failure.error
      say(`flushed ${index}`)
      writeNext()
    })
  }
} catch (error) {
  const { code, holderPid } = error as { code?: string; holderPid?: number }
  say(`refused ${code} ${holderPid}`)
}
