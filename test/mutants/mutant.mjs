// @ts-check

/**
 * What a fault breaks: election safety (ES), log matching (LM), leader completeness (LC), state machine safety (SMS),
 * durability of what was answered (DUR), liveness (LIVE), monotone terms and indexes (MONO), safety of configurations
 * (CFG), commands that take effect exactly once (XO), reads of all that is committed (LIN).
 * @typedef {'ES' | 'LM' | 'LC' | 'SMS' | 'DUR' | 'LIVE' | 'MONO' | 'CFG' | 'XO' | 'LIN'} Breaks
 */

/**
 * One place of the sources, and what stands there in the mutant. `find` occurs exactly once in the file.
 * @typedef {{ readonly file: string, readonly find: string, readonly replace: string }} Edit
 */

/**
 * Which checks have to find the fault: the storms of the simulator, or the tests of one package, for what no storm can
 * tell from good behaviour.
 * @typedef {'storms' | 'core' | 'disk'} Suite
 */

/**
 * A fault to plant: what is wrong, and where it was found in the wild.
 * @typedef {object} Mutant
 * @property {string} name
 * @property {string} title what is wrong, as a sentence
 * @property {string} source the system and the issue, commit or paper that tells of it
 * @property {readonly Breaks[]} breaks
 * @property {readonly Edit[]} edits
 * @property {Suite} [suite] the storms, unless given
 * @property {boolean} [canary] found within a few seeds: fit to be planted in every test run
 */

/**
 * The text of a file with the edits of the mutant that are about it.
 * @param {string} text
 * @param {readonly Edit[]} edits of this file
 * @throws Error when a snippet is not there exactly once.
 */
export function applyEdits(text, edits) {
  let edited = text
  for (const { file, find, replace } of edits) {
    const found = edited.split(find).length - 1
    if (found !== 1) throw new Error(`${file} has ${found} times, not once: ${find}`)
    edited = edited.replace(find, () => replace)
  }
  return edited
}

/**
 * The edits of a mutant, by file.
 * @param {Pick<Mutant, 'edits'>} mutant
 * @returns {Map<string, Edit[]>}
 */
export function editsByFile({ edits }) {
  /** @type {Map<string, Edit[]>} */
  const byFile = new Map()
  for (const edit of edits) byFile.set(edit.file, [...(byFile.get(edit.file) ?? []), edit])
  return byFile
}
