import type { NodeId } from '@quorate/core'
import type { OutcomeName } from '../appends.ts'
import type { StoryRole } from '../../diagram/story.ts'
import type { Expectations } from '../expectations.ts'
import { MESSAGE_NAMES } from './messageNames.ts'
import type { StatementKind, StatementKinds } from './statement.ts'
import { choiceOf, type Words } from './words.ts'

const ROLES = ['follower', 'candidate', 'leader', 'stopped', 'down'] as const satisfies readonly StoryRole[]
const OUTCOMES = ['open', 'appended', 'unknown', 'refused'] as const satisfies readonly OutcomeName[]

/** What may stand behind `expect`, by name. */
export const EXPECTATIONS: StatementKinds = {
  leader: {
    usage: 'expect leader <server> [term <term>]',
    read: (words) => {
      const id = words.server()
      const options = words.skips('term') ? { term: words.number('the term') } : {}
      return ({ expect }) => expect.leader(id, options)
    },
  },
  noLeader: { usage: 'expect noLeader', read: () => (cluster) => cluster.expect.noLeader() },
  role: ofServers(`role <server>… ${ROLES.join(' | ')}`, (words) => {
    const role = words.oneOf('the role', ROLES)
    return (expect, id) => expect.role(id, role)
  }),
  term: ofServers('term <server>… <term>', (words) => {
    const term = words.number('the term')
    return (expect, id) => expect.term(id, term)
  }),
  vote: {
    usage: 'expect vote <server> <server> | none',
    read: (words) => {
      const id = words.server('the voter')
      const candidate = words.skips('none') ? 'none' : words.server('the candidate, or none,')
      return ({ expect }) => expect.vote(id, candidate)
    },
  },
  log: ofServers('log <server>… <term>… | nothing', (words) => {
    const terms = words.numbers('the term of an entry')
    return (expect, id) => expect.log(id, terms)
  }),
  durable: ofServers('durable <server>… <term>… | nothing', (words) => {
    const terms = words.numbers('the term of an entry')
    return (expect, id) => expect.durable(id, terms)
  }),
  committed: ofServers('committed <server>… <index>', (words) => {
    const index = words.number('the index')
    return (expect, id) => expect.committed(id, index)
  }),
  applied: ofServers('applied <server>… <text>… | nothing', (words) => {
    const texts = words.list('a text, or nothing,')
    return (expect, id) => expect.applied(id, texts)
  }),
  outcome: {
    usage: `expect outcome <text> ${OUTCOMES.join(' | ')}`,
    read: (words) => {
      const [text, outcome] = [words.word('the text that was appended'), words.oneOf('the outcome', OUTCOMES)]
      return ({ expect }) => expect.outcome(text, outcome)
    },
  },
  stopped: {
    usage: 'expect stopped <server> [<words of the error>…]',
    read: (words) => {
      const id = words.server()
      const why = words.isOver ? undefined : new RegExp(escaped(words.rest('why').join(' ')))
      return ({ expect }) => expect.stopped(id, why)
    },
  },
  held: {
    usage: 'expect held <from> <to> <message type>… | nothing',
    read: (words) => {
      const [from, to] = [words.server('the sender'), words.server('the addressee')]
      const types = words
        .list('a message type, or nothing,')
        .map((word) => choiceOf(word, 'a message type', MESSAGE_NAMES))
      return ({ expect }) => expect.held(from, to, types)
    },
  },
  matchIndex: {
    usage: 'expect matchIndex <leader> <follower> <index>',
    read: (words) => {
      const [leader, follower, index] = [words.server(), words.server(), words.number('the index')]
      return ({ expect }) => expect.matchIndex(leader, follower, index)
    },
  },
  nextIndex: {
    usage: 'expect nextIndex <leader> <follower> <index>',
    read: (words) => {
      const [leader, follower, index] = [words.server(), words.server(), words.number('the index')]
      return ({ expect }) => expect.nextIndex(leader, follower, index)
    },
  },
}

/** Expected of each of the servers that are named first. */
function ofServers(usage: string, read: (words: Words) => (expect: Expectations, id: NodeId) => void): StatementKind {
  return {
    usage: `expect ${usage}`,
    read: (words) => {
      const ids = words.serversHere()
      const hold = read(words)
      return ({ expect }) => {
        for (const id of ids) hold(expect, id)
      }
    },
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
