import {type AofItem, AofReader} from '../../src/lib/protocol/aof/reader.js'
import {AofRewriter} from '../../src/lib/protocol/aof/rewriter.js'
import type {RdbFileItem} from '../../src/lib/protocol/rdb/file-reader.js'
import {toWrite} from './rdb-file.js'

/** Append only files in memory, for tests. */

/** @throws AofError */
export function readAof(chunks: Iterable<Uint8Array>): {items: AofItem[]; reader: AofReader} {
  const reader = new AofReader()
  const items: AofItem[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    for (let item = reader.next(); item !== undefined; item = reader.next()) items.push(item)
  }
  return {items, reader}
}

/** All commands, those in transactions as well. */
export function commandsOf(items: readonly AofItem[]): (readonly string[])[] {
  return items.flatMap((item) => {
    if (item.kind === 'command') return [item.argv]
    return item.kind === 'transaction' ? item.commands : []
  })
}

/** Writes as commands what was read from an RDB file. */
export function rewriteAof(items: readonly RdbFileItem[]): {bytes: Buffer; steps: number} {
  const chunks: Buffer[] = []
  const writer = new AofRewriter((chunk) => {
    chunks.push(Buffer.from(chunk))
    writer.giveBack(chunk)
  })
  let steps = 0
  writer.timestamp(1_700_000_000)
  for (const item of items) {
    if (item.kind === 'function') writer.library(item.code)
    if (item.kind === 'database') writer.database(item.index)
    if (item.kind !== 'key') continue
    steps++
    for (let isDone = writer.key(item.key, toWrite(item.value), item.expireAtMs); !isDone; isDone = writer.more())
      steps++
  }
  writer.end()
  return {bytes: Buffer.concat(chunks), steps}
}
