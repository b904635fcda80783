// @ts-check
// Calls from one process into another, over Node's own channel.
import { fork } from 'node:child_process'

/**
 * @typedef {{ outstanding: number, seconds: number, warmUpSeconds: number, bytes: number }} Load
 * @typedef {{ call: number, verb: string, argument: any }} Call
 * @typedef {{ call: number, result?: any, error?: string }} Answer
 */

/**
 * In the child: answers calls by these verbs. After `close` the process ends.
 * @param {Record<string, (argument: any) => Promise<unknown>>} verbs
 */
export function serve(verbs) {
  /** @param {Call} called */
  const answer = async ({ call, verb, argument }) => {
    try {
      const result = await verbs[verb]?.(argument)
      process.send?.({ call, result }, () => {
        if (verb === 'close') process.disconnect()
      })
    } catch (error) {
      process.send?.({ call, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  }
  process.on('message', (/** @type {Call} */ called) => {
    void answer(called)
  })
  process.on('disconnect', () => process.exit())
  process.send?.({ call: 0 })
}

/** In the parent: one child, and the way to call it. */
export class Child {
  #calls = 0
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  #open = new Map()

  /**
   * @param {string} file
   * @param {readonly string[]} args
   */
  constructor(file, args) {
    this.process = fork(file, [...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    /** Resolves when the child is ready to be called. */
    this.ready = this.#wait(0)
    this.process.on('message', (/** @type {Answer} */ { call, result, error }) => {
      const open = this.#open.get(call)
      this.#open.delete(call)
      if (error === undefined) open?.resolve(result)
      else open?.reject(new Error(error))
    })
    this.process.on('exit', (code) => {
      for (const { reject } of this.#open.values()) reject(new Error(`${file} ended with ${code}`))
    })
  }

  /**
   * @param {string} verb
   * @param {unknown} [argument]
   * @returns {Promise<any>}
   */
  call(verb, argument) {
    const call = ++this.#calls
    this.process.send({ call, verb, argument })
    return this.#wait(call)
  }

  /** @param {number} call */
  #wait(call) {
    return new Promise((resolve, reject) => {
      this.#open.set(call, { resolve, reject })
    })
  }
}
