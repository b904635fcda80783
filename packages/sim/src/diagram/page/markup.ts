/** HTML that is what it says. Strings are not: they are escaped wherever they are put into one. */
export interface Markup {
  readonly source: string
}

export type Content = Markup | string | readonly Content[]

export type Attributes = Readonly<Record<string, string | number | undefined>>

const VOID = new Set(['meta'])
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
// Control characters, and those that turn the direction of what follows: nobody could see what they did.
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu

/** An element of HTML or SVG. Attributes that are undefined are left out; numbers are rounded to a tenth. */
export function element(tag: string, attributes: Attributes, ...content: Content[]): Markup {
  const pairs = Object.entries(attributes).map(([name, value]) => {
    if (value === undefined) return ''
    return ` ${name}="${typeof value === 'number' ? Math.round(value * 10) / 10 : escaped(value)}"`
  })
  const open = `<${tag}${pairs.join('')}>`
  return { source: VOID.has(tag) ? open : `${open}${sourceOf(content)}</${tag}>` }
}

/** Markup out of what the program itself says: a style sheet, a script. */
export function verbatim(source: string): Markup {
  return { source }
}

function sourceOf(content: Content): string {
  if (typeof content === 'string') return escaped(content)
  return 'source' in content ? content.source : content.map(sourceOf).join('')
}

function escaped(text: string): string {
  return text.replace(UNSEEN, '\ufffd').replace(/[&<>"']/g, (letter) => ENTITIES[letter] as string)
}
