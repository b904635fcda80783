import { crc32 } from 'node:zlib'
import { IdempotencyKeys, encodeSystemPart } from '@quorate/core'
import { SimDisk } from '@quorate/sim'
import { close, openSmall, storeSnapshot, write } from './openedStore.mjs'
import { StoreModel } from './storeModel.mjs'
import { CONFIGURATIONS, GROUP_UUID, LARGE, STORE, TIME } from './samples/entries.mjs'
import { command, commands, configured, everyEntry, noOp } from './samples/entries.mjs'

/** @import { Configuration, Entry, GroupWrite, RememberedKey } from '@quorate/core' */
/** @import { DiskStore } from '@quorate/disk' */
/** @import { DiskImage } from '@quorate/sim' */

/**
 * @typedef {object} StoreRecording
 * @property {string} name
 * @property {Map<string, Uint8Array>} files By their names in the folder.
 * @property {object} value How a store finds them when it is opened, and what it must hold then.
 */

/** @typedef {Partial<Omit<GroupWrite, 'group'>>} Change */

const FOLDER = '/store'
const SECTOR_BYTES = 512
/** The last byte of a frame, and of its last sector. */
const FRAME_END = 0xe9

/** A store on a disk in memory, where calls complete in the same order whenever it is recorded. */
class StoreInMemory {
  #disk = new SimDisk()
  #model = new StoreModel()
  /** @type {DiskStore | undefined} */
  #store

  /** @param {DiskImage} [image] What another left behind. */
  constructor(image) {
    this.#disk = new SimDisk(image && { image })
  }

  async open() {
    const files = this.#disk.attach({ schedule: (_, complete) => queueMicrotask(complete), soon: queueMicrotask })
    const { store } = await openSmall(FOLDER, { files, uuid: STORE })
    this.#store = store
    await settled()
  }

