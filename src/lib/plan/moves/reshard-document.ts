import {CliError} from '../../kernel/errors.js'
import {highestEpoch, keyCountOf, type ObservedNode, primariesOf, replicasOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import {isNodeId, type NodeId} from '../../model/node-id.js'
import {countSlots, parseRanges, renderRanges, type SlotRange, slotsOf} from '../../model/slot-set.js'
import {namesOf} from '../find-node.js'

/** The plan of a move of slots: a JSON document that can be kept, read by people, and carried out later. */

export const MOVE_PLAN_VERSION = 1

/** Slots that go from one primary to another. Safe to repeat: slots that are there already are left alone. */
export interface MoveStep {
  readonly kind: 'move-slots'
  readonly from: NodeId
  readonly to: NodeId
  /** `0-99,300` */
  readonly slots: string
  readonly slotCount: number
  /** Keys in these slots when the plan was made. */
  readonly keyCount: number
}

export interface MovePlan {
  readonly version: typeof MOVE_PLAN_VERSION
  readonly kind: 'move-slots'
  /** Which cluster: a fingerprint of its primaries' ids. */
  readonly cluster: string
  /** What the plan was computed from. */
  readonly basedOn: {
    readonly currentEpoch: number
    readonly primaries: readonly PlannedPrimary[]
  }
  /** In order of execution; steps of disjoint pairs may run side by side. */
  readonly steps: readonly MoveStep[]
  readonly cost: MoveCost
}

export interface PlannedPrimary {
  readonly id: NodeId
  readonly address: string
  /** As it is announced, where that is otherwise: a certificate may be for another name than it was reached by. */
  readonly names?: readonly string[]
  readonly configEpoch: number
  readonly slots: string
  /** Who may stand in for it should it fail. Absent in plans that were made before it was noted. */
  readonly replicas?: readonly NodeId[]
}

export interface MoveCost {
  readonly slotCount: number
  readonly keyCount: number
  /** Estimate from the sources' memory per key. */
  readonly bytes: number
  /** Rough estimate, for people; milliseconds. */
  readonly durationMs: number
}

/** One pair's slots, before they become a step. */
export interface Move {
  readonly from: NodeId
  readonly to: NodeId
  readonly slots: readonly SlotRange[]
}

/** What a slot and a key cost, seen on small machines; only for the estimate people see. */
const MS_PER_SLOT = 0.2
const MS_PER_KEY = 0.008
/** Of keys on their way from node to node. */
export const BYTES_PER_MS = 100_000

/**
 * @param keysInSlot - keys of a slot at its source
 */
export function moveDocument(
  view: ClusterView,
  moves: readonly Move[],
  keysInSlot: (slot: number) => number = () => 0,
): MovePlan {
  const primaries = primariesOf(view)
  const bytesPerKey = new Map(primaries.map(({node}) => [node.id, bytesPerKeyOf(view, node.id)]))
  let bytes = 0
  const steps = moves
    .filter(({slots}) => slots.length > 0)
    .map(({from, slots, to}): MoveStep => {
      const keyCount = slotsOf(slots).reduce((sum, slot) => sum + keysInSlot(slot), 0)
      bytes += Math.round(keyCount * (bytesPerKey.get(from) ?? 0))
      return {kind: 'move-slots', from, to, slots: renderRanges(slots), slotCount: countSlots(slots), keyCount}
    })
  const slotCount = steps.reduce((sum, step) => sum + step.slotCount, 0)
  const keyCount = steps.reduce((sum, step) => sum + step.keyCount, 0)
  const durationMs = Math.round(slotCount * MS_PER_SLOT + keyCount * MS_PER_KEY + bytes / BYTES_PER_MS)
  return {
    version: MOVE_PLAN_VERSION,
    kind: 'move-slots',
    cluster: clusterFingerprint(primaries.map(({node}) => node.id)),
    basedOn: {
      currentEpoch: highestEpoch(view),
      primaries: primaries.map((primary) => plannedPrimary(view, primary)),
    },
    steps,
    cost: {slotCount, keyCount, bytes, durationMs},
  }
}

function plannedPrimary(view: ClusterView, {node, own}: ObservedNode): PlannedPrimary {
  const [address, ...names] = namesOf(node) as [string, ...string[]]
  return {
    id: node.id,
    address,
    ...(names.length > 0 && {names}),
    configEpoch: own.configEpoch,
    slots: renderRanges(own.slots),
    replicas: replicasOf(view).flatMap((replica) => (replica.own.primaryId === node.id ? [replica.node.id] : [])),
  }
}

/** Memory of the data set per key, by the node's own INFO; 0 if it does not tell. */
export function bytesPerKeyOf(view: ClusterView, id: NodeId): number {
  const node = view.nodes.find((candidate) => candidate.id === id)
  if (!node) return 0
  const keys = keyCountOf(node)
  const used = Number(node.info.get('used_memory') ?? 0) - Number(node.info.get('used_memory_startup') ?? 0)
  return keys > 0 && used > 0 ? used / keys : 0
}

/** FNV-1a over the sorted ids: a name of the cluster that survives moves of slots, but not of nodes. 16 hex digits. */
export function clusterFingerprint(ids: readonly NodeId[]): string {
  let hash = 0xcbf29ce484222325n
  for (const character of [...ids].sort().join(',')) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(character.charCodeAt(0))) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, '0')
}

/**
 * Reads a plan back, from a file or a journal.
 *
 * @throws {CliError} BAD_FLAG if it is not a plan of this version
 */
export function parseMovePlan(text: string): MovePlan {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new CliError('BAD_FLAG', 'not a plan: it is not JSON')
  }
  const plan = value as Partial<MovePlan> | null
  if (plan?.kind !== 'move-slots' || plan.version !== MOVE_PLAN_VERSION || !Array.isArray(plan.steps)) {
    throw new CliError('BAD_FLAG', `not a plan of version ${MOVE_PLAN_VERSION}`)
  }
  for (const step of plan.steps as readonly (Partial<MoveStep> | null)[]) {
    const valid =
      typeof step?.from === 'string' && isNodeId(step.from) && typeof step.to === 'string' && isNodeId(step.to)
    if (!valid || typeof step.slots !== 'string' || !parseRanges(step.slots)) {
      throw new CliError('BAD_FLAG', `not a step of a plan: ${JSON.stringify(step).slice(0, 200)}`)
    }
  }
  return plan as MovePlan
}
