import type {
  ClientReply,
  ClientRequest,
  Command,
  Configuration,
  Entry,
  EntryKind,
  Member,
  Message,
  Origin,
  Packet,
  RefusedReply,
} from '@quorate/core'
import type { BackupHead, BackupPart } from '@quorate/wire'
import type { FrameKind } from '../../packages/disk/src/frame.ts'
import type { Magic } from '../../packages/disk/src/prelude.ts'
import type { RecordReceiver } from '../../packages/disk/src/record.ts'

// Everything that the present version can write, as its types have it: whoever adds a kind or a field that may be absent
// is told by the compiler to name it here, and then by completeness.test.ts to record it.

/** The fields that a `Shape` may lack. */
type Optional<Shape> = keyof {
  [
    Field in keyof Shape as Field extends 'encoded'
      ? never
      : undefined extends Shape[Field]
        ? Field
        : object extends Pick<Shape, Field>
          ? Field
          : never
  ]: true
}

/** The types of a union, each with its fields that may be absent. */
type Types<Union extends { readonly type: string }> = {
  readonly [Type in Union['type']]: Record<Optional<Extract<Union, { readonly type: Type }>>, true>
}

type Entries = { readonly [Kind in EntryKind]: Record<Optional<Extract<Entry, { readonly kind: Kind }>>, true> }

export const MESSAGES = {
  preVote: {},
  'preVote.granted': {},
  'preVote.refused': {},
  requestVote: {},
  'requestVote.granted': {},
  'requestVote.refused': {},
  appendEntries: {},
  'appendEntries.accepted': {},
  'appendEntries.rejected': {},
  timeoutNow: {},
  removed: {},
  installSnapshot: {},
  'installSnapshot.answered': {},
  'bootstrap.inquiry': { birth: true },
  'bootstrap.standing': { birth: true, groupUuid: true, knownStore: true },
  'bootstrap.offer': {},
  'bootstrap.accepted': {},
  'repair.inquiry': {},
  'repair.entry': {},
  'repair.absent': { committedTerm: true },
} satisfies Types<Message>

export const REQUESTS = { append: {}, read: {}, readIndex: {}, status: {} } satisfies Types<ClientRequest>

export const REPLIES = {
  appended: { places: true },
  notLeader: { leaderId: true },
  refused: {},
  keyReused: {},
  keyForgotten: {},
  unknown: {},
  entries: {},
  compacted: {},
  busy: {},
  readIndex: {},
  status: {},
} satisfies Types<ClientReply>

export const REASONS = { tooLarge: true, closed: true, malformed: true } satisfies Record<RefusedReply['reason'], true>

export const ENTRIES = {
  command: { subject: true, idempotency: true },
  'no-op': {},
  configuration: { machineVersion: true },
  upgrade: {},
} satisfies Entries

export const BACKUP_PARTS = {
  head: {},
  snapshot: {},
  data: {},
  log: {},
  entries: {},
  end: {},
} satisfies Types<BackupPart>

/** What stands within the above, by the fields that may be absent. */
export const PARTS = {
  packet: { groupUuid: true },
  command: { subject: true, idempotency: true, after: true },
  configuration: { origin: true, next: true },
  member: { priority: true },
  backupHead: { server: true },
} satisfies {
  packet: Record<Optional<Packet>, true>
  command: Record<Optional<Command>, true>
  configuration: Record<Optional<Configuration>, true>
  member: Record<Optional<Member>, true>
  backupHead: Record<Optional<BackupHead>, true>
}

export const ORIGINS = { recovery: true, restore: true } satisfies Record<Origin['reason'], true>

/** What a frame of a store may be. */
export const STORE_FRAMES = {
  records: true,
  opened: true,
  continues: true,
  closed: true,
} satisfies Record<FrameKind, true>

/** What the records of a store say, by the method that takes it in. */
export const STORE_RECORDS = {
  takeGroup: true,
  takeHardState: true,
  takeTruncation: true,
  takeSnapshot: true,
  takeEntries: true,
  takeEntry: true,
  takeRepair: true,
} satisfies Record<keyof RecordReceiver, true>

/** The files of a store. */
export const STORE_FILES = {
  QuorateI: true,
  QuorateL: true,
  QuorateS: true,
  QuorateF: true,
} satisfies Record<Magic, true>
