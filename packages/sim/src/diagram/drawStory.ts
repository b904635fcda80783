import { assertStory } from './assertStory.ts'
import { layoutOf } from './layout/layout.ts'
import { pageOf } from './page/page.ts'
import type { Story } from './story.ts'
import type { ExcerptOptions } from './telling/excerpt.ts'

/**
 * The story as a sequence diagram: one HTML document that needs nothing else. The same story always gives the same
 * bytes.
 *
 * @throws RangeError naming the step of a story that cannot have happened as it is told.
 */
export function drawStory(story: Story, options: ExcerptOptions = {}): string {
  assertStory(story)
  return pageOf(story, layoutOf(story, options))
}
