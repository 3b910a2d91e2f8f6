import {plus} from '../../../kernel/uint64.js'
import {compareIds, type StreamId} from '../../../protocol/stream-id.js'
import {EntryCursor} from './entry-cursor.js'
import {StreamNode} from './node.js'
import {isFull, type NodeLimits, type Stream} from './stream.js'

interface Entry {
  readonly id: StreamId
  /** Names and values in turn. */
  readonly fields: readonly string[]
}

/**
 * Adds an entry wherever its id belongs, as it comes from another region: before others, too. The node that it falls into
 * is written anew, for entries lie back to back in it.
 *
 * @param fields - names and values in turn @returns false if an entry of that id is there
 */
export function insertEntry(stream: Stream, id: StreamId, fields: readonly string[], limits: NodeLimits): boolean {
  if (compareIds(id, stream.lastId) > 0) {
    stream.append(id, fields, 0, limits)
    return true
  }
  if (stream.find(id) !== undefined) return false
  const {nodes} = stream
  const node = nodes.atOrBefore(id) ?? nodes.first()
  const entries = node === undefined ? [] : liveEntries(node)
  const at = entries.findIndex((one) => compareIds(one.id, id) > 0)
  entries.splice(at < 0 ? entries.length : at, 0, {fields, id})
  if (node !== undefined) nodes.delete(node)
  addNodes(stream, entries, limits)
  stream.entriesAdded = plus(stream.entriesAdded, 1)
  if (stream.length++ === 0 || compareIds(id, stream.firstId) < 0) stream.firstId = id
  return true
}

function liveEntries(node: StreamNode): Entry[] {
  const entries: Entry[] = []
  const cursor = new EntryCursor(node)
  while (cursor.forward()) {
    if (cursor.isDeleted) continue
    const fields: string[] = []
    const id = {ms: cursor.ms, seq: cursor.seq}
    cursor.visitFields((field, value) => fields.push(field, value))
    entries.push({fields, id})
  }
  return entries
}

/** @param entries - ascending, with none of the stream's between them */
function addNodes(stream: Stream, entries: readonly Entry[], limits: NodeLimits): void {
  let node: StreamNode | undefined
  for (const {fields, id} of entries) {
    if (node === undefined || isFull(node, fields, 0, limits)) {
      node?.seal()
      node = StreamNode.empty(
        id,
        fields.filter((_, i) => i % 2 === 0),
        node,
      )
      stream.nodes.insert(node)
    }
    node.append(id, fields, 0)
  }
  node?.seal()
}
