import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DiskEvent } from '../src/index.ts'
import { change, close, command, write } from './storeCalls.ts'
import { StoreProcess, buildChild } from './storeProcess.ts'
import { systemTool } from './systemTool.ts'
import { openWritten } from './writtenEntries.ts'

const CUTS = 100

/** What a test needs to take the power from a disk of its own; a missing one skips the test. */
function hasTools(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    for (const tool of ['mkfs.ext4', 'python3', 'losetup']) systemTool('which', tool)
    return true
  } catch {
    return false
  }
}

describe.skipIf(!hasTools())('a disk that loses its power (needs root, ext4 and python3)', () => {
  let built: string
  let work: string
  let disk: PowerlessDisk

  beforeAll(async () => {
    built = await buildChild()
    work = mkdtempSync(join(tmpdir(), 'quorate-power-'))
    disk = new PowerlessDisk(join(work, 'image'), join(work, 'mounted'))
  })

  afterAll(() => {
    disk.end()
    for (const folder of [built, work]) rmSync(folder, { recursive: true })
  })

  test(`${CUTS} times under a writing process: nothing that was reported as flushed is lost`, async () => {
    const events: DiskEvent[] = []
    let flushed = 0
    let previous = 0
    for (let cut = 1; cut <= CUTS; cut += 1) {
      const child = new StoreProcess(built, 'write', disk.folder)
      expect(await child.first()).toMatch(/^opened/)
      await new Promise((resolve) => setTimeout(resolve, 40 + ((cut * 53) % 211)))
      disk.cut()
      // Its next flush fails, and it says no more.
      await child.ended()
      disk.powerUp()
      flushed = Math.max(flushed, child.lastFlushed())

      const log = (event: DiskEvent) => void events.push(event)
      const { store, lastIndex } = await openWritten(disk.folder, { flushed, after: previous, log })
      await write(store, change(`cut-${cut}`, { entries: [command(1, 1)] }))
      await close(store)
      previous = lastIndex
    }
    console.log(`${flushed} entries reported, ${events.filter(({ type }) => type === 'tail.cut').length} tails cut`)
    expect(flushed).toBeGreaterThan(CUTS * 20)
  })
})

/** ext4 on a file. After a cut every call on it fails, and nothing reaches its disk any more, its journal included. */
class PowerlessDisk {
  readonly folder: string
  readonly #image: string
  readonly #mountPoint: string

  constructor(image: string, mountPoint: string) {
    this.#image = image
    this.#mountPoint = mountPoint
    this.folder = join(mountPoint, 'store')
    writeFileSync(image, '')
    truncateSync(image, 256 * 1024 * 1024)
    systemTool('mkfs.ext4', '-q', '-F', image)
    mkdirSync(mountPoint)
    this.#mount()
  }

  cut(): void {
    // FS_IOC_SHUTDOWN without a flush of the journal.
    const lines = ['import fcntl, os, struct, sys', 'disk = os.open(sys.argv[1], os.O_RDONLY)']
    lines.push('fcntl.ioctl(disk, 0x8004587D, struct.pack("I", 2))')
    systemTool('python3', '-c', lines.join('\n'), this.#mountPoint)
  }

  powerUp(): void {
    this.end()
    this.#mount()
  }

  end(): void {
    systemTool('umount', '-l', this.#mountPoint)
  }

  /** The system writes nothing by itself between two cuts. */
  #mount(): void {
    systemTool('mount', '-o', 'loop,commit=300', this.#image, this.#mountPoint)
  }
}
