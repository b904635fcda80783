import { describe, expect, test } from 'vitest'
import { type DiskImage, SimDisk, SimRandom } from '@quorate/sim'
import { checksum, viewOf } from '../src/layout.ts'
import { type DiskEvent, openDiskStore } from '../src/index.ts'
import { attached } from './attached.ts'
import { FOLDER, REFUSALS, filled, filledWithSnapshots, flipped, outcome, withBytes } from './filledStore.ts'
import { change, command, read, write } from './storeCalls.ts'

const IDENTITY = `${FOLDER}/identity`
const segment = (number: number): string => `${FOLDER}/000000000${number}.log`

/** Behind the last byte that is not zero. */
function contentEnd(bytes: Uint8Array): number {
  return Buffer.from(bytes).toString('latin1').replace(/\0+$/, '').length
}

function without(image: DiskImage, path: string): DiskImage {
  return new Map([...image].filter(([name]) => name !== path))
}

describe('whatever is damaged, a store opens with all that it held, or not at all', { timeout: 60_000 }, () => {
  test.each(['closed', 'killed'] as const)('each byte of a small store that was %s, flipped', async (state) => {
    const { contents, [state]: image } = await filled(8, 1)
    const random = new SimRandom(1)
    const counts = { refused: 0, same: 0 }
    for (const [path, bytes] of image) {
      for (const [place, byte] of bytes.entries()) {
        for (const change of byte === 0 ? [1 << random.below(8)] : [1 << random.below(8), 0xff]) {
          const found = await outcome(flipped(image, path, place, change))
          // Only what nobody needs may be damaged unseen: unused space, and a file that was not whole yet.
          const isNeeded = byte !== 0 && !path.endsWith('.new')
          if (isNeeded || found !== contents)
            expect(REFUSALS, `${path}, ${place}, ${change}: ${found}`).toContain(found)
          counts[found === contents ? 'same' : 'refused'] += 1
        }
      }
    }
    console.log(`each byte flipped, ${state}: ${counts.refused} times refused, ${counts.same} times without loss`)
    expect(counts.refused).toBeGreaterThan(1000)
    expect(counts.same).toBeGreaterThan(400)
  })

  test('each byte of the snapshots that are named, and of what says which segments were freed', async () => {
    const { contents, killed } = await filledWithSnapshots(2)
    const paths = [...killed.keys()].filter((path) => /snapshot$|freed$/.test(path))
    expect(paths.length).toBe(3)
    for (const path of paths) {
      for (const place of (killed.get(path) as Uint8Array).keys()) {
        for (const change of [1 << (place % 8), 0xff]) {
          const found = await outcome(flipped(killed, path, place, change))
          expect(REFUSALS, `${path}, ${place}, ${change}: ${found}`).toContain(found)
        }
      }
      for (let length = 0; length < (killed.get(path) as Uint8Array).length; length += 1) {
        const cut = await outcome(withBytes(killed, path, (old) => old.subarray(0, length)))
        expect(cut, `${path} cut to ${length}`).toBe('CORRUPT_STORE')
      }
      expect(await outcome(without(killed, path)), `${path} missing`).toBe('CORRUPT_STORE')
      expect(await outcome(withBytes(killed, path, (old) => Buffer.concat([old, Buffer.of(0)])))).toBe('CORRUPT_STORE')
    }
    expect(await outcome(killed)).toBe(contents)
  })

  test('each segment missing that was not freed, and the identity with all of them', async () => {
    const { killed } = await filledWithSnapshots(2)
    const segments = [...killed.keys()].filter((path) => path.endsWith('.log')).sort()
    const prepared = segments.at(-1)
    for (const path of segments.filter((name) => name !== prepared)) {
      expect(await outcome(without(killed, path)), `${path} missing`).toBe('CORRUPT_STORE')
    }
    const bare = new Map([...killed].filter(([path]) => !path.endsWith('.log') && path !== IDENTITY))
    expect(await outcome(bare)).toBe('CORRUPT_STORE')
  })

  test('a snapshot in the place of another, and one of another store', async () => {
    const [ours, theirs] = [(await filledWithSnapshots(2)).killed, (await filledWithSnapshots(5)).killed]
    const [first, second] = [...ours.keys()].filter((path) => path.endsWith('.snapshot')) as [string, string]
    expect(await outcome(withBytes(ours, first, () => ours.get(second) as Uint8Array))).toBe('CORRUPT_STORE')
    const other = [...theirs.keys()].find((path) => path.endsWith('.snapshot')) as string
    expect(await outcome(withBytes(ours, first, () => theirs.get(other) as Uint8Array))).toBe('FOREIGN_STORE')
    const freed = `${FOLDER}/freed`
    expect(await outcome(withBytes(ours, freed, () => theirs.get(freed) as Uint8Array))).toBe('FOREIGN_STORE')
  })

  test('each bit of the last frame, which no other frame vouches for', async () => {
    const { contents, killed } = await filled(2)
    const used = [...killed].filter(([name, bytes]) => name.endsWith('.log') && contentEnd(bytes) > 512)
    const [path, bytes] = used.at(-1) as [string, Uint8Array]
    const end = contentEnd(bytes)
    for (let place = end - 2048; place < end; place += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        if (bytes[place] === 0 && bit !== place % 8) continue
        const found = await outcome(flipped(killed, path, place, 1 << bit))
        expect(found === contents || found === 'CORRUPT_STORE', `byte ${place}, bit ${bit}`).toBe(true)
      }
    }
  })

  test('each file cut short at each length', async () => {
    const { killed } = await filled(3)
    for (const [path, bytes] of killed) {
      if (path.endsWith('.new')) continue
      for (let length = 0; length < bytes.length; length += path.endsWith('.log') ? 29 : 1) {
        const found = await outcome(withBytes(killed, path, (old) => old.subarray(0, length)))
        expect(found, `${path} cut to ${length}`).toBe('CORRUPT_STORE')
      }
    }
  })

  test('each file missing', async () => {
    const { contents, killed } = await filled(3)
    const outcomes: string[] = []
    for (const path of killed.keys()) outcomes.push(await outcome(without(killed, path)))
    const prepared = outcomes.filter((found) => found === contents)
    expect(prepared.length).toBeLessThanOrEqual(1)
    expect(outcomes.filter((found) => found === 'CORRUPT_STORE')).toHaveLength(outcomes.length - prepared.length)
  })

  test.each(['closed', 'opened'] as const)('each sector emptied, of a store that was then %s', async (last) => {
    const { contents, closed, killed } = await filled(4)
    const disk = new SimDisk({ image: killed })
    await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096 })
    const image = last === 'closed' ? closed : disk.image()
    const counts = { refused: 0, same: 0 }
    for (const [path, bytes] of image) {
      for (let offset = 0; offset < bytes.length; offset += 512) {
        const found = await outcome(withBytes(image, path, (old) => old.fill(0, offset, offset + 512)))
        // Unused space, and the frame that vouches for the others: nothing is lost with them.
        if (found !== contents) expect(REFUSALS, `${path}, sector at ${offset}: ${found}`).toContain(found)
        counts[found === contents ? 'same' : 'refused'] += 1
      }
    }
    expect(counts.refused).toBeGreaterThan(15)
  })

  test('a frame in the place of another', async () => {
    const disk = new SimDisk()
    const store = await openDiskStore({ folder: FOLDER, files: attached(disk) })
    for (let term = 1; term <= 4; term += 1) {
      await write(store, change('g', { hardState: { currentTerm: term, votedFor: 'n1' } }))
    }
    // A sector each: opened, and the four terms.
    for (const [from, to] of [
      [1024, 2560],
      [2560, 1024],
      [2048, 2560],
      [512, 1024],
      [2560, 3072],
    ] as const) {
      const swapped = withBytes(disk.image(), segment(1), (bytes) => bytes.copyWithin(to, from, from + 512))
      expect(await outcome(swapped), `${from} to ${to}`).toBe('CORRUPT_STORE')
    }
  })

  test('a frame of another store in its place', async () => {
    const written = async (votedFor: string): Promise<DiskImage> => {
      const disk = new SimDisk()
      const store = await openDiskStore({ folder: FOLDER, files: attached(disk) })
      await write(store, change('g', { entries: [command(1, 1)] }))
      for (const currentTerm of [2, 3]) await write(store, change('g', { hardState: { currentTerm, votedFor } }))
      return disk.image()
    }
    const [ours, theirs] = await Promise.all([written('n1'), written('n2')])
    // The last frame, and the last two.
    for (const from of [2048, 1536]) {
      const foreign = (theirs.get(segment(1)) as Uint8Array).subarray(from, 2560)
      const mixed = withBytes(ours, segment(1), (bytes) => {
        bytes.set(foreign, from)
        return bytes
      })
      expect(await outcome(mixed), `from ${from}`).toBe('CORRUPT_STORE')
    }
  })

  test('the end of a segment emptied, and the beginning of the last', async () => {
    const disk = new SimDisk()
    const store = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096 })
    for (let index = 1; index <= 7; index += 1) await write(store, change('g', { entries: [command(index, 1)] }))
    const image = disk.image()
    expect([image.has(segment(2)), image.has(segment(3))]).toEqual([true, false])
    const first = withBytes(image, segment(1), (bytes) => bytes.fill(0, contentEnd(bytes) - 512))
    expect(await outcome(first)).toBe('CORRUPT_STORE')
    expect(await outcome(withBytes(first, segment(2), (bytes) => bytes.fill(0, 512, 1024)))).toBe('CORRUPT_STORE')
  })

  test('a segment in the place of another', async () => {
    const { closed } = await filled(5)
    expect(await outcome(withBytes(closed, segment(2), () => closed.get(segment(3)) as Uint8Array))).toBe(
      'CORRUPT_STORE',
    )
  })

  test('an older state of a segment that the log has left', async () => {
    const disk = new SimDisk()
    const store = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096 })
    await write(store, change('g', { entries: [command(1, 1)] }))
    const older = disk.image().get(segment(1)) as Uint8Array
    for (let index = 2; index <= 12; index += 1) await write(store, change('g', { entries: [command(index, 1)] }))
    const image = disk.image()
    expect(image.has(segment(2))).toBe(true)
    expect(await outcome(withBytes(image, segment(1), () => older))).toBe('CORRUPT_STORE')
  })
})

