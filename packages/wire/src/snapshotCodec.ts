import { crc32 } from 'node:zlib'
import { type SnapshotHead, invariant } from '@quorate/core'
import { configurationFields, readConfiguration } from './configurationCodec.ts'
import { decoding } from './decoding.ts'
import { MalformedFrameError } from './errors.ts'
import { FieldReader } from './fields.ts'
import { packFields, packWithData, unpackValues } from './messagePack.ts'
import { scanValues } from './scan.ts'

/** Of the heads that are being sent: a leader says the same one with every piece. */
const encodedHeads = new WeakMap<SnapshotHead, Uint8Array>()

/** What a snapshot says of the log, as one value: in messages, and in the files of stores. */
export function encodeSnapshotHead(head: SnapshotHead): Uint8Array {
  const known = encodedHeads.get(head)
  if (known !== undefined) return known
  const { lastIncluded, lastTime, configuration } = head
  const numbers = [lastIncluded.index, lastIncluded.term, lastTime, configuration.index]
  // What cannot be decoded must not be encoded: the log would be lost with it.
  const sound = numbers.every((number) => Number.isSafeInteger(number) && number >= 0)
  invariant(sound, 'index, term and time of a snapshot are whole numbers')
  const encoded = Buffer.from(packFields([...numbers, ...configurationFields(configuration.configuration)], 0))
  encodedHeads.set(head, encoded)
  return encoded
}

/**
 * Nothing that comes back refers to `bytes`.
 * @throws MalformedFrameError
 */
export function decodeSnapshotHead(bytes: Uint8Array): SnapshotHead {
  return decoding(() => {
    const [end] = scanValues(bytes, 0, 1)
    if (end !== bytes.length) throw new MalformedFrameError('bytes follow the head of a snapshot')
    const [values] = unpackValues(new Uint8Array(bytes))
    return readSnapshotHead(values ?? [])
  })
}

export function readSnapshotHead(values: readonly unknown[]): SnapshotHead {
  const fields = new FieldReader(values)
  const lastIncluded = fields.position('snapshot.lastIncluded')
  const lastTime = fields.integer('snapshot.lastTime')
  const index = fields.integer('snapshot.configuration.index')
  const configuration = readConfiguration(fields)
  fields.end('the head of a snapshot')
  if (lastIncluded.index === 0) throw new MalformedFrameError('a snapshot includes no entry')
  if (index === 0 || index > lastIncluded.index) {
    throw new MalformedFrameError(`a snapshot up to ${lastIncluded.index} has a configuration of entry ${index}`)
  }
  return { lastIncluded, lastTime, configuration: { index, configuration } }
}

/** A piece of a snapshot's data, as one value: with its checksum. */
export function encodePiece(data: Uint8Array): Uint8Array {
  return packWithData([crc32(data), null], data)
}

/** @throws MalformedFrameError when the data is not what was sent. */
export function readPiece(values: readonly unknown[]): Uint8Array {
  const fields = new FieldReader(values)
  const checksum = fields.integer('snapshot.piece.checksum')
  const data = fields.bytes('snapshot.piece.data')
  fields.end('a piece of a snapshot')
  if (crc32(data) !== checksum) throw new MalformedFrameError('a piece of a snapshot is not what its checksum says')
  return data
}
