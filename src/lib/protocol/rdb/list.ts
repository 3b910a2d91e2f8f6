import type {RdbOutput} from './output.js'
import {listpackElements, ziplistElements} from './packed.js'
import {EmptyValueError, RdbError, type RdbReader} from './reader.js'
import {readBlob, readString} from './string.js'
import type {RdbCodec, RdbObject} from './value.js'

/** Lists: written as a quicklist of listpacks (type 18), read in every older form too (wire.md 3.3). */

export interface RdbListNode {
  readonly elements: readonly string[]
  /** One element that stands by itself instead of in a listpack. */
  readonly isPlain: boolean
}

export interface RdbList extends RdbObject {
  readonly type: 'list'
  readonly nodes: readonly RdbListNode[]
  /** Read from a form that says nothing of nodes: the reader's settings do. */
  readonly elements: readonly string[] | undefined
}

const LIST = 1
const ZIPLIST = 10
const QUICKLIST_OF_ZIPLISTS = 14
const QUICKLIST_2 = 18

const PLAIN = 1
const PACKED = 2

function encode({nodes}: RdbList, out: RdbOutput, from: number, to: number): void {
  if (from === 0) out.length(nodes.length)
  for (let i = from; i < to; i++) {
    const {elements, isPlain} = nodes[i]!
    out.length(isPlain ? PLAIN : PACKED)
    if (isPlain) out.string(elements[0]!)
    else out.listpack(elements)
  }
}

function loose(elements: string[]): RdbList {
  if (elements.length === 0) throw new EmptyValueError('a list without elements')
  return {elements, nodes: [], type: 'list'}
}

function readStrings(reader: RdbReader): RdbList {
  const count = reader.length()
  const elements: string[] = []
  for (let i = 0; i < count; i++) elements.push(readString(reader))
  return loose(elements)
}

function readNodes(reader: RdbReader, readNode: (reader: RdbReader) => RdbListNode): RdbList {
  const count = reader.length()
  const nodes: RdbListNode[] = []
  for (let i = 0; i < count; i++) {
    const {elements, isPlain} = readNode(reader)
    // redis-server passes over empty ones as well.
    if (elements.length > 0) nodes.push({elements, isPlain})
  }
  if (nodes.length === 0) throw new EmptyValueError('a list without elements')
  return {elements: undefined, nodes, type: 'list'}
}

function readContainer(reader: RdbReader): RdbListNode {
  const container = reader.length()
  if (container !== PLAIN && container !== PACKED) throw new RdbError(`unknown quicklist container ${container}`)
  const isPlain = container === PLAIN
  return {elements: isPlain ? [readString(reader)] : listpackElements(readBlob(reader)), isPlain}
}

export const listCodec: RdbCodec<RdbList> = {
  encode,
  partCount: ({nodes}) => nodes.length,
  readers: new Map([
    [LIST, readStrings],
    [ZIPLIST, (reader) => loose(ziplistElements(readBlob(reader)))],
    [
      QUICKLIST_OF_ZIPLISTS,
      (reader) => readNodes(reader, (one) => ({elements: ziplistElements(readBlob(one)), isPlain: false})),
    ],
    [QUICKLIST_2, (reader) => readNodes(reader, readContainer)],
  ]),
  typeByte: () => QUICKLIST_2,
}