test('an error says where and what', async () => {
  const { closed } = await filled(6)
  const damaged = withBytes(closed, segment(1), (bytes) => bytes.fill(0xaa, 600, 601))
  const opened = openDiskStore({ folder: FOLDER, files: attached(new SimDisk({ image: damaged })) })
  await expect(opened).rejects.toMatchObject({ code: 'CORRUPT_STORE', file: segment(1), offset: 512 })
  await expect(opened).rejects.toThrow(/a later one stands at byte 1024/)
})

test('what stands in unused space is cleared, and logged', async () => {
  const { contents, closed } = await filled(6)
  const last = [...closed.keys()]
    .filter((path) => path.endsWith('.log'))
    .sort()
    .at(-1) as string
  const events: DiskEvent[] = []
  expect(
    await outcome(
      withBytes(closed, last, (bytes) => bytes.fill(1, 4090, 4091)),
      events,
    ),
  ).toBe(contents)
  expect(events).toMatchObject([{ type: 'tail.cut', file: last }, { type: 'store.opened' }])
})

describe('files that are not of this store', () => {
  test('a foreign file', async () => {
    const { closed } = await filled(7)
    expect(await outcome(new Map([[IDENTITY, Buffer.from('The quick brown fox jumps over')]]))).toBe('FOREIGN_STORE')
    expect(await outcome(new Map([[segment(1), Buffer.from('The quick brown fox jumps over')]]))).toBe('FOREIGN_STORE')
    const other = (await filled(8)).closed
    expect(await outcome(withBytes(closed, segment(2), () => other.get(segment(2)) as Uint8Array))).toBe(
      'FOREIGN_STORE',
    )
  })

  test.each([IDENTITY, /00\d.log$/, /snapshot$/, /freed$/])('a newer format in %s', async (wanted) => {
    const { closed } = await filledWithSnapshots(2)
    const path = [...closed.keys()].find((name) => name.match(wanted)) as string
    const newer = withBytes(closed, path, (bytes) => {
      const view = viewOf(bytes)
      view.setUint32(8, 2, true)
      view.setUint32(12, checksum(bytes.subarray(0, 12)), true)
      return bytes
    })
    expect(await outcome(newer)).toBe('NEWER_STORE_FORMAT')
  })

  test.each([IDENTITY, segment(1), segment(2)])('an empty file in the place of %s', async (path) => {
    const { closed } = await filled(7)
    expect(await outcome(withBytes(closed, path, () => new Uint8Array()))).toBe('CORRUPT_STORE')
  })

  test('files of other names are left alone', async () => {
    const { contents, closed } = await filled(7)
    expect(await outcome(new Map(closed).set(`${FOLDER}/lost+found`, new Uint8Array(3)))).toBe(contents)
    expect(await outcome(new Map([[`${FOLDER}/notes.txt`, new Uint8Array(3)]]))).toBe('[]')
  })

  test('a log without its identity, unless nothing was ever written to it', async () => {
    const { closed } = await filled(7)
    expect(await outcome(without(closed, IDENTITY))).toBe('CORRUPT_STORE')
    const disk = new SimDisk()
    await openDiskStore({ folder: FOLDER, files: attached(disk) })
    const blank = withBytes(without(disk.image(), IDENTITY), segment(1), (bytes) => bytes.fill(0, 512))
    expect(await outcome(blank)).toBe('[]')
  })
})

