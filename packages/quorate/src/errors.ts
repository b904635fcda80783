import { type GroupId, type GroupUuid, type Index, QuorateError, type ServerId } from '@quorate/core'

/** There is no store in this folder. */
export class NoStoreError extends QuorateError {
  readonly code = 'NO_STORE'
  readonly folder: string

  constructor(folder: string, options?: ErrorOptions) {
    super(
      `${folder} holds no store: there is no file "identity" in it. Give the folder that openDiskStore was given.`,
      options,
    )
    this.folder = folder
  }
}

/** Something stands in the folder, and it is no store. */
export class OccupiedFolderError extends QuorateError {
  readonly code = 'OCCUPIED_FOLDER'
  readonly folder: string

  constructor(folder: string, options?: ErrorOptions) {
    super(
      `${folder} is neither empty nor a store. Give a folder that does not stand yet, or one that is a store.`,
      options,
    )
    this.folder = folder
  }
}

/** A file of that name stands already. */
export class FileExistsError extends QuorateError {
  readonly code = 'FILE_EXISTS'
  readonly file: string

  constructor(file: string, options?: ErrorOptions) {
    super(`${file} is there already, and is not overwritten. Give another name, or move it away.`, options)
    this.file = file
  }
}

/** The store holds nothing of that group. */
export class NoSuchGroupError extends QuorateError {
  readonly code = 'NO_SUCH_GROUP'
  readonly folder: string
  readonly group: GroupId
  /** Those that it holds. */
  readonly groups: readonly GroupId[]

  constructor(folder: string, group: GroupId, groups: readonly GroupId[], options?: ErrorOptions) {
    const held = groups.length === 0 ? 'It holds none.' : `It holds ${groups.join(', ')}.`
    super(`${folder} holds nothing of the group ${group}. ${held}`, options)
    this.folder = folder
    this.group = group
    this.groups = groups
  }
}

/** The store holds a group of that name, and it stays as it is. */
export class GroupExistsError extends QuorateError {
  readonly code = 'GROUP_EXISTS'
  readonly folder: string
  readonly group: GroupId
  readonly groupUuid: GroupUuid

  constructor(folder: string, group: GroupId, groupUuid: GroupUuid, options?: ErrorOptions) {
    super(
      `${folder} holds the group ${group} already (${groupUuid}). Give another folder, or another name for the group.`,
      options,
    )
    this.folder = folder
    this.group = group
    this.groupUuid = groupUuid
  }
}

/** A group of that name stands there, half written from something else. */
export class UnfinishedGroupError extends QuorateError {
  readonly code = 'UNFINISHED_GROUP'
  readonly folder: string
  readonly group: GroupId

  constructor(folder: string, group: GroupId, options?: ErrorOptions) {
    super(
      `${folder} holds a part of the group ${group}, which was being written from another source when that was cut short. It has ` +
        'no servers and never works. Repeat that from the same source, or give another folder, or another name for the group.',
      options,
    )
    this.folder = folder
    this.group = group
  }
}

/** Some entries of the log cannot be read any more. */
export class UnreadableEntriesError extends QuorateError {
  readonly code = 'UNREADABLE_ENTRIES'
  readonly folder: string
  readonly group: GroupId
  readonly indexes: readonly Index[]

  constructor(folder: string, group: GroupId, indexes: readonly Index[], options?: ErrorOptions) {
    const shown = indexes.length > 8 ? `${indexes.slice(0, 8).join(', ')} ...` : indexes.join(', ')
    super(
      `${folder}: ${indexes.length} entries of the group ${group} cannot be read any more (${shown}). Nothing was written. Take the ` +
        'folder of another server, or a backup.',
      options,
    )
    this.folder = folder
    this.group = group
    this.indexes = indexes
  }
}

/** Another of the folders that were compared has a log that is more up to date. */
export class NotLatestLogError extends QuorateError {
  readonly code = 'NOT_LATEST_LOG'
  readonly folder: string
  readonly group: GroupId
  /** The folder to take. */
  readonly latest: string

  constructor(folder: string, group: GroupId, latest: string, options?: ErrorOptions) {
    super(
      `group ${group}: the log in ${latest} is more up to date than the one in ${folder} (§5.4.1), and may hold entries that were ` +
        `committed and are missing here. Nothing was written. Recover from ${latest}.`,
      options,
    )
    this.folder = folder
    this.group = group
    this.latest = latest
  }
}

/** The store is that of another server. */
export class OtherServerError extends QuorateError {
  readonly code = 'OTHER_SERVER'
  readonly folder: string
  /** Whose store it is. */
  readonly id: ServerId

  constructor(folder: string, id: ServerId, wanted: ServerId, options?: ErrorOptions) {
    super(
      `the store in ${folder} is that of the server ${id}, by the groups that it holds, and not of ${wanted}. Give this name, or another folder.`,
      options,
    )
    this.folder = folder
    this.id = id
  }
}
