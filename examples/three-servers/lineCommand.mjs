// @ts-check
// How a line travels as a command: its number, a tab, its bytes as they are. Lines may be equal; their numbers are not,
// so "every line exactly once" can be counted.

const TAB = 9

/**
 * @typedef {object} Line
 * @property {number} number Counted from 1, over all the input.
 * @property {Uint8Array} bytes With its line feed, if it has one.
 */

/**
 * @param {Line} line
 * @returns {Uint8Array}
 */
export function toCommand({ number, bytes }) {
  return Buffer.concat([Buffer.from(`${number}\t`), bytes])
}

/**
 * @param {Uint8Array} data
 * @returns {Line}
 */
export function fromCommand(data) {
  const tab = data.indexOf(TAB)
  return { number: Number(Buffer.from(data.subarray(0, tab)).toString()), bytes: data.subarray(tab + 1) }
}
