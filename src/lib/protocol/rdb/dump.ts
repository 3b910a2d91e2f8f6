import {Crc64, crc64} from '../crc64.js'
import {written} from './output.js'
import {RdbReader} from './reader.js'
import {type RdbOptions, type RdbValue, readValue, typeOf, writeValue} from './value.js'

/**
 * The payload of DUMP, RESTORE and MIGRATE (wire.md 3.6).
 *
 *   | type byte | value ... | version u16 LE | CRC-64 of all before it, u64 LE |
 */

/** What redis-server 7.0 writes and the newest it reads. */
export const RDB_VERSION = 10

/**
 * The longest payload that can be carried: a node takes arguments of 512 MiB, and so do strings here, less what stands
 * around the payload.
 */
export const PAYLOAD_BYTES_MAX = 500 * 1024 * 1024

/** The type byte before a value and the footer behind it. */
const AROUND_VALUE_BYTES = 11

/** @param valueBytes - of the value alone, as it stands in a file */
export function fitsPayload(valueBytes: number): boolean {
  return valueBytes + AROUND_VALUE_BYTES <= PAYLOAD_BYTES_MAX
}

const FOOTER_LENGTH = 10
const CRC_LENGTH = 8

export function encodeDump(value: RdbValue, {compress}: RdbOptions): string {
  return written(compress, (out) => {
    out.byte(typeOf(value))
    writeValue(value, out)
    out.byte(RDB_VERSION & 0xff)
    out.byte(RDB_VERSION >>> 8)
    out.raw(new Crc64().addBytes(out.written()).digest())
  })
}

/** Whether version and checksum allow reading the payload at all. A zero checksum is not excused. */
export function checkDump(payload: string): boolean {
  if (payload.length < FOOTER_LENGTH) return false
  const versionAt = payload.length - FOOTER_LENGTH
  const version = payload.charCodeAt(versionAt) | (payload.charCodeAt(versionAt + 1) << 8)
  if (version > RDB_VERSION) return false
  const crcAt = payload.length - CRC_LENGTH
  return crc64(payload, 0, crcAt) === payload.slice(crcAt)
}

/**
 * The value of a payload that passed {@link checkDump}. Bytes after the value are tolerated, as redis-server does.
 *
 * @throws RdbError for an unknown type or malformed bytes
 */
export function decodeDump(payload: string): RdbValue {
  const reader = new RdbReader(payload, 0, payload.length - FOOTER_LENGTH)
  return readValue(reader.byte(), reader)
}