test('damage behind the back of an open store fails the read, and the store with it', async () => {
  const { closed } = await filled(9)
  const disk = new SimDisk({ image: closed })
  const store = await openDiskStore({ folder: FOLDER, files: attached(disk) })
  await write(store, change('y', { entries: [command(1, 1, 'precious')] }))
  const image = disk.image()
  const path = [...image.keys()].find((name) =>
    Buffer.from(image.get(name) as Uint8Array).includes('precious'),
  ) as string
  disk.flipBit({ path, offset: Buffer.from(image.get(path) as Uint8Array).indexOf('precious'), bit: 0 })
  await expect(read(store, 'y', 0, 1)).rejects.toMatchObject({ code: 'CORRUPT_STORE', file: path })
  await expect(write(store, change('y', { entries: [command(2, 1)] }))).rejects.toMatchObject({ code: 'CORRUPT_STORE' })
  await expect(read(store, 'a', 0, 1)).rejects.toMatchObject({ code: 'CORRUPT_STORE' })
})

test('a write that went astray fails the read: another entry stands where one should', async () => {
  const disk = new SimDisk()
  const store = await openDiskStore({ folder: FOLDER, files: attached(disk) })
  for (const index of [1, 2, 3]) await write(store, change('g', { entries: [command(index, 1, 'same size')] }))
  const bytes = disk.image().get(segment(1)) as Uint8Array
  // A sector each: opened, the first entry with the name of its group, and two that are laid out alike.
  for (let place = 0; place < 512; place += 1) {
    const difference = (bytes[1536 + place] as number) ^ (bytes[2048 + place] as number)
    for (let bit = 0; bit < 8; bit += 1) {
      if ((difference >> bit) & 1) disk.flipBit({ path: segment(1), offset: 2048 + place, bit })
    }
  }
  await expect(read(store, 'g', 2, 3)).rejects.toThrow('entry 2 stands in the place of entry 3')
})
