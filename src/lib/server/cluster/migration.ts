import {NODE_FLAG} from '../../protocol/bus/message.js'
import type {ClusterNode} from './node.js'
import {becomeReplicaOf} from './roles.js'
import type {ClusterState} from './state.js'

/**
 * Replica migration (wire.md 1.12): a replica of the primary that has the most goes to one that has lost its last.
 *
 * Everybody who could go sees about the same table, and only the one with the smallest id goes.
 */

/** A replica that has just restarted, or is being moved by hand, should be back by then. */
const ORPHANED_MS_MIN = 5000

/** Every tick of a replica. */
export function migrateIfNeeded(state: ClusterState): void {
  const {config, myself} = state
  const mine = myself.primary
  const working = countWorkingReplicas(state)
  const orphan = findOrphan(state, working)
  if (!orphan || !mine || mine.failed || !config.allowReplicaMigration || !state.stateOk) return
  const most = Math.max(...working.values())
  if (most < 2 || working.get(mine) !== most) return
  const reachable = state.replicasOf(mine).filter((node) => !node.has(NODE_FLAG.fail | NODE_FLAG.pfail))
  if (reachable.length <= config.migrationBarrier) return
  if (firstOfTheMost(state, working, most) !== myself) return
  if (state.nowMs - orphan.orphanedMs <= ORPHANED_MS_MIN) return
  state.log('notice', `Migrating to orphaned master ${orphan.id}`)
  becomeReplicaOf(state, orphan)
  state.save()
}

/** Of each primary that is up: its replicas that are not FAIL. */
function countWorkingReplicas(state: ClusterState): Map<ClusterNode, number> {
  const working = new Map<ClusterNode, number>()
  for (const node of state.list()) if (node.isPrimary && !node.failed) working.set(node, 0)
  for (const {failed, isReplica, primary} of state.list()) {
    const count = primary && working.get(primary)
    if (isReplica && !failed && primary && count !== undefined) working.set(primary, count + 1)
  }
  return working
}

/** Keeps the times at which primaries were orphaned. @returns the first one that owns slots and ought to have replicas */
function findOrphan(state: ClusterState, working: ReadonlyMap<ClusterNode, number>): ClusterNode | undefined {
  let first: ClusterNode | undefined
  for (const node of state.list()) {
    if (working.get(node) !== 0 || !node.has(NODE_FLAG.migrateTo)) {
      node.orphanedMs = 0
      continue
    }
    if (node.orphanedMs === 0) node.orphanedMs = state.nowMs
    if (node.slots.count > 0) first ??= node
  }
  return first
}

function firstOfTheMost(
  state: ClusterState,
  working: ReadonlyMap<ClusterNode, number>,
  most: number,
): ClusterNode | undefined {
  let first: ClusterNode | undefined
  for (const node of state.list()) {
    if (!node.isReplica || node.failed || !node.primary || working.get(node.primary) !== most) continue
    if (!first || node.id < first.id) first = node
  }
  return first
}
