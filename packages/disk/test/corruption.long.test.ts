import { expect, test } from 'vitest'
import { REFUSALS, filled, flipped, outcome } from './filledStore.ts'

test.each(['closed', 'killed'] as const)(
  'each bit that was written to a store of several segments that was %s, flipped: it opens with all that it held, or says what is damaged',
  async (state) => {
    const { contents, [state]: image } = await filled(1)
    const counts = { refused: 0, same: 0, passedOver: 0 }
    for (const [path, bytes] of image) {
      for (const [place, byte] of bytes.entries()) {
        // Unused space is the same throughout: of that each byte, and of all else each bit.
        for (const change of byte === 0 ? [1 << (place % 8)] : [1, 2, 4, 8, 16, 32, 64, 128, 0xff]) {
          const found = await outcome(flipped(image, path, place, change))
          const isUsed = byte !== 0 && !path.endsWith('.new')
          if (found !== contents) expect(REFUSALS, `${path}, ${place}, ${change}: ${found}`).toContain(found)
          // An entry that was truncated later is proven to be all that is damaged, and nobody needs it.
          else if (isUsed) counts.passedOver += 1
          counts[found === contents ? 'same' : 'refused'] += 1
        }
      }
    }
    console.log(
      `each bit flipped, ${state}: ${counts.refused} times refused, ${counts.same} times without loss, of that ${counts.passedOver} in entries that were truncated`,
    )
    expect(counts.refused).toBeGreaterThan(50_000)
    expect(counts.passedOver).toBeLessThan(counts.refused / 20)
  },
)
