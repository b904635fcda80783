import { writeFileSync } from 'node:fs'
import { describeStory } from '../diagram/describeStory.ts'
import { drawStory } from '../diagram/drawStory.ts'
import { readStormFile, type StormFile } from '../runner/stormFile.ts'
import { storyOf } from '../storm/stormStory.ts'
import { UsageError, optionsOf, seedsOf } from './arguments.ts'

const OPTIONS = {
  seed: { type: 'string' },
  storm: { type: 'string' },
  html: { type: 'string' },
  lines: { type: 'string' },
} as const

/** Runs one storm again, by its seed or from a file, and tells what happens in it. Resolves to the exit code. */
export async function replayCommand(args: readonly string[]): Promise<number> {
  const { seed, storm, html, lines = '40' } = optionsOf(args, OPTIONS)
  if ((seed === undefined) === (storm === undefined))
    throw new UsageError('replay: give --seed, or --storm with a file')
  const replayed = storm === undefined ? { seed: seedsOf(seed ?? '').first, limits: {} } : stormIn(storm)
  const story = await storyOf(
    replayed,
    `npm run sim -- replay ${storm === undefined ? `--seed ${seed}` : `--storm ${storm}`}`,
  )
  for (const line of describeStory(story).slice(-Number(lines))) console.log(line)
  if (html !== undefined) writeFileSync(html, drawStory(story))
  console.log(
    story.broken === undefined ? '\nall invariants held' : `\n${story.broken.promise}. But ${story.broken.detail}`,
  )
  return story.broken === undefined ? 0 : 1
}

function stormIn(path: string): StormFile {
  try {
    return readStormFile(path)
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}
