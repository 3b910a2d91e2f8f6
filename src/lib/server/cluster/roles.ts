import {NODE_FLAG} from '../../protocol/bus/message.js'
import {endManualFailover} from './failover-state.js'
import type {ClusterNode} from './node.js'
import {closeAllSlots} from './slots.js'
import type {ClusterState} from './state.js'

/** Who is primary, who is replica of whom (wire.md 1.7, 1.9). */

/** Puts `replica` under `primary` (undefined: under nobody) and keeps MIGRATE_TO of both primaries right. */
export function attach(state: ClusterState, replica: ClusterNode, primary: ClusterNode | undefined): void {
  const former = replica.primary
  if (former === primary) return
  replica.primary = primary
  if (former && state.replicasOf(former).length === 0) former.clear(NODE_FLAG.migrateTo)
  primary?.set(NODE_FLAG.migrateTo)
}

/** Notes that a node is a primary. */
export function markPrimary(state: ClusterState, node: ClusterNode): void {
  if (node.isPrimary) return
  const wasAttached = node.primary !== undefined
  attach(state, node, undefined)
  // A promoted replica ought to have replicas itself.
  if (wasAttached && node !== state.myself) node.set(NODE_FLAG.migrateTo)
  node.clear(NODE_FLAG.replica)
  node.set(NODE_FLAG.primary)
  state.save()
  state.stateDirty = true
}

/** Notes that another node is a replica. Its slots must have been unbound before. */
export function markReplica(state: ClusterState, node: ClusterNode): void {
  node.clear(NODE_FLAG.primary | NODE_FLAG.migrateTo)
  node.set(NODE_FLAG.replica)
  state.save()
  state.stateDirty = true
}

/** This node replicates `primary` from now on. Open slots are closed; the caller saves. */
export function becomeReplicaOf(state: ClusterState, primary: ClusterNode): void {
  const {myself} = state
  if (myself.isPrimary) {
    myself.clear(NODE_FLAG.primary | NODE_FLAG.migrateTo)
    myself.set(NODE_FLAG.replica)
    closeAllSlots(state)
  }
  attach(state, myself, primary)
  state.election = undefined
  endManualFailover(state)
  // Not counted while we were a primary.
  for (const node of state.list()) node.orphanedMs = 0
  state.stateDirty = true
  announceRole(state)
}

/** Our primary is itself a replica by now: there are no chains (wire.md 1.9). */
export function followGrandPrimary(state: ClusterState): void {
  const {myself} = state
  const grandPrimary = myself.primary?.primary
  // Until its new role is known here it may still seem a replica, even one of ours.
  if (!grandPrimary?.isPrimary || grandPrimary === myself) return
  state.log('notice', `My master ${myself.primary?.id} is a replica now. I follow its master ${grandPrimary.id}.`)
  becomeReplicaOf(state, grandPrimary)
  state.save(true)
}

/** Tells replication whom to follow. */
export function announceRole(state: ClusterState): void {
  const {primary} = state.myself
  state.emit({kind: 'role-changed', primary: primary && {id: primary.id, host: primary.ip, port: primary.port}})
}
