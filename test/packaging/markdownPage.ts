/** What there is to click on in a page of Markdown, and where one can land. */
export class MarkdownPage {
  readonly #prose: string

  constructor(text: string) {
    this.#prose = text.replaceAll(/^( *)(```+|~~~+)[\s\S]*?^\1\2/gm, '')
  }

  /** The links that lead neither to the network nor to a mail box, as they are written. */
  get relativeLinks(): readonly string[] {
    const withoutCode = this.#prose.replaceAll(/`[^`\n]*`/g, '')
    const inline = [...withoutCode.matchAll(/\]\(\s*([^)\s]+)[^)]*\)/g)]
    const references = [...withoutCode.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm)]
    const attributes = [...withoutCode.matchAll(/\b(?:href|src)="([^"]+)"/g)]
    const targets = [...inline, ...references, ...attributes].map(([, target]) => target!)
    return targets.filter((target) => !/^([a-z]+:|\/\/)/.test(target))
  }

  /** The names of its headings, as GitHub makes them. */
  get anchors(): ReadonlySet<string> {
    const anchors = new Set<string>()
    for (const [, title] of this.#prose.matchAll(/^#{1,6} +(.*?) *#*$/gm)) {
      const plain = title!.replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
      const name = plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-')
      for (let count = 0; ; count++) {
        const anchor = count === 0 ? name : `${name}-${count}`
        if (anchors.has(anchor)) continue
        anchors.add(anchor)
        break
      }
    }
    return anchors
  }
}
