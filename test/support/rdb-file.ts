import {type RdbFileItem, type RdbFileKey, RdbFileReader} from '../../src/lib/protocol/rdb/file-reader.js'
import {RdbFileWriter} from '../../src/lib/protocol/rdb/file-writer.js'

import type {RdbValue} from '../../src/lib/protocol/rdb/value.js'
import type {ZsetRdb} from '../../src/lib/protocol/rdb/zset.js'

/** RDB files in memory, for tests. */

/** @throws RdbError */
export function readRdb(chunks: Iterable<Uint8Array>, checksum = true): RdbFileItem[] {
  const reader = new RdbFileReader({checksum})
  const items: RdbFileItem[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    for (let item = reader.next(); item !== undefined; item = reader.next()) items.push(item)
  }
  reader.requireEnd()
  return items
}

export function* cutEvery(file: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size)
}

export function keysOf(items: readonly RdbFileItem[]): RdbFileKey[] {
  return items.filter((item): item is RdbFileKey => item.kind === 'key')
}

/** A value as the keyspace would give it: of sorted sets, what is in a file in descending order comes ascending. */
export function toWrite(value: RdbValue): RdbValue {
  if (typeof value === 'string' || value.type !== 'zset') return value
  const {isPacked, members, scores} = value as ZsetRdb
  if (isPacked) return value
  const reversed: ZsetRdb = {isPacked, members: members.toReversed(), scores: scores.toReversed(), type: 'zset'}
  return reversed
}

export interface WrittenFile {
  readonly bytes: Buffer
  /** Of each chunk handed out. */
  readonly chunkLengths: readonly number[]
  /** Calls that it took for all keys; one each at least. */
  readonly steps: number
}

/** Writes what was read. */
export function writeRdb(items: readonly RdbFileItem[], {checksum = true, compress = true} = {}): WrittenFile {
  const chunks: Buffer[] = []
  const writer = new RdbFileWriter({
    checksum,
    compress,
    emit: (chunk) => {
      chunks.push(Buffer.from(chunk))
      writer.giveBack(chunk)
    },
  })
  let steps = 0
  let database = 0
  for (const item of items) {
    if (item.kind === 'aux') writer.aux(item.name, item.value)
    if (item.kind === 'function') writer.library(item.code)
    if (item.kind === 'database') database = item.index
    if (item.kind === 'sizes') writer.database(database, item.size, item.expiresSize)
    if (item.kind !== 'key') continue
    if (item.expireAtMs !== undefined) writer.expiry(item.expireAtMs)
    if (item.idleSeconds !== undefined) writer.idle(item.idleSeconds)
    if (item.frequency !== undefined) writer.frequency(item.frequency)
    steps++
    for (let isDone = writer.key(item.key, toWrite(item.value)); !isDone; isDone = writer.more()) steps++
  }
  writer.end()
  return {bytes: Buffer.concat(chunks), chunkLengths: chunks.map(({length}) => length), steps}
}
