import type { LogPosition, Outputs, RaftMessage, ServerId, Write } from '@quorate/core'

function at({ index, term }: LogPosition): string {
  return `${index}/${term}`
}

/** A message as a line: `S2: appendEntries term 2 prev 3/2 entries 4/2 commit 3`. Positions read index/term. */
export function messageLine(to: ServerId, message: RaftMessage): string {
  const head = `${to}: ${message.type} term ${message.term}`
  switch (message.type) {
    case 'preVote':
      return `${head} round ${message.round} last ${at(message.lastLog)}`
    case 'preVote.granted':
    case 'preVote.refused':
      return `${head} round ${message.round}`
    case 'requestVote':
      return `${head} last ${at(message.lastLog)}${message.isTransfer ? ' transfer' : ''}`
    case 'removed':
      return `${head} by ${message.configurationIndex}`
    case 'timeoutNow':
      return `${head} last ${at(message.lastLog)}`
    case 'requestVote.granted':
    case 'requestVote.refused':
      return head
    case 'appendEntries': {
      const entries = message.entries.length === 0 ? 'none' : message.entries.map(at).join(' ')
      return `${head} prev ${at(message.prevLog)} entries ${entries} commit ${message.leaderCommit}`
    }
    case 'installSnapshot': {
      const { description, offset, data } = message
      return `${head} snapshot ${at(description.lastIncluded)} at ${offset}: ${data.length} bytes`
    }
    case 'installSnapshot.answered':
      return `${head} snapshot ${message.lastIncludedIndex} has ${message.receivedBytes}`
    case 'appendEntries.accepted':
      return `${head} match ${message.matchIndex}`
    case 'appendEntries.rejected':
      return `${head} prev ${message.prevLogIndex} hint ${at(message.hint)}`
  }
}

function writeLine({ hardState, truncateAfter, snapshot, entries }: Write): string {
  const parts: string[] = []
  if (hardState !== undefined) parts.push(`term ${hardState.currentTerm} vote ${hardState.votedFor ?? 'none'}`)
  if (truncateAfter !== undefined) parts.push(`cut after ${truncateAfter}`)
  if (snapshot !== undefined) {
    const { description } = snapshot.snapshot
    parts.push(`snapshot ${at(description.lastIncluded)} log from ${at(snapshot.logStartsAfter)}`)
  }
  if (entries.length > 0) parts.push(`entries ${entries.map(at).join(' ')}`)
  return `write ${parts.join(', ')}`
}

/** What a server wants done, a line each, in the order in which the driver does it. */
export function orderLines(outputs: Outputs & { write: Write | undefined }): string[] {
  const { messages, reads, snapshotReads, intakeSteps, answers, pollWanted, write } = outputs
  return [
    ...(pollWanted ? ['poll'] : []),
    ...messages.map(({ to, message }) => messageLine(to, message)),
    ...reads.map((read) => `read for ${read.for} ${read.after + 1}..${read.upTo}`),
    ...snapshotReads.map((read) => `read for ${read.for} of ${at(read.description.lastIncluded)} from ${read.offset}`),
    ...intakeSteps.map((step) => `${step.type} ${at(step.description.lastIncluded)}`),
    ...answers.map(
      ({ token, outcome }) =>
        `answer ${String(token)}: ${outcome.type}${outcome.type === 'readIndex' ? ` ${outcome.index}` : ''}`,
    ),
    ...(write === undefined ? [] : [writeLine(write)]),
  ]
}
