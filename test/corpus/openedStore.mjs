import { openDiskStore } from '@quorate/disk'

/** @import { Entry, GroupWrite, SnapshotHead, StoreFailure, StoredSnapshot } from '@quorate/core' */
/** @import { DiskEvent, DiskStore, FilePort } from '@quorate/disk' */

/**
 * Opens the store with log files of 4 KiB, so that a small one has several.
 *
 * @param {string} folder
 * @param {{ files?: FilePort, uuid?: string }} [given]
 */
export async function openSmall(folder, { files, uuid = '' } = {}) {
  /** @type {DiskEvent[]} */
  const events = []
  const store = await openDiskStore({
    folder,
    segmentBytes: 4096,
    random: { uuid: () => uuid },
    log: (event) => events.push(event),
    ...(files && { files }),
  })
  return { store, events }
}

/**
 * How a store was found when it was opened: after which end, and how many writes were cut off.
 *
 * @param {readonly DiskEvent[]} events
 */
export function foundBy(events) {
  const closedCleanly = events.some((event) => event.type === 'store.opened' && event.closedCleanly)
  return { closedCleanly, cuts: events.filter(({ type }) => type === 'tail.cut').length }
}

/**
 * Everything that a store holds.
 *
 * @param {DiskStore} store
 */
export async function heldBy(store) {
  const groups = []
  for (const group of [...store.groups].sort()) {
    const recovered = store.recover(group)
    if (recovered === undefined) throw new Error(`group ${group} is listed, and not recovered`)
    const { hardState, snapshot, logStartsAfter, lastIndex, lastTime, termStarts, configurations } = recovered
    const damaged = (recovered.damaged ?? []).map(({ position }) => position)
    const entries = []
    for (let index = logStartsAfter.index + 1; index <= lastIndex; index++) {
      if (!damaged.some((lost) => lost.index === index)) entries.push(...(await readEntry(store, group, index)))
    }
    groups.push({
      group,
      hardState,
      snapshot: snapshot && { description: snapshot, data: await readSnapshot(store, group) },
      logStartsAfter,
      lastIndex,
      lastTime,
      termStarts: termStarts.map(({ index, term }) => ({ index, term })),
      configurations: configurations.map(({ index }) => index),
      damaged,
      entries,
    })
  }
  return groups
}

/**
 * @param {DiskStore} store
 * @param {string} group
 * @param {number} index
 * @returns {Promise<readonly Entry[]>}
 */
function readEntry(store, group, index) {
  return new Promise((resolve, reject) => {
    store.read(group, { after: index - 1, upTo: index, maxBytes: 1 << 20 }, (failure, entries) => {
      if (failure === undefined) resolve(entries)
      else reject(failure.error)
    })
  })
}

/**
 * @param {DiskStore} store
 * @param {string} group
 */
async function readSnapshot(store, group) {
  const reader = store.openSnapshot(group)
  const pieces = []
  try {
    let offset = 0
    while (offset < reader.description.sizeBytes) {
      const piece = await new Promise((/** @type {(bytes: Uint8Array) => void} */ resolve, reject) => {
        reader.read(offset, 1 << 20, (failure, bytes) => {
          if (failure === undefined) resolve(bytes)
          else reject(failure.error)
        })
      })
      pieces.push(piece)
      offset += piece.length
    }
  } finally {
    reader.close()
  }
  return Buffer.concat(pieces)
}

/**
 * @param {DiskStore} store
 * @param {readonly GroupWrite[]} batch
 * @returns {Promise<void>}
 */
export function write(store, batch) {
  return new Promise((resolve, reject) => store.write(batch, settling(resolve, reject)))
}

/**
 * @param {DiskStore} store
 * @param {string} group
 * @param {SnapshotHead} head
 * @param {Uint8Array} data
 * @returns {Promise<StoredSnapshot>}
 */
export async function storeSnapshot(store, group, head, data) {
  const draft = store.beginSnapshot(group, head)
  await new Promise((/** @type {(none: void) => void} */ resolve, reject) => {
    draft.write(data, settling(resolve, reject))
  })
  return new Promise((resolve, reject) => {
    draft.finish((failure, stored) => {
      if (stored === undefined) reject(failure?.error ?? new Error('no snapshot came'))
      else resolve(stored)
    })
  })
}

/**
 * @param {DiskStore} store
 * @returns {Promise<void>}
 */
export function close(store) {
  return new Promise((resolve, reject) => store.close(settling(resolve, reject)))
}

/**
 * @param {() => void} resolve
 * @param {(error: Error) => void} reject
 * @returns {(failure: StoreFailure | undefined) => void}
 */
function settling(resolve, reject) {
  return (failure) => (failure === undefined ? resolve() : reject(failure.error))
}
