export { inspectStore, type GroupReport, type ReportedServer, type StoreReport } from './groupReport.ts'
export {
  planRecovery,
  type ComparedLog,
  type GroupPlan,
  type RecoveryOptions,
  type RecoveryPlan,
} from './recoveryPlan.ts'
export { recoverGroups } from './recoverGroups.ts'
export { backupGroup, type BackupGroupOptions } from './backupGroup.ts'
export { readBackup, verifyBackup, writeBackup, type BackupSummary } from './backupFile.ts'
export { restoreGroup, type RestoredGroup, type RestoreOptions } from './restoreGroup.ts'
export type { FoundedGroup } from './founding.ts'
export {
  FileExistsError,
  GroupExistsError,
  NoStoreError,
  NoSuchGroupError,
  NotLatestLogError,
  OccupiedFolderError,
  OtherServerError,
  UnfinishedGroupError,
  UnreadableEntriesError,
} from './errors.ts'
export type { BackupCounts, BackupHead, BackupPart } from '@quorate/wire'
export { BackupCutShortError, DamagedBackupError, ForeignBackupError, NewerBackupError } from '@quorate/wire'
