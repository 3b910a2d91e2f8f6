import {nameNode} from '../../model/cluster-map.js'
import type {ClusterView, NodeRecord} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {shortId} from '../../model/node-id.js'

/** The newest record of every node. */
export type Known = ReadonlyMap<NodeId, NodeRecord>

/** The newest record of every node anybody knows; a node's own word about itself first. */
export function newestRecords(view: ClusterView): Known {
  const known = new Map<NodeId, NodeRecord>()
  for (const node of view.nodes) {
    for (const record of node.records) {
      const other = known.get(record.id)
      const newer = !other || record.myself || (!other.myself && record.configEpoch > other.configEpoch)
      if (newer && !record.handshake) known.set(record.id, record)
    }
  }
  // Shown by the address Shoal reaches it by, which is the one to paste.
  for (const {id, address} of view.nodes) {
    const record = known.get(id)
    if (record) known.set(id, {...record, address})
  }
  return known
}

/** As far as it is known. */
export function named(known: Known, id: NodeId): string {
  const record = known.get(id)
  return record ? nameNode(record) : shortId(id)
}

/** Node -> the nodes in whose view `test` holds for it. */
export function accusersOf(view: ClusterView, test: (record: NodeRecord) => boolean): Map<NodeId, NodeId[]> {
  const accusers = new Map<NodeId, NodeId[]>()
  for (const {id: by, records} of view.nodes) {
    for (const record of records) if (test(record)) accusers.set(record.id, [...(accusers.get(record.id) ?? []), by])
  }
  return accusers
}
