import {hashCodec} from './hash.js'
import {listCodec} from './list.js'
import {type RdbOutput, written} from './output.js'
import {RdbError, type RdbReader} from './reader.js'
import {setCodec} from './set.js'
import {streamCodec} from './stream.js'
import {readString} from './string.js'
import {zsetCodec} from './zset.js'

/**
 * A key's value as bytes: a type byte and, apart from it, the value (wire.md 3.3). A DUMP payload and an RDB file
 * both hold the two, but not side by side: in a file the key stands between them.
 *
 * One line in CODECS per type of object the keyspace can hold; each type's own coding is a file of this folder.
 */

/** A string value is a binary (latin1) string, as the keyspace keeps it. */
export type RdbValue = string | RdbObject

/** What an object holds, in a form that says how it is to be encoded and nothing of how the keyspace keeps it. */
export interface RdbObject {
  readonly type: 'list' | 'set' | 'zset' | 'hash' | 'stream'
}

export interface RdbOptions {
  /** The configuration's `rdbcompression`: long strings go through LZF. */
  readonly compress: boolean
}

/** How one type of object is written and read. */
export interface RdbCodec<T extends RdbObject> {
  /** The type byte that `encode` writes for. */
  typeByte(value: T): number
  /** Of how many parts of bounded size the value consists: elements, nodes, ... At least one. */
  partCount(value: T): number
  /** Writes the parts `[from, to)`; all parts in order, in as many calls as the caller likes, are the value. */
  encode(value: T, out: RdbOutput, from: number, to: number): void
  /**
   * By type byte, those of older versions included. Each validates wholly: nothing a peer sends can give a value the
   * commands would trip over.
   *
   * @throws RdbError
   */
  readonly readers: ReadonlyMap<number, (reader: RdbReader) => T>
}

const CODECS: Readonly<Partial<Record<RdbObject['type'], RdbCodec<RdbObject>>>> = {
  list: listCodec,
  hash: hashCodec,
  set: setCodec,
  zset: zsetCodec,
  stream: streamCodec,
}

export const STRING_TYPE = 0

/** The type byte a value is written with. */
export function typeOf(value: RdbValue): number {
  return typeof value === 'string' ? STRING_TYPE : codecOf(value).typeByte(value)
}

export function encodeValue(value: RdbValue, {compress}: RdbOptions): string {
  return written(compress, (out) => writeValue(value, out))
}

/** The value without its type byte. */
export function writeValue(value: RdbValue, out: RdbOutput): void {
  if (typeof value === 'string') {
    out.string(value)
    return
  }
  const codec = codecOf(value)
  codec.encode(value, out, 0, codec.partCount(value))
}

export function codecOf({type}: RdbObject): RdbCodec<RdbObject> {
  const codec = CODECS[type]
  if (codec === undefined) throw new Error(`no RDB form of a ${type}`)
  return codec
}

/**
 * Reads one value and validates it wholly: nothing a peer sends can give a value the commands would trip over.
 *
 * @throws RdbError for an unknown type or malformed bytes
 */
export function readValue(type: number, reader: RdbReader): RdbValue {
  if (type === STRING_TYPE) return readString(reader)
  const read = READERS[type]
  if (read === undefined) throw new RdbError(`unknown value type ${type}`)
  return read(reader)
}

/** By type byte. */
const READERS: ((reader: RdbReader) => RdbObject)[] = []
for (const {readers} of Object.values(CODECS)) for (const [type, read] of readers) READERS[type] = read
