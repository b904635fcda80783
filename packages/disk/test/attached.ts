import { type AttachedDisk, SimDisk } from '@quorate/sim'

/** Runs the callbacks of a disk: at once, unless a test wants them in another order. */
export type Schedule = (callback: () => void) => void

/** A process on the disk. */
export function attached(disk: SimDisk = new SimDisk(), schedule: Schedule = queueMicrotask): AttachedDisk {
  return disk.attach({ schedule: (_, complete) => schedule(complete), soon: schedule })
}
