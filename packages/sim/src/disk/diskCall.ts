/** One call that a process makes of its disk. */
export interface DiskCall {
  readonly kind:
    | 'makeFolder'
    | 'lock'
    | 'list'
    | 'open'
    | 'read'
    | 'write'
    | 'flush'
    | 'close'
    | 'rename'
    | 'remove'
    | 'flushFolder'
  /** The file or the folder; of a rename, the old name. */
  readonly path: string
  /** How many are read or written; 0 for every other kind. */
  readonly bytes: number
}
