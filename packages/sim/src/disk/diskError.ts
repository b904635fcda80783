/** An error as an operating system gives it: with a code. */
export function diskError(code: string, why: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${why}: ${path}`), { code })
}
