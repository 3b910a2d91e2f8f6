import {renderAddress} from './address.js'
import {keyCountOf, ownersOf, primariesOf, replicasOf, type SlotOwners, uncoveredSlots} from './cluster-map.js'
import type {ClusterView} from './cluster-view.js'
import type {NodeId} from './node-id.js'
import {countSlots, renderRanges, SLOT_COUNT} from './slot-set.js'

/** One primary with its replicas, in figures. */
export interface ShardSummary {
  readonly id: NodeId
  /** HOST:PORT of the primary. */
  readonly address: string
  readonly configEpoch: number
  readonly keys: number
  readonly slotCount: number
  /** `0-5460,6000`. */
  readonly slots: string
  /** `used_memory` of the primary; 0 if it does not tell. */
  readonly memoryBytes: number
  readonly replicas: readonly {readonly id: NodeId; readonly address: string}[]
}

export interface ClusterSummary {
  readonly seed: string
  /** In order of the first slot; primaries without slots last. */
  readonly shards: readonly ShardSummary[]
  readonly totals: {
    readonly primaries: number
    readonly replicas: number
    readonly keys: number
    readonly slotsCovered: number
    readonly memoryBytes: number
  }
  readonly unreachable: readonly {readonly id: NodeId | null; readonly address: string; readonly reason: string}[]
}

/** A cluster in figures, from the nodes' own words. */
export function summarizeCluster(view: ClusterView): ClusterSummary {
  const replicas = replicasOf(view)
  const shards = primariesOf(view)
    .sort((a, b) => firstSlot(a.own) - firstSlot(b.own))
    .map(
      ({node, own}): ShardSummary => ({
        id: node.id,
        address: renderAddress(node.address),
        configEpoch: own.configEpoch,
        keys: keyCountOf(node),
        slotCount: countSlots(own.slots),
        slots: renderRanges(own.slots),
        memoryBytes: Number(node.info.get('used_memory') ?? 0),
        replicas: replicas
          .filter((replica) => replica.own.primaryId === node.id)
          .map((replica) => ({id: replica.node.id, address: renderAddress(replica.node.address)})),
      }),
    )
  return {
    seed: renderAddress(view.seed),
    shards,
    totals: {
      primaries: shards.length,
      replicas: replicas.length,
      keys: sum(shards.map(({keys}) => keys)),
      slotsCovered: SLOT_COUNT - countSlots(uncoveredSlots(ownersOf(view))),
      memoryBytes: sum(shards.map(({memoryBytes}) => memoryBytes)),
    },
    unreachable: view.unreachable.map(({id, address, reason}) => ({
      id: id ?? null,
      address: renderAddress(address),
      reason,
    })),
  }
}

/** In the place of an index: the owner did not answer. */
export const OWNER_SILENT = -2

/** Slot -> index into `shards`; -1 for nobody, `OWNER_SILENT`. */
export function shardIndexOfSlots(owners: SlotOwners, shards: readonly Pick<ShardSummary, 'id'>[]): Int16Array {
  const indexOf = new Map(shards.map(({id}, index) => [id, index]))
  return Int16Array.from({length: SLOT_COUNT}, (_, slot) => {
    const owner = owners[slot]
    return owner === undefined ? -1 : (indexOf.get(owner) ?? OWNER_SILENT)
  })
}

function firstSlot({slots}: {readonly slots: readonly {readonly first: number}[]}): number {
  return slots[0]?.first ?? SLOT_COUNT
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
