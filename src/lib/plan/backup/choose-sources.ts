import {renderAddress} from '../../model/address.js'
import {primariesOf, replicaStateAt, replicasOf} from '../../model/cluster-map.js'
import type {ClusterView, NodeView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {countSlots, renderRanges} from '../../model/slot-set.js'

/** A node that a shard's data can be taken from. */
export interface BackupSource {
  readonly id: NodeId
  /** HOST:PORT. */
  readonly address: string
  readonly role: 'primary' | 'replica'
  /** Bytes of the replication stream it was behind its primary when it was looked at; 0 for a primary. */
  readonly lagBytes: number
}

/** One primary with slots, and whom its data can be taken from. */
export interface BackupShard {
  readonly id: NodeId
  readonly address: string
  /** `0-5460,6000`. */
  readonly slots: string
  readonly slotCount: number
  readonly configEpoch: number
  /** Its replicas too, whether in sync or not. */
  readonly members: readonly NodeId[]
  /** The best first; the primary last. */
  readonly sources: readonly BackupSource[]
  /** What its data takes in memory; 0 if it does not tell. */
  readonly memoryBytes: number
}

/**
 * Whom each shard's data is to be taken from: its replica in sync that is least behind, since a snapshot costs a fork;
 * other replicas in sync should that fail; the primary if there is none.
 *
 * @returns one per primary with slots, in order of the first slot
 */
export function chooseSources(view: ClusterView): BackupShard[] {
  return primariesOf(view)
    .filter(({own}) => own.slots.length > 0)
    .sort((a, b) => (a.own.slots[0]?.first ?? 0) - (b.own.slots[0]?.first ?? 0))
    .map(({node, own}) => {
      const replicas = replicasOf(view).filter((replica) => replica.own.primaryId === node.id)
      const offset = number(node, 'master_repl_offset')
      const inSync = replicas
        .filter((replica) => isInSync(replica.node) && replicaStateAt(node, replica.own) === 'online')
        .map((replica) => ({...source(replica.node, 'replica'), lagBytes: lag(replica.node, offset)}))
        .sort((a, b) => a.lagBytes - b.lagBytes)
      return {
        id: node.id,
        address: renderAddress(node.address),
        slots: renderRanges(own.slots),
        slotCount: countSlots(own.slots),
        configEpoch: own.configEpoch,
        members: [node.id, ...replicas.map((replica) => replica.node.id)],
        sources: [...inSync, source(node, 'primary')],
        memoryBytes: number(node, 'used_memory_dataset'),
      }
    })
}

function isInSync({info}: NodeView): boolean {
  return info.get('master_link_status') === 'up' && info.get('master_sync_in_progress') !== '1'
}

function lag({info}: NodeView, primaryOffset: number): number {
  return Math.max(0, primaryOffset - Number(info.get('slave_repl_offset') ?? 0))
}

function source({address, id}: NodeView, role: BackupSource['role']): BackupSource {
  return {id, address: renderAddress(address), role, lagBytes: 0}
}

function number({info}: NodeView, field: string): number {
  return Number(info.get(field) ?? 0)
}
