import type { HostedServer, Index } from '@quorate/core'

export interface CompactOptions {
  /** So many of the last entries stay, for servers and subscriptions that are a little behind; as the policy has it, by default. */
  readonly trailingEntries?: number
}

/** Where a log begins, and what its snapshot stands for. */
export interface Compacted {
  /** The last entry that the snapshot stands for; 0 while there is none. */
  readonly snapshotIndex: Index
  /** The entries up to here are gone. */
  readonly logStartsAfter: Index
}

/** Takes a snapshot on this very server, and waits until it is durable. */
export function compactLog(hosted: HostedServer, { trailingEntries }: CompactOptions): Promise<Compacted> {
  return new Promise((resolve, reject) => {
    hosted.takeSnapshot(trailingEntries, (outcome) => {
      if (outcome.type === 'failed') reject(outcome.error)
      else resolve({ snapshotIndex: outcome.snapshotIndex, logStartsAfter: outcome.logStartsAfter })
    })
  })
}
