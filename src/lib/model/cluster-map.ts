import {renderAddress} from './address.js'
import type {ClusterView, NodeRecord, NodeView} from './cluster-view.js'
import type {NodeId} from './node-id.js'
import {shortId} from './node-id.js'
import type {SlotRange} from './slot-set.js'
import {rangesOf, renderRanges, SLOT_COUNT, slotsOf} from './slot-set.js'

/** What follows from a ClusterView: who is who, who owns what, and where the nodes' own views differ. */

/** @returns what the node says of itself; undefined only for a reply without a `myself` line */
export function ownRecord(node: NodeView): NodeRecord | undefined {
  return node.records.find(({myself}) => myself)
}

/** `127.0.0.1:7000 (3f2a1b9c)`: how a node is named in messages. */
export function nameNode({address, id}: Pick<NodeView, 'address' | 'id'>): string {
  return `${renderAddress(address)} (${shortId(id)})`
}

/** A node that answered, with what it says of itself. */
export interface ObservedNode {
  readonly node: NodeView
  readonly own: NodeRecord
}

function observed(view: ClusterView, role: NodeRecord['role']): ObservedNode[] {
  return view.nodes.flatMap((node) => {
    const own = ownRecord(node)
    return own?.role === role ? [{node, own}] : []
  })
}

/** The primaries that answered, by their own word; in the order of the view. */
export function primariesOf(view: ClusterView): ObservedNode[] {
  return observed(view, 'primary')
}

/** The replicas that answered, by their own word. */
export function replicasOf(view: ClusterView): ObservedNode[] {
  return observed(view, 'replica')
}

export function findNode(view: ClusterView, id: NodeId): NodeView | undefined {
  return view.nodes.find((node) => node.id === id)
}

/** Nodes that others know and that do not answer. */
export function silentNodes({nodes}: ClusterView): Set<NodeId> {
  const silent = new Set(nodes.flatMap(({records}) => records.map(({id}) => id)))
  for (const {id} of nodes) silent.delete(id)
  return silent
}

/** Slot -> owner, as one source of truth or another has it. */
export type SlotOwners = readonly (NodeId | undefined)[]

/** Who owns which slot in the eyes of one node. */
export function ownersSeenBy(node: NodeView): SlotOwners {
  const owners: (NodeId | undefined)[] = new Array(SLOT_COUNT).fill(undefined)
  for (const {id, slots} of node.records) {
    for (const {first, last} of slots) owners.fill(id, first, last + 1)
  }
  return owners
}

/**
 * Who owns which slot by the owners' own word; where two claim one, the higher config epoch wins, as on the bus.
 * Slots of primaries that did not answer come from the newest record of them that anybody holds.
 */
export function ownersOf(view: ClusterView): SlotOwners {
  const known = ownersByView.get(view)
  if (known) return known
  const owners = readOwners(view)
  ownersByView.set(view, owners)
  return owners
}

/** One plan asks for the owners several times, and a thousand nodes hold a million records. */
const ownersByView = new WeakMap<ClusterView, SlotOwners>()

function readOwners(view: ClusterView): SlotOwners {
  const claims: NodeRecord[] = primariesOf(view).map(({own}) => own)
  const answered = new Set(view.nodes.map(({id}) => id))
  const heard = new Map<NodeId, NodeRecord>()
  for (const {records} of view.nodes) {
    for (const record of records) {
      if (answered.has(record.id) || record.slots.length === 0) continue
      const known = heard.get(record.id)
      if (!known || record.configEpoch > known.configEpoch) heard.set(record.id, record)
    }
  }
  const owners: (NodeId | undefined)[] = new Array(SLOT_COUNT).fill(undefined)
  const ascending = (a: NodeRecord, b: NodeRecord) => a.configEpoch - b.configEpoch
  // Hearsay first, then own words: within each the higher epoch comes later and overwrites.
  for (const {id, slots} of [...[...heard.values()].sort(ascending), ...claims.sort(ascending)]) {
    for (const {first, last} of slots) owners.fill(id, first, last + 1)
  }
  return owners
}

/** Primaries that claim a slot which another claims too. A new epoch of one of them makes the others drop its keys. */
export function rivalsOf(view: ClusterView): ReadonlySet<NodeId> {
  const owners = ownersOf(view)
  const rivals = primariesOf(view).flatMap(({node, own}) =>
    slotsOf(own.slots).flatMap((slot) => (owners[slot] === node.id ? [] : [node.id, owners[slot] as NodeId])),
  )
  return new Set(rivals)
}

/** Slots that `owners` gives to nobody. */
export function uncoveredSlots(owners: SlotOwners): SlotRange[] {
  return rangesOf(slotsWhere((slot) => owners[slot] === undefined))
}

/** A node whose view of the slots is not the one the owners state, and the slots in question. */
export interface Dissent {
  readonly node: NodeView
  readonly slots: readonly SlotRange[]
}

