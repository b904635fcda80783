import type { NodeId } from '@quorate/core'
import { POWER, type Cluster, type Power } from '../cluster.ts'
import type { Which } from '../mail.ts'
import { MESSAGE_NAMES } from './messageNames.ts'
import type { StatementKind, StatementKinds, Step } from './statement.ts'
import { choiceOf, WordsRefused, type Words } from './words.ts'

const FOUND = ['oldest', 'late', ...MESSAGE_NAMES] as const

/** The statements by which something happens, by name. */
export const STEPS: StatementKinds = {
  timeout: ofServer('timeout', (cluster, id) => cluster.timeout(id)),
  stand: ofCandidate('stand', (cluster, id, voters) => cluster.stand(id, voters)),
  elect: ofCandidate('elect', (cluster, id, voters) => cluster.elect(id, voters)),
  wait: {
    usage: 'wait <server> <milliseconds>',
    read: (words) => {
      const [id, durationMs] = [words.server(), words.number('how long')]
      return (cluster) => cluster.wait(id, durationMs)
    },
  },
  transfer: {
    usage: 'transfer <server> [<server>]',
    read: (words) => {
      const [id, target] = [words.server(), words.isOver ? undefined : words.server()]
      return (cluster) => cluster.transfer(id, target)
    },
  },
  heartbeat: ofServer('heartbeat', (cluster, id) => cluster.heartbeat(id)),
  append: {
    usage: 'append <server> <text>…',
    read: (words) => {
      const [id, texts] = [words.server(), words.rest('a text')]
      for (const text of texts) {
        if (words.servers.includes(text)) throw new WordsRefused(`${text} is a server, and so no text to append`)
      }
      return (cluster) => cluster.append(id, ...texts)
    },
  },
  compact: {
    usage: 'compact <server> [keeping <entries>]',
    read: (words) => {
      const id = words.server()
      const options = words.skips('keeping') ? { keeping: words.number('how many entries') } : {}
      return (cluster) => cluster.compact(id, options)
    },
  },
  deliver: ofMail('deliver', (cluster, ...mail) => cluster.deliver(...mail)),
  drop: ofMail('drop', (cluster, ...mail) => cluster.drop(...mail)),
  copy: ofMail('copy', (cluster, ...mail) => cluster.copy(...mail)),
  delay: ofMail('delay', (cluster, ...mail) => cluster.delay(...mail)),
  exchange: {
    usage: 'exchange <server> <server>…',
    read: (words) => {
      const [id, others] = [words.server(), words.serversToEnd()]
      return (cluster) => cluster.exchange(id, ...others)
    },
  },
  deliverAll: { usage: 'deliverAll', read: () => (cluster) => cluster.deliverAll() },
  dropAll: { usage: 'dropAll', read: () => (cluster) => cluster.dropAll() },
  settle: { usage: 'settle', read: () => (cluster) => cluster.settle() },
  hold: { usage: 'hold', read: () => (cluster) => cluster.hold() },
  flow: { usage: 'flow', read: () => (cluster) => cluster.flow() },
  partition: {
    usage: 'partition <server>…',
    read: (words) => {
      const side = words.serversToEnd()
      return (cluster) => cluster.partition(...side)
    },
  },
  cut: {
    usage: 'cut <from> <to>',
    read: (words) => {
      const [from, to] = [words.server(), words.server()]
      return (cluster) => cluster.cut(from, to)
    },
  },
  heal: { usage: 'heal', read: () => (cluster) => cluster.heal() },
  reconnect: ofServer('reconnect', (cluster, id) => cluster.reconnect(id)),
  crash: {
    usage: `crash <server> [power ${Object.keys(POWER).join(' | ')}]`,
    read: (words) => {
      const id = words.server()
      const options = words.skips('power') ? { power: words.oneOf('power', Object.keys(POWER) as Power[]) } : {}
      return (cluster) => cluster.crash(id, options)
    },
  },
  restart: ofServer('restart', (cluster, id) => cluster.restart(id)),
  stallDisk: ofServer('stallDisk', (cluster, id) => cluster.stallDisk(id)),
  completeWrites: ofServer('completeWrites', (cluster, id) => cluster.completeWrites(id)),
  failDisk: ofServer('failDisk', (cluster, id) => cluster.failDisk(id)),
  wipe: ofServer('wipe', (cluster, id) => cluster.wipe(id)),
  damage: ofServer('damage', (cluster, id) => cluster.damage(id)),
  note: {
    usage: 'note <words>…',
    read: (words) => {
      const text = words.rest('what to say').join(' ')
      return (cluster) => cluster.note(text)
    },
  },
}

function ofServer(name: string, step: (cluster: Cluster, id: NodeId) => ReturnType<Step>): StatementKind {
  return {
    usage: `${name} <server>`,
    read: (words) => {
      const id = words.server()
      return (cluster) => step(cluster, id)
    },
  }
}

type Voters = { with?: readonly NodeId[] }

function ofCandidate(
  name: string,
  step: (cluster: Cluster, id: NodeId, voters: Voters) => Promise<void>,
): StatementKind {
  return {
    usage: `${name} <server> [with <server>…]`,
    read: (words) => {
      const id = words.server()
      const voters = words.skips('with') ? { with: words.serversToEnd() } : {}
      return (cluster) => step(cluster, id, voters)
    },
  }
}

type MailOnALink = [from: NodeId, to: NodeId, which: Which]

function ofMail(name: string, step: (cluster: Cluster, ...mail: MailOnALink) => ReturnType<Step>): StatementKind {
  return {
    usage: `${name} <from> <to> [oldest] [late] [<message type>]`,
    read: (words) => {
      const mail = readMail(words)
      return (cluster) => step(cluster, ...mail)
    },
  }
}

function readMail(words: Words): MailOnALink {
  const [from, to] = [words.server('the sender'), words.server('the addressee')]
  let which: Which = {}
  while (!words.isOver) {
    const word = choiceOf(words.word('which'), 'what is meant', FOUND)
    if (word === 'oldest') which = { ...which, oldest: true }
    else if (word === 'late') which = { ...which, late: true }
    else which = { ...which, type: word }
  }
  return [from, to, which]
}
