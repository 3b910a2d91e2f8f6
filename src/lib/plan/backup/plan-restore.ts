import {CliError} from '../../kernel/errors.js'
import {renderAddress} from '../../model/address.js'
import {keyCountInAll, ownersOf, primariesOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {renderRanges} from '../../model/slot-set.js'

/** What a restore brings to one primary. */
export interface RestoreTarget {
  readonly id: NodeId
  /** HOST:PORT. */
  readonly address: string
  readonly slots: string
  /** Keys it holds already, the lock of this very run included. */
  readonly keysHeld: number
  /** Of the keys that go to it, serialized. */
  readonly bytes: number
  /** About what they take in memory. */
  readonly memoryBytes: number
  /** Below its maxmemory; null if it has none. */
  readonly freeBytes: number | null
}

/**
 * Where the data of a backup goes.
 *
 * @param slotBytes - serialized bytes by slot
 * @param memoryBytes - what all of it took in memory where it came from; 0 if that is not known
 */
export function planTargets(view: ClusterView, slotBytes: Float64Array, memoryBytes: number): RestoreTarget[] {
  const owners = ownersOf(view)
  const bytesOf = new Map<NodeId, number>()
  let total = 0
  for (const [slot, bytes] of slotBytes.entries()) {
    const owner = owners[slot]
    total += bytes
    if (owner !== undefined) bytesOf.set(owner, (bytesOf.get(owner) ?? 0) + bytes)
  }
  // What a key takes beyond its bytes differs by type; on the whole it is what it was.
  const factor = total > 0 ? Math.max(1, memoryBytes / total) : 1
  return primariesOf(view)
    .filter(({own}) => own.slots.length > 0)
    .map(({node, own}) => {
      const bytes = bytesOf.get(node.id) ?? 0
      const limit = Number(node.info.get('maxmemory') ?? 0)
      return {
        id: node.id,
        address: renderAddress(node.address),
        slots: renderRanges(own.slots),
        keysHeld: keyCountInAll(node),
        bytes,
        memoryBytes: Math.round(bytes * factor),
        freeBytes: limit > 0 ? Math.max(0, limit - Number(node.info.get('used_memory') ?? 0)) : null,
      }
    })
}

/** @returns one sentence per target that the data may not fit into */
export function memoryWarnings(targets: readonly RestoreTarget[]): string[] {
  return targets
    .filter(hasNoRoom)
    .map(
      ({address, freeBytes, memoryBytes}) =>
        `${address} has ${freeBytes} bytes left below maxmemory for about ${memoryBytes}`,
    )
}

/**
 * Of empty targets alone: what others hold may be the very same keys, brought by a run that was cut short.
 *
 * @throws {CliError} PREFLIGHT_FAILED naming the primaries that have no room for their share
 */
export function requireRoom(targets: readonly RestoreTarget[]): void {
  const full = targets.filter((target) => target.keysHeld === 0 && hasNoRoom(target))
  if (full.length === 0) return
  throw new CliError('PREFLIGHT_FAILED', `there is no room for the keys: ${memoryWarnings(full).join('; ')}`, {
    details: {targets: full},
    suggestions: ['Raise maxmemory or add nodes; --ignore-memory goes on all the same.'],
  })
}

function hasNoRoom({freeBytes, memoryBytes}: RestoreTarget): boolean {
  return freeBytes !== null && memoryBytes > freeBytes
}

/** Keys in databases other than 0, which a cluster does not have. */
export function keysElsewhere(keys: Readonly<Record<string, number>>): number {
  return Object.entries(keys).reduce((sum, [database, count]) => (database === '0' ? sum : sum + count), 0)
}
