import type { Story } from '../diagram/story.ts'
import { Storm, type StormOptions } from './storm.ts'
import { StoryRecorder } from '../world/storyRecorder.ts'

/** Runs a storm once more, and tells all that happens in it. `replay` is how to see it again. */
export async function storyOf(options: StormOptions, replay: string): Promise<Story> {
  const recorder = new StoryRecorder(() => storm.world.now)
  const storm: Storm = new Storm({ ...options, watcher: recorder })
  const { broken } = await storm.run()
  const { seed } = options
  return {
    title: broken === undefined ? `Storm ${seed}` : `Storm ${seed} breaks ${broken.check}`,
    seed,
    nodes: storm.world.ids,
    broken: broken && { promise: broken.promise, detail: broken.detail, atMs: broken.atMs },
    replay,
    steps: recorder.steps,
  }
}
