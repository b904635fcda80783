import type { GroupId, GroupWrite } from '@quorate/core'

/** A write of `group` with these parts alone. */
export function groupWrite(group: GroupId, parts: Partial<Omit<GroupWrite, 'group'>>): GroupWrite {
  return { group, hardState: undefined, truncateAfter: undefined, snapshot: undefined, entries: [], ...parts }
}
