import { ForeignFrameError, MalformedFrameError, NewerFormatError } from './errors.ts'

/** Runs `decode`, out of which nothing comes but its result or one of the three errors. */
export function decoding<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (error instanceof MalformedFrameError) throw error
    if (error instanceof ForeignFrameError || error instanceof NewerFormatError) throw error
    throw new MalformedFrameError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}
