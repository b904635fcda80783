import type { StoreIdentity } from '@quorate/core'
import { CorruptStoreError } from './errors.ts'
import { checksum, viewOf } from './layout.ts'
import { assertPrelude, writePrelude } from './prelude.ts'

// The file `identity`: it makes the folder a store.
//
//   0   16  prelude, magic "QuorateI"
//   16  16  the UUID
//   32   4  CRC-32 of bytes 0 to 31

export const IDENTITY_FILE = 'identity'
export const NEW_IDENTITY_FILE = 'identity.new'

const IDENTITY_FILE_BYTES = 36

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The 16 bytes of a UUID. */
export function identityBytes(identity: StoreIdentity): Uint8Array {
  if (!UUID.test(identity)) throw new TypeError(`a store's identity is a UUID in lower case, not ${identity}`)
  return Buffer.from(identity.replaceAll('-', ''), 'hex')
}

export function encodeIdentityFile(identity: StoreIdentity): Uint8Array {
  const bytes = new Uint8Array(IDENTITY_FILE_BYTES)
  writePrelude(bytes, 'QuorateI')
  bytes.set(identityBytes(identity), 16)
  viewOf(bytes).setUint32(32, checksum(bytes.subarray(0, 32)), true)
  return bytes
}

/** @throws CorruptStoreError, ForeignStoreError or NewerStoreFormatError */
export function decodeIdentityFile(bytes: Uint8Array, file: string): StoreIdentity {
  assertPrelude(bytes, 'QuorateI', file)
  if (bytes.length !== IDENTITY_FILE_BYTES) {
    throw new CorruptStoreError(file, bytes.length, `it has ${bytes.length} bytes, not ${IDENTITY_FILE_BYTES}`)
  }
  if (viewOf(bytes).getUint32(32, true) !== checksum(bytes.subarray(0, 32))) {
    throw new CorruptStoreError(file, 16, 'the identity does not match its checksum')
  }
  const hex = Buffer.from(bytes.subarray(16, 32)).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
