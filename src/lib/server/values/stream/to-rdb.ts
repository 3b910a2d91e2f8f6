import type {RdbGroup, RdbStream} from '../../../protocol/rdb/stream.js'
import {byName, type Group} from './group.js'
import type {Stream} from './stream.js'

export function streamToRdb(stream: Stream): RdbStream {
  const {entriesAdded, firstId, groups, lastId, length, maxDeletedId, nodes} = stream
  return {
    counters: {entriesAdded, firstId, maxDeletedId},
    groups: byName(groups.values()).map(groupToRdb),
    lastId,
    length,
    nodes: Array.from(nodes.values(), (node) => node.settled()),
    type: 'stream',
  }
}

function groupToRdb({consumers, entriesRead, lastId, name, pending}: Group): RdbGroup {
  return {
    consumers: byName(consumers.values()).map((one) => ({
      name: one.name,
      pending: [...one.pending.values()],
      seenMs: one.seenMs,
    })),
    entriesRead,
    lastId,
    name,
    pending: [...pending.values()],
  }
}
