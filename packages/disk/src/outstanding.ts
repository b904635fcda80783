/** What is under way on the disk, so that whoever lets go of the folder can wait for its end. */
export class Outstanding {
  #count = 0
  #whenNone: (() => void) | undefined

  /** Something begins. What comes back ends it, once. */
  begin(): () => void {
    this.#count += 1
    return () => {
      this.#count -= 1
      if (this.#count > 0) return
      const done = this.#whenNone
      this.#whenNone = undefined
      done?.()
    }
  }

  /** Calls back, once, when nothing is under way. Nothing new may begin from now on. */
  whenNone(done: () => void): void {
    if (this.#count === 0) done()
    else this.#whenNone = done
  }
}
