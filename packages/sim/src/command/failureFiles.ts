import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeStory } from '../diagram/describeStory.ts'
import { drawStory } from '../diagram/drawStory.ts'
import { writeStormFile } from '../runner/stormFile.ts'
import { shrink, type FailingStorm } from '../runner/shrink.ts'
import { storyOf } from '../storm/stormStory.ts'

/** How many storms the search for a smaller one may run. */
const TRIES = 80
const SHOWN_LINES = 25

/**
 * Shrinks a storm that fails and writes two files into `folder`: the storm that is left, to be replayed, and a sequence
 * diagram of it. Returns what to print.
 */
export async function writeFailure(
  failing: FailingStorm,
  folder: string,
  say: (line: string) => void,
): Promise<string[]> {
  const { broken } = failing.report
  say(`\nseed ${failing.seed} breaks ${broken?.check} after ${broken?.atMs.toFixed(1)} ms:\n  ${broken?.sentence}`)
  say('looking for a smaller storm with the same failure')
  const found = await shrink(failing, { tries: TRIES })
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `seed-${failing.seed}.json`)
  const check = broken?.check ?? ''
  writeStormFile(path, { seed: found.seed, limits: found.limits, check, sentence: found.report.broken?.sentence ?? '' })
  const story = await storyOf(found, `npm run sim -- replay --storm ${path}`)
  const page = join(folder, `seed-${failing.seed}.html`)
  writeFileSync(page, drawStory(story))
  return [
    `left are ${found.report.servers} servers, ${found.report.faults.length} faults and ${found.report.events} events:`,
    `  ${found.report.broken?.sentence}`,
    '',
    ...describeStory(story).slice(-SHOWN_LINES),
    '',
    `replay: ${story.replay}`,
    `diagram: ${page}`,
  ]
}
