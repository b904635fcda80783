import type { ConfigurationEntry, GroupWrite, HardState, LogPosition, RecoveredGroup } from '@quorate/core'

/** What `recover` tells of a group, kept as the writes go by: a few numbers for each election, not for each entry. */
export class GroupSummary {
  #hardState: HardState = { currentTerm: 0, votedFor: undefined }
  #lastIndex = 0
  #lastTime = 0
  #termStarts: LogPosition[] = []
  #configurations: ConfigurationEntry[] = []

  constructor(recovered: RecoveredGroup | undefined) {
    if (recovered === undefined) return
    this.#hardState = recovered.hardState
    this.#lastIndex = recovered.lastIndex
    this.#lastTime = recovered.lastTime
    this.#termStarts = [...recovered.termStarts]
    this.#configurations = [...recovered.configurations]
  }

  note({ hardState, truncateAfter, entries }: GroupWrite): void {
    if (hardState !== undefined) this.#hardState = hardState
    if (truncateAfter !== undefined && truncateAfter < this.#lastIndex) {
      this.#lastIndex = truncateAfter
      this.#termStarts = this.#termStarts.filter(({ index }) => index <= truncateAfter)
      this.#configurations = this.#configurations.filter(({ index }) => index <= truncateAfter)
    }
    for (const entry of entries) {
      if (entry.term !== this.#termStarts.at(-1)?.term) this.#termStarts.push({ index: entry.index, term: entry.term })
      if (entry.kind === 'configuration') this.#configurations.push(entry)
      if (entry.time > this.#lastTime) this.#lastTime = entry.time
      this.#lastIndex = entry.index
    }
  }

  describe(): RecoveredGroup {
    return {
      hardState: this.#hardState,
      lastIndex: this.#lastIndex,
      lastTime: this.#lastTime,
      termStarts: [...this.#termStarts],
      configurations: [...this.#configurations],
    }
  }
}
