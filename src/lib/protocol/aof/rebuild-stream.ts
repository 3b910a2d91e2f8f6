import type {Int64} from '../../kernel/uint64.js'
import {ListpackCursor} from '../rdb/listpack-cursor.js'
import type {RdbConsumer, RdbGroup, RdbPending, RdbStream} from '../rdb/stream.js'
import {ENTRY_DELETED, ENTRY_SAME_FIELDS, idFrom, type StreamNodeParts} from '../rdb/stream-node.js'
import {formatId, ID_MIN, type StreamId} from '../stream-id.js'
import type {AofOutput} from './output.js'
import type {Rebuild} from './rebuild.js'

/**
 * The commands that make a stream anew (wire.md 4): its entries, node by node; its counters; its groups one by one.
 *
 * As with Redis, what is pending of entries that are deleted is lost, and when a consumer was last seen is not kept.
 */
export function streamRebuild(key: string, stream: RdbStream): Rebuild {
  const {groups, nodes} = stream
  return {
    parts: nodes.length + 1 + groups.length,
    write(part, out) {
      const node = nodes[part]
      if (node !== undefined) writeEntries(key, node, out)
      else if (part === nodes.length) writeFacts(key, stream, out)
      else writeGroup(key, groups[part - nodes.length - 1]!, out)
    },
  }
}

function writeEntries(key: string, node: StreamNodeParts, out: AofOutput): void {
  const {entries, fields} = node
  const cursor = new ListpackCursor(entries)
  while (cursor.at < entries.length) {
    const flags = cursor.count()
    const id = idFrom(node, cursor.integer() as Int64, cursor.integer() as Int64)
    const isSame = (flags & ENTRY_SAME_FIELDS) !== 0
    const fieldCount = isSame ? fields.length : cursor.count()
    if ((flags & ENTRY_DELETED) === 0) {
      out.head(3 + 2 * fieldCount)
      out.argument('XADD')
      out.argument(key)
      out.argument(formatId(id))
      for (let i = 0; i < fieldCount; i++) {
        out.argument(isSame ? fields[i]! : cursor.string())
        out.argument(cursor.string())
      }
    } else {
      for (let left = isSame ? fieldCount : 2 * fieldCount; left > 0; left--) cursor.skip()
    }
    // How many elements the entry has.
    cursor.skip()
  }
}

function writeFacts(key: string, {counters, lastId, length}: RdbStream, out: AofOutput): void {
  // A stream without entries comes to be by adding one that goes at once.
  if (length === 0) out.command('XADD', key, 'MAXLEN', '0', '0-1', 'x', 'y')
  const {entriesAdded, maxDeletedId} = counters ?? {entriesAdded: length, maxDeletedId: ID_MIN}
  const deleted = formatId(maxDeletedId)
  out.command('XSETID', key, formatId(lastId), 'ENTRIESADDED', String(entriesAdded), 'MAXDELETEDID', deleted)
}

function writeGroup(key: string, group: RdbGroup, out: AofOutput): void {
  const {consumers, entriesRead = -1, lastId, name, pending} = group
  out.command('XGROUP', 'CREATE', key, name, formatId(lastId), 'ENTRIESREAD', String(entriesRead))
  const known = new Map(pending.map((one) => [formatId(one), one]))
  for (const consumer of consumers) {
    if (consumer.pending.length === 0) out.command('XGROUP', 'CREATECONSUMER', key, name, consumer.name)
    for (const id of consumer.pending) writePending(key, name, consumer, known.get(formatId(id))!, out)
  }
}

function writePending(
  key: string,
  group: string,
  consumer: RdbConsumer,
  {deliveredMs, deliveries, ms, seq}: RdbPending & StreamId,
  out: AofOutput,
): void {
  out.head(12)
  for (const text of ['XCLAIM', key, group, consumer.name, '0', formatId({ms, seq})]) out.argument(text)
  for (const text of ['TIME', String(deliveredMs), 'RETRYCOUNT', String(deliveries), 'JUSTID', 'FORCE']) {
    out.argument(text)
  }
}
