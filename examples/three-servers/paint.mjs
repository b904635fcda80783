// @ts-check
// Colours, where they are wanted.

const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] }

/** @typedef {(text: string) => string} Brush */
/** @typedef {{ [Name in keyof typeof CODES]: Brush }} Paint */

/**
 * @param {boolean} isColoured
 * @returns {Paint}
 */
export function paintFor(isColoured) {
  const brush = (/** @type {keyof typeof CODES} */ name) => {
    const [on, off] = CODES[name]
    return (/** @type {string} */ text) => (isColoured && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text)
  }
  return { bold: brush('bold'), dim: brush('dim'), red: brush('red'), green: brush('green'), yellow: brush('yellow') }
}

/** How many columns a painted text takes. @param {string} text */
export function widthOf(text) {
  // A colour is told by a control character; there is no other way to find one.
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/\u001b\[\d+m/g, '').length
}
