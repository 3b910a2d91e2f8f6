import {parseDouble} from '../double.js'
import {intsetElements, listpackElements, ziplistElements, zipmapElements} from './packed.js'
import {RdbError, RdbReader} from './reader.js'
import {HASH_22, isValkeyVersion} from './shape.js'
import {readString} from './string.js'

/** What the elements of two payloads tell of the values in them. */
export type PayloadComparison =
  /** The values are the same. */
  | 'same'
  | 'different'
  /** Not to be told from here: a type nobody told us about, or bytes that are no value. */
  | 'unclear'

/**
 * Compares the values in two DUMP payloads by their elements. Their bytes may differ all the same: the members of a large
 * set or hash come in the order of a hash table that each process seeds anew, versions encode differently, and long
 * strings are compressed or not.
 *
 * Not compared is when a consumer of a stream last asked for something: reading changes it.
 */
export function compareElements(a: string, b: string): PayloadComparison {
  try {
    const [left, right] = [canonical(a), canonical(b)]
    if (!left || !right) return 'unclear'
    if (left.kind !== right.kind || !sameStrings(left.elements, right.elements)) return 'different'
    const isSame = left.newer === undefined || right.newer === undefined || left.newer === right.newer
    return isSame ? 'same' : 'different'
  } catch (error) {
    if (error instanceof RdbError) return 'unclear'
    throw error
  }
}

function sameStrings(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((element, index) => element === b[index])
}

/** A value in a form that does not depend on how it is encoded. */
interface Canonical {
  readonly kind: 'string' | 'list' | 'set' | 'zset' | 'hash' | 'stream'
  /** In an order that equal values share. */
  readonly elements: readonly string[]
  /** What older encodings leave out: compared only if both sides tell. */
  readonly newer?: string
}

const FOOTER_LENGTH = 10

/** @returns undefined for types whose bytes alone can be compared, such as those of modules */
function canonical(payload: string): Canonical | undefined {
  const end = payload.length - FOOTER_LENGTH
  if (end < 1) throw new RdbError('a payload without footer')
  const reader = new RdbReader(payload, 0, end)
  const type = reader.byte()
  const version = payload.charCodeAt(end) | (payload.charCodeAt(end + 1) << 8)
  const blob = () => readString(reader)
  switch (type) {
    case 0:
      return {kind: 'string', elements: [readString(reader)]}
    case 1:
      return {kind: 'list', elements: strings(reader, 1)}
    case 10:
      return {kind: 'list', elements: ziplistElements(blob())}
    case 14:
      return {kind: 'list', elements: strings(reader, 1).flatMap(ziplistElements)}
    case 18:
      return {kind: 'list', elements: quicklist(reader)}
    case 2:
      return {kind: 'set', elements: strings(reader, 1).sort()}
    case 11:
      return {kind: 'set', elements: intsetElements(blob()).sort()}
    case 20:
      return {kind: 'set', elements: listpackElements(blob()).sort()}
    case 3:
      return {kind: 'zset', elements: scored(reader, oldDouble)}
    case 5:
      return {kind: 'zset', elements: scored(reader, binaryDouble)}
    case 12:
      return {kind: 'zset', elements: packedScores(ziplistElements(blob()))}
    case 17:
      return {kind: 'zset', elements: packedScores(listpackElements(blob()))}
    case 4:
      return {kind: 'hash', elements: tuples(strings(reader, 2), 2)}
    case 9:
      return {kind: 'hash', elements: tuples(zipmapElements(blob()), 2)}
    case 13:
      return {kind: 'hash', elements: tuples(ziplistElements(blob()), 2)}
    case 16:
      return {kind: 'hash', elements: tuples(listpackElements(blob()), 2)}
    case HASH_22:
      return {kind: 'hash', elements: isValkeyVersion(version) ? valkeyHash(reader) : timedHash(reader, 0)}
    case 24:
      return {kind: 'hash', elements: timedHash(reader, signed64(reader))}
    case 23:
      return {kind: 'hash', elements: timedListpack(blob())}
    case 25:
      signed64(reader)
      return {kind: 'hash', elements: timedListpack(blob())}
    case 15:
      return stream(reader, 1)
    case 19:
      return stream(reader, 2)
    case 21:
      return stream(reader, 3)
    default:
      return undefined
  }
}

/** A length n, then n times `per` strings. */
function strings(reader: RdbReader, per: number): string[] {
  return repeat(reader, () => Array.from({length: per}, () => readString(reader))).flat()
}

