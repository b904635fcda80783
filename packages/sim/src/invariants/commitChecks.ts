import type { Entry, Index, NodeId } from '@quorate/core'
import type { SimNode } from '../world/simNode.ts'
import { digestOf, mix } from '../world/entryDigest.ts'
import { hold } from './invariant.ts'
import { configurationsInForce, type Sight } from './sight.ts'
import type { WorldRecord } from './worldRecord.ts'

/** What is committed and what is applied. */
export class CommitChecks {
  readonly #record: WorldRecord
  readonly #nodes: ReadonlyMap<string, SimNode>

  constructor(record: WorldRecord, nodes: ReadonlyMap<string, SimNode>) {
    this.#record = record
    this.#nodes = nodes
  }

  look(sight: Sight): void {
    const { node, state, before } = sight
    const { commitIndex, lastApplied } = state
    if (before !== undefined) {
      hold(before.commitIndex <= commitIndex && before.lastApplied <= lastApplied, 'commitNeverFalls', () => {
        return `${node.id} went from ${before.commitIndex} committed, ${before.lastApplied} applied to ${commitIndex}, ${lastApplied}`
      })
    }
    hold(lastApplied <= node.appliedIndex, 'appliedInOrder', () => {
      return `${node.id} takes ${lastApplied} for applied, and its state machine stands at ${node.appliedIndex}`
    })
    const known = before?.commitIndex ?? 0
    if (commitIndex > known) this.#checkCommit(sight, known)
  }

  applied(node: SimNode, entry: Entry, result: unknown, formerIndex: Index): void {
    const { index, term } = entry
    hold(index === formerIndex + 1, 'appliedInOrder', () => `${node.id} applies ${index} after ${formerIndex}`)
    const committed = this.#record.committed[index]
    const { ledger } = node
    hold(committed?.term === term, 'stateMachineSafety', () => {
      return `${node.id} applies ${index}/${term}, and committed there is ${committed === undefined ? 'nothing' : `an entry of term ${committed.term}`}`
    })
    hold(ledger.holdsDurably({ index, term }), 'appliedIsDurable', () => {
      const { last } = ledger.durable.log
      return `${node.id} applies ${index}/${term}, and its disk holds the log up to ${last.index}/${last.term}`
    })
    hold(this.#chainOf(node, entry) === committed.chain, 'stateMachineSafety', () => {
      return `${node.id} applies at ${index}/${term} another entry than was committed`
    })
    this.#checkResult(node, index, result)
  }

  /** Of what its disk has; of an entry for which a snapshot stands there by now, by what it is. */
  #chainOf({ ledger }: SimNode, entry: Entry): number | undefined {
    const { log } = ledger.durable
    if (entry.index >= log.startsAfter.index) return log.chainAt(entry.index)
    return mix(this.#record.committed[entry.index - 1]?.chain ?? 0, digestOf(entry))
  }

  /** Looked at now and then: it costs. */
  checkMachine(node: SimNode): void {
    const { machine, appliedIndex } = node
    if (machine === undefined) return
    const digest = machine.digest()
    const known = this.#record.digests.get(appliedIndex) ?? digest
    hold(known === digest, 'replicasAgree', () => {
      return `having applied ${appliedIndex}, the state of ${node.id} is ${digest}, and another's was ${known}`
    })
    this.#record.digests.set(appliedIndex, digest)
  }

  #checkResult(node: SimNode, index: Index, result: unknown): void {
    const { results } = this.#record
    if (!(index in results)) results[index] = result
    const known = results[index]
    const isSame = known === result || JSON.stringify(known) === JSON.stringify(result)
    hold(isSame, 'replicasAgree', () => {
      return `the command at ${index} gives ${JSON.stringify(result)} at ${node.id}, and gave ${JSON.stringify(known)} elsewhere`
    })
  }

  #checkCommit(sight: Sight, known: Index): void {
    const { node, state, role } = sight
    const { committed } = this.#record
    const { log, commitIndex, currentTerm } = state
    // Of what a snapshot stands for it is the snapshot that must be committed.
    for (let index = Math.max(known + 1, log.startsAfter.index); index <= commitIndex; index++) {
      const term = log.termAt(index)
      const former = committed[index]
      if (former === undefined) {
        hold(
          role === 'leader',
          'commitIsLed',
          () => `${node.id}, a ${role}, takes ${index}/${term} for committed first`,
        )
        const last = log.termAt(commitIndex)
        hold(last === currentTerm, 'commitIsOfOwnTerm', () => {
          return `${node.id} commits ${commitIndex}/${last} while it leads term ${currentTerm}`
        })
        this.#checkQuorum(sight, index)
        committed.push({ term: term ?? 0, chain: node.ledger.written.log.chainAt(index) ?? 0, inTerm: currentTerm })
        continue
      }
      hold(former.term === term, role === 'leader' ? 'commitIsFinal' : 'followerCommitsVerified', () => {
        return `${node.id} takes ${index}/${term} for committed, and ${index}/${former.term} is`
      })
    }
  }

  #checkQuorum(sight: Sight, index: Index): void {
    const { node } = sight
    const { log } = node.ledger.written
    const position = { index, term: log.termAt(index) ?? -1 }
    const isHolding = (id: NodeId): boolean => this.#nodes.get(id)?.hasHeld(position, log.chainAt(index)) ?? false
    const isHeld = configurationsInForce(sight).some(({ voters }) =>
      voters.every((set) => 2 * set.filter(isHolding).length > set.length),
    )
    hold(isHeld, 'commitIsDurable', () => {
      const holding = [...this.#nodes.keys()].filter(isHolding)
      return `${node.id} commits ${index}/${position.term}, which is on the disks of ${holding.join(', ') || 'nobody'} alone`
    })
  }
}
