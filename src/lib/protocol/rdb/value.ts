import {RdbError, type RdbReader} from './reader.js'
import {encodeString, readString} from './string.js'

/**
 * A key's value as bytes: a type byte and, apart from it, the value (wire.md 3.3). A DUMP payload and an RDB file
 * both hold the two, but not side by side: in a file the key stands between them.
 *
 * One line here per type the keyspace can hold; each type's own coding is a file of this folder.
 */

/** A string value is a binary (latin1) string, as the keyspace keeps it. */
export type RdbValue = string

/** Type bytes this version reads and writes. */
export const RDB_TYPE = {string: 0} as const

export interface RdbOptions {
  /** The configuration's `rdbcompression`: long strings go through LZF. */
  readonly compress: boolean
}

export function typeOf(_value: RdbValue): number {
  return RDB_TYPE.string
}

export function encodeValue(value: RdbValue, {compress}: RdbOptions): string {
  return encodeString(value, compress)
}

/**
 * Reads one value and validates it wholly: nothing a peer sends can give a value the commands would trip over.
 *
 * @throws RdbError for an unknown type or malformed bytes
 */
export function readValue(type: number, reader: RdbReader): RdbValue {
  switch (type) {
    case RDB_TYPE.string:
      return readString(reader)
    default:
      throw new RdbError(`unknown value type ${type}`)
  }
}
