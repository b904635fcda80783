import type { CommandEntry } from '@quorate/core'
import type { Machine } from '../world/machine.ts'

const DECODER = new TextDecoder()

/** The state machine of scenarios: the texts that it was told, in their order. */
export class TextMachine implements Machine {
  readonly texts: string[] = []

  apply({ data }: CommandEntry): string {
    const text = DECODER.decode(data)
    this.texts.push(text)
    return text
  }

  digest(): string {
    return this.texts.join(' ')
  }

  snapshot(): Uint8Array {
    return Buffer.from(JSON.stringify(this.texts))
  }

  restore(bytes: Uint8Array): void {
    this.texts.splice(0, Infinity, ...(JSON.parse(DECODER.decode(bytes)) as string[]))
  }
}
