/** Widths in parts of the font size, somewhat generous: which font a browser takes is not known. */
const NARROW = 0.36
const MIDDLE = 0.58
const CAPITAL = 0.75
const WIDE = 0.94
const FULL = 1.05
const WIDTHS = new Map<string, number>()
for (const letter of 'iIjl.,:;\'|!()[]{}ftr/ "-') WIDTHS.set(letter, NARROW)
for (const letter of 'ABCDEFGHKLNOPQRSTUVXYZ&') WIDTHS.set(letter, CAPITAL)
for (const letter of 'mwMW@%—') WIDTHS.set(letter, WIDE)
/** From here on scripts with letters as wide as they are high. */
const FIRST_FULL_WIDTH = 0x2e80
const ELLIPSIS = '…'
/** How finely lines are made equal. */
const BALANCE_STEP_PX = 8

/** An estimate of how wide a sans-serif text is, in pixels. */
export function textWidth(text: string, fontPx: number): number {
  let width = 0
  for (const letter of text) {
    const isFull = (letter.codePointAt(0) ?? 0) >= FIRST_FULL_WIDTH
    width += isFull ? FULL : (WIDTHS.get(letter) ?? MIDDLE)
  }
  return width * fontPx
}

/** The text, cut so that it fits into `widthPx`; what was cut shows as an ellipsis. */
export function fitted(text: string, widthPx: number, fontPx: number): string {
  if (textWidth(text, fontPx) <= widthPx) return text
  const room = widthPx - textWidth(ELLIPSIS, fontPx)
  let cut = ''
  for (const letter of text) {
    if (textWidth(cut + letter, fontPx) > room) break
    cut += letter
  }
  return cut.trimEnd() + ELLIPSIS
}

/**
 * The text in up to `lines` lines that fit into `widthPx`, broken between words, all about as long; the last is cut if
 * it must be.
 */
export function wrapped(text: string, widthPx: number, fontPx: number, lines: number): string[] {
  const words = unbreakable(text)
  let best = broken(words, widthPx, fontPx)
  if (best.length > lines) {
    const shown = best.slice(0, lines - 1)
    return [...shown, best.slice(lines - 1).join(' ')].map((line) => fitted(line, widthPx, fontPx))
  }
  for (let narrower = widthPx - BALANCE_STEP_PX; narrower > 0 && best.length > 1; narrower -= BALANCE_STEP_PX) {
    const next = broken(words, narrower, fontPx)
    if (next.length > best.length || widest(next, fontPx) > narrower) break
    best = next
  }
  return best.map((line) => fitted(line, widthPx, fontPx))
}

/** Words, each with the numbers behind it: `entries 5/3` stays together. */
function unbreakable(text: string): string[] {
  const even = text.trim().replace(/\s+/g, ' ')
  return even === '' ? [] : even.split(/ (?!\d)/)
}

function broken(words: readonly string[], widthPx: number, fontPx: number): string[] {
  const result: string[] = []
  for (const word of words) {
    const longer = result.length === 0 ? word : `${result.at(-1)} ${word}`
    if (result.length > 0 && textWidth(longer, fontPx) <= widthPx) result[result.length - 1] = longer
    else result.push(word)
  }
  return result
}

function widest(lines: readonly string[], fontPx: number): number {
  return Math.max(...lines.map((line) => textWidth(line, fontPx)))
}
