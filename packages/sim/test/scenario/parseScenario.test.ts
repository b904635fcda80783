import { describe, expect, it } from 'vitest'
import { parseScenario, ScenarioSyntaxError } from '@quorate/sim'

const HEAD = ['scenario A title', 'source raft paper §5.2', 'cluster 3']

function refusal(...lines: readonly string[]): string {
  try {
    parseScenario(lines.join('\n'), 'a.scenario')
  } catch (error) {
    expect(error).toBeInstanceOf(ScenarioSyntaxError)
    return (error as Error).message
  }
  return 'was read'
}

describe('a text', () => {
  it('says what a scenario is, what it begins with and what happens', () => {
    const scenario = parseScenario(
      [
        '# a comment',
        'scenario  Two   words',
        'source hashicorp/raft #661',
        '',
        'cluster 3   # behind a statement',
        'setting backtracking entry',
        'setting maxInflightEntries 2',
        'setting fastPath false',
        'flowing',
        'log s1 1 2',
        'term s1 3',
        '  elect s1 with s2\r',
        'expect leader s1',
      ].join('\n'),
    )
    expect(scenario).toMatchObject({
      file: 'scenario',
      title: 'Two words',
      source: 'hashicorp/raft #661',
      servers: 3,
      options: {
        isFlowing: true,
        settings: { backtracking: 'entry', maxInflightEntries: 2, fastPath: false },
        logs: { s1: [1, 2] },
        terms: { s1: 3 },
      },
    })
    expect(scenario.statements.map(({ line, text }) => [line, text])).toEqual([
      [12, 'elect s1 with s2'],
      [13, 'expect leader s1'],
    ])
  })

  it.each([
    ['timeout s1'],
    ['wait s1 100'],
    ['stand s1'],
    ['elect s1 with s2 s3'],
    ['heartbeat s1'],
    ['append s1 x y'],
    ['deliver s1 s2'],
    ['deliver s1 s2 oldest late appendEntries.rejected'],
    ['drop s1 s2 heartbeat'],
    ['copy s1 s2'],
    ['delay s1 s2'],
    ['exchange s1 s2 s3'],
    ['deliverAll'],
    ['dropAll'],
    ['settle'],
    ['hold'],
    ['flow'],
    ['partition s1 s2'],
    ['cut s1 s2'],
    ['heal'],
    ['reconnect s1'],
    ['crash s1'],
    ['crash s1 power torn'],
    ['restart s1'],
    ['stallDisk s1'],
    ['completeWrites s1'],
    ['failDisk s1'],
    ['wipe s1'],
    ['damage s1'],
    ['note (a) what the figure shows'],
    ['expect leader s1 term 2'],
    ['expect noLeader'],
    ['expect role s1 s2 follower'],
    ['expect term s1 2'],
    ['expect vote s1 none'],
    ['expect log s1 s2 1 2 4'],
    ['expect durable s1 nothing'],
    ['expect committed s1 s2 s3 2'],
    ['expect applied s1 x y'],
    ['expect outcome x unknown'],
    ['expect stopped s1'],
    ['expect stopped s1 EIO: the disk'],
    ['expect held s1 s2 requestVote heartbeat'],
    ['expect matchIndex s1 s2 3'],
    ['expect nextIndex s1 s2 3'],
  ])('may say %s', (line) => {
    expect(parseScenario([...HEAD, line].join('\n')).statements).toHaveLength(1)
  })
})

