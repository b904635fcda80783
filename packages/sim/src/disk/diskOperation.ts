/** A change of what a file holds. `at` counts the operations of the disk before it, `file` is the number of the file. */
export type FileChange =
  | {
      readonly kind: 'written'
      readonly at: number
      readonly file: number
      readonly position: number
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'emptied'; readonly at: number; readonly file: number }
  /** It is at least so long from here on, with zeros where nothing was written. */
  | { readonly kind: 'grown'; readonly at: number; readonly file: number; readonly length: number }

/** Bytes that were written. */
export type Written = Extract<FileChange, { kind: 'written' }>

/** A change of what is in a folder. */
export type NameChange =
  | { readonly kind: 'created'; readonly at: number; readonly file: number; readonly path: string }
  | { readonly kind: 'removed'; readonly at: number; readonly file: number; readonly path: string }
  | { readonly kind: 'renamed'; readonly at: number; readonly file: number; readonly from: string; readonly to: string }

/** The end of a flush. It covers what happened before its call: the operations of a lower number than `before`. */
export type Flush =
  | { readonly kind: 'flushed' | 'flushFailed'; readonly at: number; readonly file: number; readonly before: number }
  | { readonly kind: 'folderFlushed'; readonly at: number; readonly folder: string; readonly before: number }

/** Bytes that changed where they lie, flushed or not. */
export interface Damage {
  readonly kind: 'damaged'
  readonly at: number
  readonly file: number
  readonly position: number
  readonly bytes: Uint8Array
}

/** What happens to a disk. It happens in one order, in which each has its number. */
export type DiskOperation = FileChange | NameChange | Flush | Damage

/** The folder of a path. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}
