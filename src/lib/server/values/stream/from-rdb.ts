import type {RdbGroup, RdbStream} from '../../../protocol/rdb/stream.js'
import type {StreamNodeParts} from '../../../protocol/rdb/stream-node.js'
import {ID_MAX} from '../../../protocol/stream-id.js'
import {Consumer, Group, Pending} from './group.js'
import {entriesUpTo} from './lag.js'
import {StreamNode} from './node.js'
import {Stream} from './stream.js'

/** A text of its own: what was read is a slice, which would keep the whole payload in memory. */
function own(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

function ownNode(node: StreamNodeParts): StreamNode {
  return new StreamNode({...node, entries: own(node.entries), fields: node.fields.map(own), head: own(node.head)})
}

export function streamFromRdb({counters, groups, lastId, length, nodes}: RdbStream): Stream {
  const stream = new Stream()
  for (const node of nodes) stream.nodes.insert(ownNode(node))
  stream.length = length
  stream.lastId = lastId
  if (counters === undefined) {
    stream.entriesAdded = length
    stream.renewFirstId()
    // What redis-server makes of it; the next entry sets it right.
    if (length === 0) stream.firstId = ID_MAX
  } else {
    stream.entriesAdded = counters.entriesAdded
    stream.firstId = counters.firstId
    stream.maxDeletedId = counters.maxDeletedId
  }
  for (const group of groups) {
    const built = groupFromRdb(stream, group)
    stream.groups.set(built.name, built)
  }
  return stream
}

function groupFromRdb(stream: Stream, {consumers, entriesRead, lastId, name, pending}: RdbGroup): Group {
  const group = new Group(own(name), lastId, entriesRead ?? entriesUpTo(stream, lastId))
  const known = new Map(pending.map((one) => [`${one.ms}-${one.seq}`, one]))
  for (const {name: consumerName, pending: ids, seenMs} of consumers) {
    const consumer = new Consumer(own(consumerName), seenMs)
    group.consumers.set(consumer.name, consumer)
    for (const id of ids) {
      const {deliveredMs, deliveries} = known.get(`${id.ms}-${id.seq}`)!
      const one = new Pending(id, consumer, deliveredMs, deliveries)
      group.pending.insert(one)
      consumer.pending.insert(one)
    }
  }
  return group
}
