export { openDiskStore, type DiskStoreOptions } from './openDiskStore.ts'
export type { DiskStore } from './diskStore.ts'
export { nodeFiles } from './nodeFiles.ts'
export type { Done, DoneWith, FilePort, OpenFile } from './filePort.ts'
export type {
  DiskEvent,
  PreparationFailed,
  RemovalFailed,
  SegmentBegun,
  SegmentsFreed,
  StoreCreated,
  StoreFailed,
  StoreOpened,
  TailCut,
} from './events.ts'
export {
  CorruptStoreError,
  ForeignStoreError,
  NewerStoreFormatError,
  StorageFailedError,
  StoreClosedError,
  StoreLockedError,
  type StorageOperation,
} from './errors.ts'
