import { BootstrapConflictError, type GroupId, type NodeId } from '@quorate/core'
import { openNode, type NodeOptions, type QuorateNode } from './quorateNode.ts'
import type { OpenLogOptions, ReplicatedLog } from './replicatedLog.ts'

export interface OpenSingleLogOptions extends NodeOptions, OpenLogOptions {
  /**
   * Give birth to the group, with its servers on these nodes, by the version of `stateMachine`. Once in the group's life: what is born already is refused.
   * Processes that all try at the same moment end up in the same group.
   */
  readonly bootstrap?: readonly NodeId[]
}

/**
 * The short form for a process with one group: opens a node and its log; closing the log closes the node.
 * @throws as `openNode`, `node.bootstrap` and `node.openLog`.
 */
export async function openLog(
  group: GroupId,
  { bootstrap, joinTimeoutMs, repairTimeoutMs, stateMachine, compaction, ...options }: OpenSingleLogOptions,
): Promise<ReplicatedLog> {
  const node = await openNode(options)
  try {
    if (bootstrap !== undefined) await giveBirth(node, group, bootstrap, stateMachine?.version)
    const log = await node.openLog(group, {
      ...(joinTimeoutMs !== undefined && { joinTimeoutMs }),
      ...(repairTimeoutMs !== undefined && { repairTimeoutMs }),
      ...(stateMachine !== undefined && { stateMachine }),
      ...(compaction !== undefined && { compaction }),
    })
    log.closeWith(() => node.close())
    return log
  } catch (error) {
    // Why it failed counts, not what failed after it.
    await node.close().catch(() => {})
    throw error
  }
}

/** Where another process gives birth to it at this very moment, this one is wanted there, and joins. */
async function giveBirth(
  node: QuorateNode,
  group: GroupId,
  nodes: readonly NodeId[],
  machineVersion: number | undefined,
): Promise<void> {
  try {
    await node.bootstrap(group, nodes, machineVersion === undefined ? {} : { machineVersion })
  } catch (error) {
    if (!(error instanceof BootstrapConflictError)) throw error
  }
}
