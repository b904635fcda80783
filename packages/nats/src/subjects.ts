import { type GroupId, type NodeId, type Term, isName } from '@quorate/core'

/** The layout of the subjects below: another layout gets another number, and both can run side by side. */
const VERSION = 'v1'

/** Stands where a group stands, for a frame that carries several. `assertName` keeps it free. */
const SEVERAL = '_'

/** Stands where the name of a client stands, for those that have none. */
const NAMELESS = '_'

const PREFIX = /^[A-Za-z0-9-][A-Za-z0-9_-]*(\.[A-Za-z0-9-][A-Za-z0-9_-]*)*$/
const MAX_PREFIX_LENGTH = 128

/** Between whom a frame travels, as its subject says. The server has checked it, if its permissions are set. */
export interface RpcAddress {
  /** Undefined for a frame of several groups. */
  readonly group: GroupId | undefined
  readonly from: NodeId
}

/** Every subject under one prefix. `docs/subjects.md` says who publishes and who listens. */
export class Subjects {
  readonly rpcRoot: string
  readonly appendRoot: string
  readonly readRoot: string
  readonly replyRoot: string

  /** @throws TypeError when `prefix` is no prefix. */
  constructor(prefix: string) {
    assertPrefix(prefix)
    this.rpcRoot = `${prefix}.${VERSION}.rpc.`
    this.appendRoot = `${prefix}.${VERSION}.append.`
    this.readRoot = `${prefix}.${VERSION}.read.`
    this.replyRoot = `${prefix}.${VERSION}.reply.`
  }

  rpc(group: GroupId | undefined, to: NodeId, from: NodeId): string {
    return `${this.rpcRoot}${group ?? SEVERAL}.${to}.${from}`
  }

  /** Everything that is sent to `node`, whatever the group and the sender. */
  mailbox(node: NodeId): string {
    return `${this.rpcRoot}*.${node}.*`
  }

  /** Undefined unless `subject` is one of `rpc`. */
  rpcAddress(subject: string): RpcAddress | undefined {
    const groupEnd = subject.indexOf('.', this.rpcRoot.length)
    const toEnd = subject.indexOf('.', groupEnd + 1)
    if (groupEnd < 0 || toEnd < 0 || !subject.startsWith(this.rpcRoot)) return undefined
    const group = subject.slice(this.rpcRoot.length, groupEnd)
    const from = subject.slice(toEnd + 1)
    if (!isName(from)) return undefined
    return { group: group === SEVERAL ? undefined : group, from }
  }

  /**
   * A term has at most one leader (§5.2), so at most one server listens here. What it says of a request, or that nobody
   * listens, is the truth about the request: no other server can have appended it.
   */
  append(group: GroupId, term: Term): string {
    return `${this.appendRoot}${group}.${term}`
  }

  read(group: GroupId): string {
    return `${this.readRoot}${group}`
  }

  replies(client: string | undefined): string {
    return `${this.replyRoot}${client ?? NAMELESS}`
  }
}

function assertPrefix(prefix: string): void {
  if (typeof prefix === 'string' && prefix.length <= MAX_PREFIX_LENGTH && PREFIX.test(prefix)) return
  throw new TypeError(
    `prefix ${JSON.stringify(prefix)}: use words of letters, digits, "-" or "_", separated by dots, up to ` +
      `${MAX_PREFIX_LENGTH} characters in all. A word may not begin with "_": NATS keeps names such as _INBOX for itself.`,
  )
}

const INBOX = /^[^\s.*>]+(\.[^\s.*>]+)*$/

/** @throws TypeError when no reply could arrive under `inboxPrefix`. */
export function assertInboxPrefix(inboxPrefix: string): void {
  if (INBOX.test(inboxPrefix)) return
  throw new TypeError(`inboxPrefix ${JSON.stringify(inboxPrefix)} is not a subject: leave out wildcards and spaces`)
}