/** @returns the nodes that see a slot's owner otherwise than `ownersOf` does; none if all agree */
export function dissentsOf(view: ClusterView): Dissent[] {
  // Whoever sees exactly what the owners state about themselves agrees, and that is the rule.
  const stated = slotSignature(primariesOf(view).map(({own}) => own))
  const slotsBySignature = new Map<string, readonly SlotRange[]>([[stated, []]])
  let truth: SlotOwners | undefined
  return view.nodes.flatMap((node) => {
    const signature = slotSignature(node.records)
    let slots = slotsBySignature.get(signature)
    if (!slots) {
      truth ??= ownersOf(view)
      const expected = truth
      const seen = ownersSeenBy(node)
      slots = rangesOf(slotsWhere((slot) => seen[slot] !== expected[slot]))
      slotsBySignature.set(signature, slots)
    }
    return slots.length === 0 ? [] : [{node, slots}]
  })
}

/** Equal for two sets of records that give every slot to the same owner. */
function slotSignature(records: readonly NodeRecord[]): string {
  return records
    .filter(({slots}) => slots.length > 0)
    .map(({id, slots}) => `${id}:${renderRanges(slots)}`)
    .sort()
    .join('|')
}

function slotsWhere(test: (slot: number) => boolean): number[] {
  const slots: number[] = []
  for (let slot = 0; slot < SLOT_COUNT; slot++) if (test(slot)) slots.push(slot)
  return slots
}

/** Open slots of one node, from its own line. */
export interface OpenSlot {
  readonly node: NodeView
  readonly slot: number
  readonly state: 'migrating' | 'importing'
  /** Where it goes to, or comes from. */
  readonly peer: NodeId
}

/** Every slot a node holds open, in order of slot. */
export function openSlotsOf(view: ClusterView): OpenSlot[] {
  return view.nodes
    .flatMap((node) => {
      const own = ownRecord(node)
      if (!own) return []
      return [
        ...[...own.migrating].map(([slot, peer]): OpenSlot => ({node, slot, state: 'migrating', peer})),
        ...[...own.importing].map(([slot, peer]): OpenSlot => ({node, slot, state: 'importing', peer})),
      ]
    })
    .sort((a, b) => a.slot - b.slot)
}

/** The highest epoch anywhere in the view, configuration or current. */
export function highestEpoch(view: ClusterView): number {
  let highest = 0
  for (const {clusterInfo, records} of view.nodes) {
    highest = Math.max(highest, Number(clusterInfo.get('cluster_current_epoch') ?? 0))
    for (const {configEpoch} of records) highest = Math.max(highest, configEpoch)
  }
  return highest
}

/** Keys in database 0, from INFO's keyspace section. */
export function keyCountOf(node: NodeView): number {
  return Number(/keys=(\d+)/.exec(node.info.get('db0') ?? '')?.[1] ?? 0)
}

/** Keys in all databases: a node may have been used before cluster mode was turned on. */
export function keyCountInAll(view: NodeView): number {
  let keys = 0
  for (const [field, value] of view.info) {
    if (/^db\d+$/.test(field)) keys += Number(/keys=(\d+)/.exec(value)?.[1] ?? 0)
  }
  return keys
}

/** A replica as its primary lists it: `slave0:ip=10.0.0.3,port=7003,state=online,...`. */
interface ListedReplica {
  readonly host: string | undefined
  readonly port: number
  readonly state: string | undefined
}

function listedReplicas({info}: NodeView): ListedReplica[] {
  return [...info].flatMap(([field, value]): ListedReplica[] => {
    if (!/^slave\d+$/.test(field)) return []
    const parts = new Map(value.split(',').map((part) => part.split('=') as [string, string]))
    return [{host: parts.get('ip'), port: Number(parts.get('port')), state: parts.get('state')}]
  })
}

/**
 * How far a replica is in the eyes of its primary: `online`, or a state of the first transfer such as `wait_bgsave`.
 *
 * A primary lists replicas by where their connections come from, which behind address translation is not where they are
 * announced. Those that it lists under no address of a replica it knows are then taken for those that it does not list:
 * if there are enough of them, the one that is furthest behind answers for all.
 *
 * @param replica - its own record
 * @returns undefined if the primary does not list it
 */
export function replicaStateAt(primary: NodeView, replica: NodeRecord): string | undefined {
  const listed = listedReplicas(primary)
  const isOf =
    ({address}: NodeRecord) =>
    (each: ListedReplica) =>
      each.host === address.host && each.port === address.port
  const exact = listed.find(isOf(replica))
  if (exact) return exact.state
  const known = primary.records.filter(({fail, primaryId}) => primaryId === primary.id && !fail)
  const unlisted = known.filter((record) => !listed.some(isOf(record)))
  // Who takes a snapshot and is no replica names no port.
  const strangers = listed.filter((each) => each.port > 0 && !known.some((record) => isOf(record)(each)))
  if (strangers.length < Math.max(1, unlisted.length)) return undefined
  return (strangers.find(({state}) => state !== 'online') ?? strangers[0])?.state
}

/**
 * A replica that has received nothing since it was started: it came back without its data, or its primary went down before
 * the first transfer ended.
 */
export function isBlankReplica(replica: NodeView): boolean {
  const offset = Number(replica.info.get('slave_repl_offset') ?? Number.NaN)
  return replica.info.get('master_link_status') === 'down' && offset <= 1 && keyCountInAll(replica) === 0
}
