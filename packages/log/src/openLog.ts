import type { GroupId, NodeId } from '@quorate/core'
import { openNode, type NodeOptions } from './quorateNode.ts'
import type { OpenLogOptions, ReplicatedLog } from './replicatedLog.ts'

export interface OpenSingleLogOptions extends NodeOptions, OpenLogOptions {
  /**
   * Give birth to the group, with its servers on these nodes. Once in the group's life, in one process: what is born
   * already is refused.
   */
  readonly bootstrap?: readonly NodeId[]
}

/**
 * The short form for a process with one group: opens a node and its log; closing the log closes the node.
 * @throws as `openNode`, `node.bootstrap` and `node.openLog`.
 */
export async function openLog(
  group: GroupId,
  { bootstrap, joinTimeoutMs, ...options }: OpenSingleLogOptions,
): Promise<ReplicatedLog> {
  const node = await openNode(options)
  try {
    if (bootstrap !== undefined) await node.bootstrap(group, bootstrap)
    const log = await node.openLog(group, joinTimeoutMs === undefined ? {} : { joinTimeoutMs })
    log.closeWith(() => node.close())
    return log
  } catch (error) {
    // Why it failed counts, not what failed after it.
    await node.close().catch(() => {})
    throw error
  }
}
