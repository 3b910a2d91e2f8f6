import {formatStoredDouble, parseDouble} from '../double.js'
import type {RdbOutput} from './output.js'
import {listpackElements, ziplistElements} from './packed.js'
import {EmptyValueError, RdbError, type RdbReader} from './reader.js'
import {readBlob, readString} from './string.js'
import type {RdbCodec, RdbObject} from './value.js'

/**
 * Sorted sets (wire.md 3.3).
 *
 *   5   number of elements; each: member as string, score as eight bytes, little-endian; highest score first
 *   17  a string that is a listpack: member, score, member, score ..., lowest score first
 *   3   as 5, but scores as text with a length byte     12  as 17, but a ziplist
 */
export interface ZsetRdb extends RdbObject {
  readonly type: 'zset'
  /** In one blob. */
  readonly isPacked: boolean
  /** Not empty; unique, as who builds the sorted set sees to. Ascending by score, then by member, when it is to be encoded; in any order when read. */
  readonly members: readonly string[]
  /** None is NaN. */
  readonly scores: readonly number[]
}

const ZSET = 3
const ZSET_2 = 5
const ZSET_ZIPLIST = 12
const ZSET_LISTPACK = 17

const LENGTH_NAN = 253
const LENGTH_INF = 254
const LENGTH_NEGATIVE_INF = 255

function encode({isPacked, members, scores}: ZsetRdb, out: RdbOutput, from: number, to: number): void {
  if (isPacked) {
    const elements: string[] = []
    for (let i = 0; i < members.length; i++) elements.push(members[i]!, formatStoredDouble(scores[i]!))
    out.listpack(elements)
    return
  }
  if (from === 0) out.length(members.length)
  const last = members.length - 1
  for (let i = from; i < to; i++) {
    out.string(members[last - i]!)
    out.double(scores[last - i]!)
  }
}

function readBinaryScore(reader: RdbReader): number {
  return reader.doubleLE()
}

function readTextScore(reader: RdbReader): number {
  const length = reader.byte()
  if (length === LENGTH_NEGATIVE_INF) return Number.NEGATIVE_INFINITY
  if (length === LENGTH_INF) return Number.POSITIVE_INFINITY
  if (length === LENGTH_NAN) return Number.NaN
  return parseScore(reader.bytes(length))
}

/** @throws RdbError */
function parseScore(text: string): number {
  const score = parseDouble(text)
  if (score === undefined) throw new RdbError('a score that is no number')
  return score
}

function checked(isPacked: boolean, members: readonly string[], scores: readonly number[]): ZsetRdb {
  if (members.length === 0) throw new EmptyValueError('an empty sorted set')
  if (scores.some(Number.isNaN)) throw new RdbError('a score that is no number')
  return {isPacked, members, scores, type: 'zset'}
}

function readPairs(readScore: (reader: RdbReader) => number): (reader: RdbReader) => ZsetRdb {
  return (reader) => {
    const count = reader.length()
    // A pair takes two bytes at least: a hostile count is refused before anything is made of it.
    reader.need(2 * count)
    const members: string[] = []
    const scores: number[] = []
    for (let i = 0; i < count; i++) {
      members.push(readString(reader))
      scores.push(readScore(reader))
    }
    return checked(false, members, scores)
  }
}

function reading(elementsOf: (blob: RdbReader) => string[]): (reader: RdbReader) => ZsetRdb {
  return (reader) => {
    const elements = elementsOf(readBlob(reader))
    if (elements.length % 2 !== 0) throw new RdbError('a member without a score')
    const members: string[] = []
    const scores: number[] = []
    for (let i = 0; i < elements.length; i += 2) {
      members.push(elements[i]!)
      scores.push(parseScore(elements[i + 1]!))
    }
    return checked(true, members, scores)
  }
}

export const zsetCodec: RdbCodec<ZsetRdb> = {
  typeByte: ({isPacked}) => (isPacked ? ZSET_LISTPACK : ZSET_2),
  encode,
  partCount: ({isPacked, members}) => (isPacked ? 1 : members.length),
  readers: new Map([
    [ZSET, readPairs(readTextScore)],
    [ZSET_2, readPairs(readBinaryScore)],
    [ZSET_ZIPLIST, reading(ziplistElements)],
    [ZSET_LISTPACK, reading(listpackElements)],
  ]),
}
