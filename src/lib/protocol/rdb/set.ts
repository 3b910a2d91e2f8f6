import type {RdbOutput} from './output.js'
import {intsetElements, listpackElements} from './packed.js'
import {EmptyValueError, RdbError, type RdbReader} from './reader.js'
import {readBlob, readString} from './string.js'
import type {RdbCodec} from './value.js'

/** A set of members, or of integers that are to stay packed (wire.md 3.3). */
export type RdbSet =
  | {readonly type: 'set'; readonly encoding: 'hashtable'; readonly members: readonly string[]}
  /** The blob as it stands in the file: width and count, u32 LE each, then the integers, ascending. */
  | {readonly type: 'set'; readonly encoding: 'intset'; readonly blob: string}

const SET = 2
const INTSET = 11
const SET_LISTPACK = 20

function encode(set: RdbSet, out: RdbOutput, from: number, to: number): void {
  if (set.encoding === 'intset') {
    out.string(set.blob)
    return
  }
  const {members} = set
  if (from === 0) out.length(members.length)
  for (let i = from; i < to; i++) out.string(members[i]!)
}

/** @throws EmptyValueError for none: no set is empty. That none is there twice is for who builds the set to see. */
function checked(members: readonly string[]): RdbSet {
  if (members.length === 0) throw new EmptyValueError('an empty set')
  return {encoding: 'hashtable', members, type: 'set'}
}

function readMembers(reader: RdbReader): RdbSet {
  const count = reader.length()
  const members: string[] = []
  for (let i = 0; i < count; i++) members.push(readString(reader))
  return checked(members)
}

function readIntset(reader: RdbReader): RdbSet {
  const blob = readString(reader)
  const integers = intsetElements(blob)
  if (integers.length === 0) throw new EmptyValueError('an empty set')
  for (let i = 1; i < integers.length; i++) {
    if (BigInt(integers[i]!) <= BigInt(integers[i - 1]!)) throw new RdbError('an intset out of order')
  }
  return {blob: blob, encoding: 'intset', type: 'set'}
}

export const setCodec: RdbCodec<RdbSet> = {
  encode,
  partCount: (set) => (set.encoding === 'intset' ? 1 : set.members.length),
  readers: new Map([
    [SET, readMembers],
    [INTSET, readIntset],
    [SET_LISTPACK, (reader) => checked(listpackElements(readBlob(reader)))],
  ]),
  typeByte: ({encoding}) => (encoding === 'intset' ? INTSET : SET),
}
