import {nameNode, openSlotsOf, ownersOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {shortId} from '../../model/node-id.js'
import {parseRanges, rangesOf, renderRanges, slotsOf} from '../../model/slot-set.js'
import type {BackupShard} from './choose-sources.js'

/**
 * What spoils a backup: slots that were on the move while it was taken may be in two snapshots, or in none. A replica that
 * took over from its primary does not: the snapshot is one of the shard all the same.
 *
 * @param after - seen once all snapshots were taken
 * @returns one sentence per shard and open slot; empty if every slot stayed where it was
 */
export function movedSlots(shards: readonly BackupShard[], after: ClusterView): string[] {
  const owners = ownersOf(after)
  const epochs = epochsIn(after)
  const left = shards.flatMap(({configEpoch, id, members, slots}) => {
    const isTheirs = new Set<NodeId | undefined>(members)
    const gone = slotsOf(parseRanges(slots) ?? []).filter((slot) => !isTheirs.has(owners[slot]))
    if (gone.length > 0) return [`slots ${renderRanges(rangesOf(gone))} have left ${shortId(id)}`]
    const epoch = epochs.get(id)
    // The owner of all its slots under another epoch has given some away and taken them back, or taken others.
    const changed = epoch !== undefined && epoch !== configEpoch && owners.includes(id)
    return changed ? [`${shortId(id)} went from config epoch ${configEpoch} to ${epoch}`] : []
  })
  const open = openSlotsOf(after).map(({node, slot, state}) => `slot ${slot} is ${state} on ${nameNode(node)}`)
  return [...left, ...open]
}

/** Config epoch of each node by its own word. */
function epochsIn(view: ClusterView): Map<NodeId, number> {
  return new Map(
    view.nodes.flatMap(({records}) =>
      records.filter(({myself}) => myself).map(({configEpoch, id}) => [id, configEpoch]),
    ),
  )
}