describe('a text that is no scenario is refused with file, line, what is wrong and what is allowed', () => {
  it.each([
    [
      'delver s1 s2',
      /^a\.scenario:4: "delver s1 s2": there is no statement delver; there are scenario, source, cluster, .*, deliver, /,
    ],
    [
      'expect lader s1',
      /^a\.scenario:4: "expect lader s1": there is no expectation lader; there are leader, noLeader, /,
    ],
    ['expect', /an expectation is missing; there are leader, /],
    ['expect toString', /there is no expectation toString/],
    ['constructor', /there is no statement constructor/],
    [
      'deliver s1',
      'a.scenario:4: "deliver s1": the addressee is missing. It is written: deliver <from> <to> [oldest] [late] [<message type>]',
    ],
    ['deliver s1 s2 newest', /what is meant cannot be newest; it is one of oldest, late, preVote, /],
    ['timeout s4', /there is no server s4; there are s1, s2, s3\. It is written: timeout <server>/],
    ['timeout s1 s2', /"timeout s1 s2": s2 is too much/],
    ['settle now', /now is too much\. It is written: settle/],
    ['elect s1 with', /a server is missing\. It is written: elect <server> \[with <server>…\]/],
    ['append s1', /a text is missing/],
    ['append s1 s2', /s2 is a server, and so no text to append/],
    ['crash s1 power off', /power cannot be off; it is one of lost, kept, torn/],
    ['wait s1 soon', /how long cannot be soon: it is a whole number/],
    ['expect term s1 -1', /the term cannot be -1: it is a whole number/],
    ['expect log s1 1 x', /the term of an entry cannot be x: it is a whole number/],
    ['expect log s1', /the term of an entry is missing\. It is written: expect log <server>… <term>… \| nothing/],
    ['expect role s1 king', /the role cannot be king; it is one of follower, candidate, leader, stopped, down/],
    ['expect outcome x fine', /the outcome cannot be fine; it is one of open, appended, unknown, refused/],
    ['expect held s1 s2 letter', /a message type cannot be letter; it is one of preVote, /],
    ['expect vote s1 s9', /there is no server s9/],
  ])('%s', (line, message) => {
    expect(refusal(...HEAD, line)).toMatch(message)
  })

  it.each([
    [['cluster 3'], /:1: "cluster 3": the first line is: scenario <title>/],
    [['settle'], /:1: "settle": the first line is: scenario <title>/],
    [['scenario'], /the title is missing\. It is written: scenario <title>/],
    [['scenario A', 'scenario B'], /:2: "scenario B": scenario stands there twice/],
    [['scenario A', 'settle'], /first say how many servers there are: cluster <number of servers>/],
    [['scenario A', 'log s1 1'], /first say how many servers there are/],
    [['scenario A', 'cluster many'], /the number of servers cannot be many: it is a whole number/],
    [['scenario A', 'cluster 10'], /a cluster has 1 to 9 servers/],
    [['scenario A', 'cluster 3', 'cluster 5'], /cluster stands there twice/],
    [
      ['scenario A', 'cluster 3', 'settle'],
      'a.scenario: there is no source: write source <paper section, or system and issue>',
    ],
    [HEAD, 'a.scenario: nothing happens in it: write at least one statement'],
    [[...HEAD, 'settle', 'log s1 1'], /:5: "log s1 1": log stands above everything that happens/],
    [[...HEAD, 'log s1 1', 'log s1 1 2'], /s1 stands there twice/],
    [[...HEAD, 'setting speed 3'], /a setting cannot be speed; it is one of heartbeatIntervalMs, /],
    [[...HEAD, 'setting cacheBytes 1', 'setting cacheBytes 2'], /cacheBytes stands there twice/],
    [[...HEAD, 'setting fastPath perhaps'], /the value cannot be perhaps; it is one of true, false/],
    [[...HEAD, 'setting cacheBytes few', 'settle'], /a\.scenario: cacheBytes is NaN; it must be a number above 0/],
    [[...HEAD, 'log s1 2', 'settle'], /a\.scenario: the log of s1 is 2: its first entry must be of term 1/],
    [[], 'a.scenario: the first line is: scenario <title>'],
  ] as [string[], RegExp | string][])('%j', (lines, message) => {
    expect(refusal(...lines)).toMatch(message)
  })

  it('carries file and line as fields', () => {
    expect(() => parseScenario('scenario A\nnonsense', 'b.scenario')).toThrow(
      expect.objectContaining({ file: 'b.scenario', line: 2 }),
    )
  })
})