  /**
   * One write, made durable by itself.
   *
   * @param {Record<string, Change>} changes
   * @param {Uint8Array} [data] Of the snapshot that one of them names.
   */
  async write(changes, data = Buffer.of()) {
    const batch = Object.entries(changes).map(([group, parts]) => {
      return { group, hardState: undefined, truncateAfter: undefined, snapshot: undefined, entries: [], ...parts }
    })
    for (const change of batch) this.#model.write(change, data)
    await write(this.#open, batch)
    await settled()
  }

  /**
   * A snapshot of entries up to `index`, with the log beginning behind `startsAfter`.
   *
   * @param {string} group
   * @param {{ index: number, term: number, startsAfter?: number, configuration?: Configuration, keys?: RememberedKey[] }} upTo
   */
  async compact(group, { index, term, startsAfter = index, configuration = CONFIGURATIONS[0], keys = [] }) {
    // As a log has them taken: the system's part, that a state follows, the state.
    const system = encodeSystemPart({ keys: IdempotencyKeys.of(keys, 0, TIME), machineVersion: 1 })
    const data = Buffer.concat([system, Buffer.of(1), Buffer.from(`the state of ${group} at ${index}`)])
    const lastIncluded = { index, term }
    const head = { lastIncluded, lastTime: TIME + index, configuration: { index: 1, configuration } }
    const snapshot = await storeSnapshot(this.#open, group, head, data)
    await this.write({ [group]: { snapshot: { snapshot, logStartsAfter: { index: startsAfter, term } } } }, data)
  }

  async close() {
    await close(this.#open)
    await settled()
  }

  /** @returns {DiskImage} */
  get image() {
    return this.#disk.image()
  }

  /** @param {readonly { group: string, index: number }[]} [damaged] */
  groups(damaged) {
    return this.#model.contents(damaged)
  }

  get #open() {
    if (this.#store === undefined) throw new Error('the store is not open')
    return this.#store
  }
}

/** Until nothing is under way: calls complete in the turns of this one's microtasks. */
function settled() {
  return new Promise((resolve) => setImmediate(resolve))
}

/** @returns {AsyncGenerator<StoreRecording>} */
export async function* recordStores() {
  yield* plainStores()
  yield* compactedStores()
  yield* damagedStores()
  yield* serverStores()
}

/** Several groups over several log files: every kind of entry, votes, a truncation; ended in every way. */
async function* plainStores() {
  const store = new StoreInMemory()
  await store.open()
  const [first, ...others] = /** @type {[Entry, ...Entry[]]} */ (everyEntry())
  const votes = { currentTerm: 1, votedFor: undefined }
  await store.write({ orders: { entries: [first] }, voteless: { hardState: votes } })
  await store.write({ orders: { hardState: { currentTerm: 3, votedFor: 'n2' }, entries: others.slice(0, 3) } })
  await store.write({ orders: { entries: others.slice(3) }, stock: { entries: commands(1, 20, 1) } })
  for (const [place, term] of [2, 3, 5].entries()) {
    const kept = 15 - 2 * place
    const entries = commands(kept + 1, kept + 12, term)
    const stock = { hardState: { currentTerm: term, votedFor: 'n1' }, truncateAfter: kept, entries }
    await store.write({ stock })
  }
  const found = { closedCleanly: false, cuts: 0 }
  const killed = store.image
  yield recording('killed', killed, { ...found, groups: store.groups() })

  const before = store.groups()
  await store.write({ orders: { entries: [command(17, 2 ** 52, Buffer.alloc(1500, 7))].map(late) } })
  yield recording('torn', torn(store.image), { ...found, cuts: 1, groups: before })

  await store.close()
  yield recording('closed', store.image, { ...found, closedCleanly: true, groups: store.groups() })
}

/** Time does not fall along a log. */
const late = (/** @type {ReturnType<typeof command>} */ entry) => ({ ...entry, time: Number.MAX_SAFE_INTEGER })

/** Snapshots in the place of beginnings of logs; log files that were freed, and groups that are said again behind them. */
async function* compactedStores() {
  const store = new StoreInMemory()
  await store.open()
  const vote = { currentTerm: 1, votedFor: 'n1' }
  await store.write({ resting: { hardState: vote, entries: [noOp(1, 1)] } })
  for (let first = 1; first <= 61; first += 20) {
    await store.write({
      orders: { hardState: { currentTerm: first, votedFor: 'n1' }, entries: commands(first, first + 19, first) },
      stock: { entries: commands(first, first + 19, 1) },
    })
  }
  await store.compact('stock', { index: 80, term: 1 })
  await store.compact('orders', { index: 40, term: 21 })
  await store.compact('orders', { index: 75, term: 61, startsAfter: 62 })
  await store.write({ stock: { entries: [command(81, 4)] } })
  await store.close()
  yield recording('compacted', store.image, { closedCleanly: true, cuts: 0, groups: store.groups() })
}

/** One entry that the disk has lost, and the same store once it was given again. */
async function* damagedStores() {
  const store = new StoreInMemory()
  await store.open()
  const lost = command(2, 1, 'an entry that is lost')
  await store.write({ orders: { entries: [noOp(1, 1), lost, command(3, 1)] } })
  await store.close()
  const image = flipped(store.image, 'an entry that is lost')
  const groups = store.groups([{ group: 'orders', index: 2 }])
  yield recording('damaged', image, { closedCleanly: true, cuts: 0, groups })

  const repaired = new StoreInMemory(image)
  await repaired.open()
  await repaired.write({ orders: { repaired: [{ ...lost }] } })
  yield recording('repaired', repaired.image, { closedCleanly: false, cuts: 0, groups: store.groups() })
}

/** All that a server was, alone in its group: a log can be opened on it. */
async function* serverStores() {
  const store = new StoreInMemory()
  await store.open()
  const configuration = { groupUuid: GROUP_UUID, members: [{ id: 'n1', store: STORE }], voters: [['n1']] }
  const data = Buffer.from('an order')
  const once = { ...command(3, 1, data), idempotency: { key: 'order 17', retainMs: LARGE - TIME - 3 } }
  const entries = [configured(1, 0, configuration), noOp(2, 1), once, ...commands(4, 8, 1)]
  await store.write({ orders: { hardState: { currentTerm: 1, votedFor: 'n1' }, entries } })
  const keys = [{ key: 'order 17', position: { index: 3, term: 1 }, checksum: crc32(data), expiresAt: LARGE }]
  await store.compact('orders', { index: 5, term: 1, startsAfter: 3, configuration, keys })
  await store.close()
  yield recording('server', store.image, { closedCleanly: true, cuts: 0, groups: store.groups() })
}

/**
 * @param {string} name
 * @param {DiskImage} image
 * @param {object} value
 * @returns {StoreRecording}
 */
function recording(name, image, value) {
  const files = [...image].map(([path, bytes]) => /** @type {const} */ ([path.slice(FOLDER.length + 1), bytes]))
  return { name, files: new Map(files), value }
}

/**
 * Without the last sector of the last write.
 *
 * @param {DiskImage} image
 * @returns {DiskImage}
 */
function torn(image) {
  const [path, end] = [...image]
    .map(([name, bytes]) => /** @type {const} */ ([name, Buffer.from(bytes).lastIndexOf(FRAME_END)]))
    .filter(([name, at]) => name.endsWith('.log') && at >= SECTOR_BYTES)
    .reduce((last, one) => (one[0] > last[0] ? one : last))
  const bytes = new Uint8Array(image.get(path) ?? [])
  return new Map(image).set(path, bytes.fill(0, end + 1 - SECTOR_BYTES, end + 1))
}

/**
 * With one bit of this text flipped.
 *
 * @param {DiskImage} image
 * @param {string} text
 * @returns {DiskImage}
 */
function flipped(image, text) {
  const found = [...image].find(([, bytes]) => Buffer.from(bytes).includes(text))
  if (found === undefined) throw new Error(`${text} stands in no file`)
  const [path, bytes] = [found[0], Buffer.from(found[1])]
  const at = bytes.indexOf(text)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return new Map(image).set(path, bytes)
}
