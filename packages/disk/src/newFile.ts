import type { Done } from './filePort.ts'
import type { Folder, StoreFile } from './folder.ts'
import { inOrder } from './sequence.ts'

/**
 * Makes a file in one step: `fill` writes it under `draftName`, and only when it is flushed does it get its name. A
 * crash leaves the whole file, or none of that name.
 */
export function makeFile(
  folder: Folder,
  { draftName, name, fill }: { draftName: string; name: string; fill: (file: StoreFile, done: Done) => void },
  done: Done,
): void {
  folder.open(draftName, 'create', (error, file) => {
    if (error !== undefined) return done(error)
    const written = (failure: Error | undefined): void => {
      // Whatever became of it, the handle goes.
      file.close((closeFailure) => {
        const first = failure ?? closeFailure
        if (first !== undefined) return done(first)
        inOrder([(next) => folder.rename(draftName, name, next), (next) => folder.flush(next)], done)
      })
    }
    inOrder([(next) => fill(file, next), (next) => file.flush(next)], written)
  })
}
