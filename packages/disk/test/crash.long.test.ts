import { afterAll, describe, expect, test } from 'vitest'
import { drawFate, SimRandom } from '@quorate/sim'
import { CrashImages, assertRecovers } from './crashImages.ts'
import { RecordedHistory } from './recordedHistory.ts'
import { Tally } from './tally.ts'

describe('whatever a crash leaves, an opened store holds all that was flushed, and nothing that was not written', () => {
  const tally = new Tally()

  afterAll(() => console.log(`crash images opened: ${tally.toString()}`))

  test.each([11, 12, 14])('in every form, torn at each byte of each write (seed %s)', async (seed) => {
    const images = new CrashImages(await RecordedHistory.of(seed, seed === 14 ? 12 : 24, seed === 14), tally)
    await images.openAll(new SimRandom(seed), { eachByteOf: Infinity, rounds: 16 })
  })

  test('when up to four crashes follow each other, each behind any operation of the recovery before', async () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const random = new SimRandom(seed)
      const recorded = await RecordedHistory.of(seed, 12, seed % 2 === 0)
      const count = random.below(recorded.journal.operations.length + 1)
      let { journal } = recorded
      let at = count
      for (let crash = 1; crash <= 4; crash += 1) {
        const what = `seed ${seed}, crash ${crash}`
        ;({ journal } = await assertRecovers(recorded, count, journal.imageAfter(at, drawFate(random)), what))
        tally.add('one after the other')
        at = random.below(journal.operations.length + 1)
      }
    }
  })

  test('of 40,000 images', () => expect(tally.total).toBeGreaterThan(40_000))
})
