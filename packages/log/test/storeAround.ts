import type { Store } from '@quorate/log'

/** A store like `inner`, but for what `changed` does in its place. */
export function storeAround(inner: Store, changed: Partial<Store>): Store {
  return {
    identity: inner.identity,
    groups: inner.groups,
    recover: (group) => inner.recover(group),
    write: (batch, done) => inner.write(batch, done),
    read: (group, range, done) => inner.read(group, range, done),
    beginSnapshot: (group, head) => inner.beginSnapshot(group, head),
    openSnapshot: (group) => inner.openSnapshot(group),
    close: (done) => inner.close(done),
    ...changed,
  }
}
