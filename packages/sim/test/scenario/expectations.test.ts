import { beforeAll, describe, expect, it } from 'vitest'
import { cluster, ExpectationFailed, type Cluster, type Expectations } from '@quorate/sim'

/** s1 leads term 2 with x committed; s2 has all; s3 has missed x, and y is under way; s4 is down, s5 has stopped. */
let c: Cluster

beforeAll(async () => {
  c = await cluster(5)
  await c.elect('s1')
  await c.settle()
  await c.heartbeat('s1')
  await c.settle()
  await c.crash('s4')
  c.failDisk('s5')
  await c.append('s1', 'x')
  await c.deliver('s1', 's5')
  await c.deliver('s1', 's2')
  await c.deliver('s2', 's1')
  c.drop('s1', 's3')
  await c.append('s1', 'y')
  await c.append('s2', 'z')
})

type Case = [name: string, holds: (e: Expectations) => void, fails: (e: Expectations) => void, found: string]

const CASES: Case[] = [
  ['leader', (e) => e.leader('s1'), (e) => e.leader('s2'), 'expected s2 to lead; s1 leads term 2.'],
  [
    'leader of a term',
    (e) => e.leader('s1', { term: 2 }),
    (e) => e.leader('s1', { term: 3 }),
    'expected s1 to lead term 3; s1 leads term 2.',
  ],
  [
    'role',
    (e) => e.role('s3', 'follower'),
    (e) => e.role('s1', 'follower'),
    'expected s1 to be follower; it is leader.',
  ],
  ['role of one that is down', (e) => e.role('s4', 'down'), (e) => e.role('s4', 'stopped'), 'it is down.'],
  ['term', (e) => e.term('s3', 2), (e) => e.term('s3', 1), 'expected s3 to be in term 1; it is in term 2.'],
  ['term on disk', (e) => e.term('s4', 2), (e) => e.term('s4', 3), 'expected s4 to be in term 3; it is in term 2.'],
  ['vote', (e) => e.vote('s2', 's1'), (e) => e.vote('s2', 'none'), 'expected the vote of s2 to be none; it is s1.'],
  ['log', (e) => e.log('s1', [1, 2, 2, 2]), (e) => e.log('s1', [1, 2]), 'the log of s1 to be 1 2; it is 1 2 2 2.'],
  ['log, as long', (e) => e.log('s3', [1, 2]), (e) => e.log('s3', [1, 1]), 'the log of s3 to be 1 1; it is 1 2.'],
  ['log on disk', (e) => e.log('s4', [1, 2]), (e) => e.log('s4', []), 'the log of s4 to be nothing; it is 1 2.'],
  [
    'durable',
    (e) => e.durable('s5', [1, 2]),
    (e) => e.durable('s5', [1, 2, 2]),
    'the disk of s5 to be 1 2 2; it is 1 2.',
  ],
  [
    'committed',
    (e) => e.committed('s3', 2),
    (e) => e.committed('s3', 3),
    's3 to know 3 as committed; its commitIndex is 2.',
  ],
  [
    'applied',
    (e) => e.applied('s2', []),
    (e) => e.applied('s2', ['x']),
    's2 to have applied x; it has applied nothing.',
  ],
  [
    'outcome, open',
    (e) => e.outcome('y', 'open'),
    (e) => e.outcome('y', 'appended'),
    'of y to be appended; it is open.',
  ],
  [
    'outcome, refused',
    (e) => e.outcome('z', 'refused'),
    (e) => e.outcome('z', 'unknown'),
    'to be unknown; it is refused.',
  ],
  [
    'stopped',
    (e) => e.stopped('s5', /EIO/),
    (e) => e.stopped('s5', /Corrupt/),
    'to have stopped for Corrupt; it stopped for',
  ],
  ['stopped at all', (e) => e.stopped('s5'), (e) => e.stopped('s1'), 'it is leader.'],
  [
    'held',
    (e) => e.held('s1', 's3', ['appendEntries']),
    (e) => e.held('s1', 's3', []),
    'expected under way from s1 to s3: nothing; there is appendEntries term 2 prev 3/2 entries 4/2',
  ],
  [
    'held, of the type',
    (e) => e.held('s1', 's3', ['appendEntries']),
    (e) => e.held('s1', 's3', ['heartbeat']),
    'from s1 to s3: heartbeat; there is appendEntries',
  ],
  [
    'matchIndex',
    (e) => e.matchIndex('s1', 's3', 2),
    (e) => e.matchIndex('s1', 's3', 4),
    'matchIndex 4 for s3; it has 2.',
  ],
  ['nextIndex', (e) => e.nextIndex('s1', 's3', 5), (e) => e.nextIndex('s1', 's3', 3), 'nextIndex 3 for s3; it has 5.'],
]

describe('an expectation', () => {
  it.each(CASES)('holds when it is so, and fails when it is not: %s', (_name, holds, fails, found) => {
    holds(c.expect)
    expect(() => fails(c.expect)).toThrow(ExpectationFailed)
    expect(() => fails(c.expect)).toThrow(found)
  })

  it('of no leader holds while there is none', async () => {
    expect(() => c.expect.noLeader()).toThrow('expected nobody to lead; s1 does.')
    const fresh = await cluster(3)
    fresh.expect.noLeader()
    expect(() => fresh.expect.leader('s1')).toThrow('expected s1 to lead; nobody leads.')
  })

  it('of an old leader fails once a later term is led', async () => {
    const split = await cluster(3)
    await split.elect('s1')
    await split.elect('s2', { with: ['s3'] })
    split.expect.role('s1', 'leader')
    expect(() => split.expect.leader('s1')).toThrow('expected s1 to lead; s2 leads term 3.')
  })

  it('of an append that was taken along by a crash, and of one that is answered', async () => {
    const other = await cluster(3)
    await other.elect('s1')
    await other.append('s1', 'done')
    await other.settle()
    await other.append('s1', 'lost')
    await other.crash('s1')
    other.expect.outcome('done', 'appended')
    other.expect.outcome('lost', 'unknown')
  })

  it('says how all servers stand when it fails', () => {
    expect(() => c.expect.term('s1', 9)).toThrow(
      [
        '',
        '  s1: leader, term 2, log 1 2 2 2, committed 2',
        '  s2: follower, term 2, log 1 2 2, committed 2',
        '  s3: follower, term 2, log 1 2, committed 2',
        '  s4: down, term 2, log 1 2',
        '  s5: stopped, term 2, log 1 2 2, committed 2',
      ].join('\n'),
    )
  })

  it('of what is not there says so', () => {
    expect(() => c.expect.term('s6', 1)).toThrow('there is no server s6; there are s1, s2, s3, s4, s5')
    expect(() => c.expect.outcome('w', 'open')).toThrow('w was never appended; there are x, y, z')
    expect(() => c.expect.committed('s4', 1)).toThrow('s4 is down: what it knew is gone')
    expect(() => c.expect.matchIndex('s2', 's1', 1)).toThrow('expected s2 to replicate to s1; it is follower.')
  })
})
