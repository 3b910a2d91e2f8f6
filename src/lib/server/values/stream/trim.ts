import {compareIds, type StreamId} from '../../../protocol/stream-id.js'
import {EntryCursor} from './entry-cursor.js'
import type {StreamNode} from './node.js'
import type {Stream} from './stream.js'

/** What XADD and XTRIM cut off at the start of a stream. */
export interface Trim {
  /** Keep so many entries; undefined if `minId` says what to keep. */
  readonly maxLength: number | undefined
  /** Keep entries from this id on. */
  readonly minId: StreamId
  /** Whole nodes only. */
  readonly isApproximate: boolean
  /** At most so many entries; 0 = no limit. */
  readonly limit: number
}

/**
 * Whole nodes first, then single entries of the next, unless that is not wanted. That node stays, for one whose last entry
 * should go was taken whole; if that entry was deleted before, nothing live may be left in it.
 *
 * @returns how many entries went
 */
export function trim(stream: Stream, {isApproximate, limit, maxLength, minId}: Trim): number {
  let deleted = 0
  for (let node = stream.nodes.first(); node !== undefined; node = stream.nodes.first()) {
    if (maxLength !== undefined && stream.length <= maxLength) break
    if (limit !== 0 && deleted + node.live > limit) break
    const isWhole =
      maxLength === undefined ? compareIds(node.lastId, minId) < 0 : stream.length - node.live >= maxLength
    if (isWhole) {
      stream.nodes.delete(node)
      stream.length -= node.live
      deleted += node.live
      continue
    }
    if (!isApproximate) deleted += trimWithin(stream, node, maxLength, minId)
    break
  }
  if (deleted > 0) stream.renewFirstId()
  return deleted
}

function trimWithin(stream: Stream, node: StreamNode, maxLength: number | undefined, minId: StreamId): number {
  const entry = new EntryCursor(node)
  let deleted = 0
  while (entry.forward()) {
    node.trimmedTo = entry.at
    if (maxLength === undefined ? compareIds(entry, minId) >= 0 : stream.length <= maxLength) break
    if (!entry.isDeleted) {
      deleted++
      stream.length--
    }
  }
  node.countDeleted(deleted)
  return deleted
}
