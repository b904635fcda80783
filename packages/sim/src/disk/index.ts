export { AttachedDisk, type AttachOptions } from './attachedDisk.ts'
export {
  KEPT,
  LOST,
  drawFate,
  grown,
  sectorsOf,
  someSectors,
  torn,
  type ChangesFate,
  type CrashFate,
  type NamesFate,
} from './crashFate.ts'
export type { DiskCall } from './diskCall.ts'
export type { DiskJournal } from './diskJournal.ts'
export type { Damage, DiskOperation, FileChange, Flush, NameChange, Written } from './diskOperation.ts'
export type { DiskImage } from './diskState.ts'
export { SimDisk, type FlippedBit, type SimDiskOptions } from './simDisk.ts'
