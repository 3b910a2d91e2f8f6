import {looseHash, type RdbHash} from './hash.js'
import {listpackElements} from './packed.js'
import {RdbError, type RdbReader} from './reader.js'
import {HASH_22} from './shape.js'
import {readBlob, readString} from './string.js'

/**
 * Hashes of Redis 7.4 that have, or once had, fields with a time of expiry (wire.md 3.3). Redis 7.0 knows no such time:
 * a hash is read if none of its fields has one, and refused otherwise, as its fields would stay for ever.
 */
const HASH_23 = 23
const HASH_METADATA = 24
const HASH_LISTPACK_EX = 25

const MS_BYTES = 8

function readFields(reader: RdbReader): RdbHash {
  const pairs: string[] = []
  for (let left = reader.length(); left > 0; left--) {
    if (reader.length() !== 0) throw expiring()
    pairs.push(readString(reader), readString(reader))
  }
  return looseHash(pairs)
}

/** Field, value, time, field, value, time, ... */
function readListpack(reader: RdbReader): RdbHash {
  const elements = listpackElements(readBlob(reader))
  if (elements.length % 3 !== 0) throw new RdbError(`a hash with fields that expire, of ${elements.length} strings`)
  const pairs: string[] = []
  for (let i = 0; i < elements.length; i += 3) {
    if (elements[i + 2] !== '0') throw expiring()
    pairs.push(elements[i]!, elements[i + 1]!)
  }
  return looseHash(pairs)
}

function expiring(): RdbError {
  return new RdbError('a hash with a field that expires: this node keeps no such fields')
}

function afterEarliest(read: (reader: RdbReader) => RdbHash): (reader: RdbReader) => RdbHash {
  return (reader) => {
    reader.bytes(MS_BYTES)
    return read(reader)
  }
}

/** By type byte. */
export const EXPIRING_HASHES: ReadonlyMap<number, (reader: RdbReader) => RdbHash> = new Map([
  [HASH_22, readFields],
  [HASH_23, readListpack],
  [HASH_METADATA, afterEarliest(readFields)],
  [HASH_LISTPACK_EX, afterEarliest(readListpack)],
])
