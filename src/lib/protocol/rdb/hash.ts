import {frameListpack, listpackEntry} from './listpack.js'
import type {RdbOutput} from './output.js'
import {listpackElements, ziplistElements, zipmapElements} from './packed.js'
import {EmptyValueError, RdbError, type RdbReader} from './reader.js'
import {readBlob, readString} from './string.js'
import type {RdbCodec} from './value.js'

/** Fields and values, loose or in a listpack (wire.md 3.3). */
export type RdbHash =
  /** field, value, field, value, ... */
  | {readonly type: 'hash'; readonly encoding: 'hashtable'; readonly pairs: readonly string[]}
  /** `size` times a field's and its value's entry, without the listpack's header and end. */
  | {readonly type: 'hash'; readonly encoding: 'listpack'; readonly entries: string; readonly size: number}

const HASH = 4
const ZIPMAP = 9
const ZIPLIST = 13
const LISTPACK = 16

function encode(hash: RdbHash, out: RdbOutput, from: number, to: number): void {
  if (hash.encoding === 'listpack') {
    out.string(frameListpack(hash.entries, hash.size * 2))
    return
  }
  const {pairs} = hash
  if (from === 0) out.length(pairs.length / 2)
  for (let i = from * 2; i < to * 2; i++) out.string(pairs[i]!)
}

/** @throws RdbError for what can be no hash: nothing, a field without value */
function checked(pairs: readonly string[]): readonly string[] {
  if (pairs.length === 0) throw new EmptyValueError('an empty hash')
  if (pairs.length % 2 !== 0) throw new RdbError(`a hash of ${pairs.length} strings`)
  return pairs
}

/** Of loose ones who builds the hash sees it. @throws RdbError for a field that is there twice */
function checkFields(pairs: readonly string[]): void {
  const fields = new Set<string>()
  for (let i = 0; i < pairs.length; i += 2) fields.add(pairs[i]!)
  if (fields.size * 2 !== pairs.length) throw new RdbError('a field twice')
}

/** Checks loose fields and values; that no field is there twice is for who builds the hash to see. @throws RdbError */
export function looseHash(pairs: readonly string[]): RdbHash {
  return {encoding: 'hashtable', pairs: checked(pairs), type: 'hash'}
}

function readPairs(reader: RdbReader): RdbHash {
  const count = reader.length()
  const pairs: string[] = []
  for (let i = 0; i < count; i++) pairs.push(readString(reader), readString(reader))
  return looseHash(pairs)
}

/** Whatever wrote it, integers come out as integers: fields are found by comparing entries. */
function readListpack(reader: RdbReader): RdbHash {
  const pairs = checked(listpackElements(readBlob(reader)))
  checkFields(pairs)
  const entries = pairs.map(listpackEntry).join('')
  return {encoding: 'listpack', entries, size: pairs.length / 2, type: 'hash'}
}

export const hashCodec: RdbCodec<RdbHash> = {
  encode,
  partCount: (hash) => (hash.encoding === 'listpack' ? 1 : hash.pairs.length / 2),
  readers: new Map([
    [HASH, readPairs],
    [ZIPMAP, (reader) => looseHash(zipmapElements(readBlob(reader)))],
    [ZIPLIST, (reader) => looseHash(ziplistElements(readBlob(reader)))],
    [LISTPACK, readListpack],
  ]),
  typeByte: ({encoding}) => (encoding === 'listpack' ? LISTPACK : HASH),
}
