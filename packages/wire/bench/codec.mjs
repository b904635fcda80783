// What the codec costs. Build first, then: node packages/wire/bench/codec.mjs
import { decodeEntry, decodeFrame, encodeEntry, encodeFrames, MAX_FRAME_BYTES } from '@quorate/wire'

const STORE = '0b8f6c8e-6a1c-4b39-9d60-6f2f8f1f6a01'
const ROUNDS = 7

/** Microseconds a call, the median of some rounds of about 200 ms. */
function measure(call) {
  let calls = 1
  while (timed(call, calls) < 50) calls *= 2
  const rounds = Array.from({ length: ROUNDS }, () => (timed(call, calls * 4) * 1000) / (calls * 4))
  return rounds.toSorted((a, b) => a - b)[ROUNDS >> 1]
}

function timed(call, calls) {
  const begin = performance.now()
  for (let i = 0; i < calls; i++) call()
  return performance.now() - begin
}

function report(what, microseconds) {
  console.log(`${what.padEnd(64)} ${microseconds.toFixed(2).padStart(8)} µs`)
}

function command(index) {
  return { kind: 'command', index, term: 7, time: 1_790_000_000_000 + index, subject: undefined, data }
}

function packet(group, message) {
  const groupUuid = `3b241101-e2bb-4255-8caf-${String(group).padStart(12, '0')}`
  return { group: `group-${group}`, groupUuid, store: STORE, messages: [message] }
}

function appendEntries(prevIndex, entries) {
  const prevLog = { index: prevIndex, term: 7 }
  return { type: 'appendEntries', term: 7, session: 3, round: 0, prevLog, entries, leaderCommit: prevIndex }
}

function reportFrame(what, packets, divisor) {
  const [frame] = encodeFrames(STORE, packets, MAX_FRAME_BYTES)
  // As the NATS client hands it over: a view into a larger buffer.
  const received = Buffer.concat([Buffer.alloc(100), frame]).subarray(100)
  report(`${what}: encode`, measure(() => encodeFrames(STORE, packets, MAX_FRAME_BYTES)) / divisor)
  report(`${what}: decode`, measure(() => decodeFrame(received)) / divisor)
}

const data = new Uint8Array(128).fill(0x61)
const entry = command(1000)
const encoded = encodeEntry({ ...entry })
report(
  'entry of 128 B: encode',
  measure(() => encodeEntry({ ...entry })),
)
report(
  'entry of 128 B: decode',
  measure(() => decodeEntry(encoded)),
)

const hundred = Array.from({ length: 100 }, (_, place) => command(1001 + place))
reportFrame('AppendEntries of 100 entries x 128 B', [packet(1, appendEntries(1000, hundred))], 1)
reportFrame('AppendEntries of 1 entry x 128 B', [packet(1, appendEntries(1000, [command(1001)]))], 1)

const groups = Array.from({ length: 1000 }, (_, group) => group)
const heartbeats = groups.map((group) => packet(group, appendEntries(1000 + group, [])))
reportFrame('heartbeat, each of 1000 in a frame', heartbeats, 1000)
const accepted = {
  type: 'appendEntries.accepted',
  term: 7,
  session: 3,
  round: 0,
  matchIndex: 100_000,
  machineVersion: 1,
}
reportFrame(
  'accepted, each of 1000 in a frame',
  groups.map((group) => packet(group, accepted)),
  1000,
)
reportFrame('accepted, alone', [packet(1, accepted)], 1)
