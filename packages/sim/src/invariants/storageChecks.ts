import type { GroupWrite, StoreFailure } from '@quorate/core'
import type { SimNode } from '../world/simNode.ts'
import type { Letter } from '../world/simNetwork.ts'
import { hold } from './invariant.ts'

/** The store, and the servers whose store has failed or is not theirs. */
export class StorageChecks {
  /** Servers whose store has failed, by the process that it failed under. */
  readonly #failed = new Map<string, number>()

  /** The store says that a write is flushed, or that it has failed. */
  written(node: SimNode, failure: StoreFailure | undefined): void {
    if (failure !== undefined) {
      this.#failed.set(node.id, node.incarnation)
      return
    }
    hold(!this.#hasFailed(node), 'failureIsFinal', () => `the store of ${node.id} goes on after a failure`)
    const unflushed = node.disk
      .unflushedFiles()
      .filter((path) => path.endsWith('.log') && node.disk.unflushedBytes(path) > 0)
    hold(unflushed.length === 0, 'flushedIsFlushed', () => {
      return `the store of ${node.id} reports a write as flushed, and bytes of ${unflushed.join(', ')} are not`
    })
  }

  writing(node: SimNode, { entries, snapshot }: GroupWrite): void {
    hold(!this.#hasFailed(node), 'failureIsFinal', () => `${node.id} writes after its store has failed`)
    // A blank store takes what a leader sends, also what was meant for the one before it: it is a part in no decision.
    const isSent = entries.length > 0 || snapshot !== undefined
    hold(node.lostFor !== 'damage' || !isSent, 'damageIsFound', () => {
      return `${node.id} writes what it was sent, though its store is damaged`
    })
  }

  sent(node: SimNode, { packets }: Letter): void {
    if (!this.#hasFailed(node) && node.lostFor === undefined) return
    for (const { messages } of packets) {
      for (const { type } of messages) {
        if (type.startsWith('bootstrap.')) continue
        hold(!this.#hasFailed(node), 'failureIsFinal', () => `${node.id} says ${type} after its store has failed`)
        hold(type !== 'requestVote' && type !== 'requestVote.granted', 'damageIsFound', () => {
          return `${node.id} says ${type}, though its store is lost for ${node.lostFor}`
        })
      }
    }
  }

  #hasFailed({ id, incarnation }: SimNode): boolean {
    return this.#failed.get(id) === incarnation
  }
}