function repeat<T>(reader: RdbReader, read: () => T): T[] {
  const count = reader.length()
  const items: T[] = []
  for (let i = 0; i < count; i++) items.push(read())
  return items
}

/** Strings as one, so that no two lists of strings give the same. */
function glue(parts: readonly string[]): string {
  return parts.map((part) => `${part.length}:${part}`).join('')
}

/** Every `per` elements as one, sorted. */
function tuples(elements: readonly string[], per: number): string[] {
  const glued: string[] = []
  for (let at = 0; at < elements.length; at += per) glued.push(glue(elements.slice(at, at + per)))
  return glued.sort()
}

function quicklist(reader: RdbReader): string[] {
  return repeat(reader, () => {
    const isPlain = reader.length() === 1
    const text = readString(reader)
    return isPlain ? [text] : listpackElements(text)
  }).flat()
}

function scored(reader: RdbReader, readScore: (reader: RdbReader) => number): string[] {
  return repeat(reader, () => glue([readString(reader), String(readScore(reader))])).sort()
}

function packedScores(elements: readonly string[]): string[] {
  const normal = elements.map((element, index) => (index % 2 === 0 ? element : String(scoreOf(element))))
  return tuples(normal, 2)
}

function scoreOf(text: string): number {
  return parseDouble(text) ?? Number.NaN
}

function oldDouble(reader: RdbReader): number {
  const length = reader.byte()
  if (length === 255) return Number.NEGATIVE_INFINITY
  if (length === 254) return Number.POSITIVE_INFINITY
  return length === 253 ? Number.NaN : scoreOf(reader.bytes(length))
}

function binaryDouble(reader: RdbReader): number {
  const view = new DataView(new ArrayBuffer(8))
  for (let i = 0; i < 8; i++) view.setUint8(i, reader.byte())
  return view.getFloat64(0, true)
}

function signed64(reader: RdbReader): number {
  const low = reader.uintLE(4)
  return (reader.uintLE(4) | 0) * 0x1_0000_0000 + low
}

/** Fields with the time they expire at; 0 for never. Stored relative to the earliest, plus one. */
function timedHash(reader: RdbReader, earliestMs: number): string[] {
  return repeat(reader, () => {
    const stored = reader.length()
    const expireAtMs = stored === 0 || earliestMs === 0 ? stored : stored + earliestMs - 1
    return timedField(readString(reader), readString(reader), expireAtMs)
  }).sort()
}

function timedListpack(blob: string): string[] {
  const elements = listpackElements(blob)
  const fields: string[] = []
  for (let at = 0; at + 2 < elements.length; at += 3) {
    const [field, value, expireAtMs] = elements.slice(at, at + 3) as [string, string, string]
    fields.push(timedField(field, value, Number(expireAtMs)))
  }
  return fields.sort()
}

function valkeyHash(reader: RdbReader): string[] {
  return repeat(reader, () => {
    const field = readString(reader)
    const value = readString(reader)
    const expireAtMs = signed64(reader)
    return timedField(field, value, expireAtMs === -1 ? 0 : expireAtMs)
  }).sort()
}

/** A field that never expires looks like one of a hash that knows no expiry. */
function timedField(field: string, value: string, expireAtMs: number): string {
  return glue(expireAtMs === 0 ? [field, value] : [field, value, String(expireAtMs)])
}

/** A length of 64 bits as text, which a number would round; the same however many bytes it was written with. */
function longText(reader: RdbReader): string {
  const start = reader.offset
  const rounded = reader.length()
  return Number.isSafeInteger(rounded) ? String(rounded) : reader.source.toString('latin1', start, reader.offset)
}

function stream(reader: RdbReader, version: 1 | 2 | 3): Canonical {
  const elements = repeat(reader, () => glue([readString(reader), readString(reader)]))
  const longs = (count: number) => Array.from({length: count}, () => longText(reader))
  elements.push(glue(longs(3)))
  const newer: string[] = version === 1 ? [] : longs(5)
  const groups = repeat(reader, () => {
    const group = [readString(reader), ...longs(2)]
    if (version > 1) newer.push(...longs(1))
    const pending = repeat(reader, () => reader.bytes(24) + longText(reader))
    const consumers = repeat(reader, () => {
      const name = readString(reader)
      reader.bytes(version === 3 ? 16 : 8)
      return glue([name, ...repeat(reader, () => reader.bytes(16))])
    })
    return glue([...group, glue(pending), glue(consumers)])
  })
  return {kind: 'stream', elements: [...elements, ...groups], ...(version > 1 && {newer: glue(newer)})}
}
