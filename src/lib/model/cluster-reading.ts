import {renderAddress} from './address.js'
import {keyCountInAll, openSlotsOf, ownersOf, uncoveredSlots} from './cluster-map.js'
import {
  type CopyState,
  copyStateOf,
  lagBytesOf,
  type Member,
  type MemberState,
  membersOf,
  numberIn,
  placeOf,
  stateOf,
} from './cluster-members.js'
import type {ClusterView} from './cluster-view.js'
import type {NodeId} from './node-id.js'
import {countSlots, rangesOf, renderRanges, SLOT_COUNT} from './slot-set.js'

/** One look at a cluster. */
export interface Sample {
  readonly view: ClusterView
  /** Monotonic milliseconds of the observer, of which only differences mean something. */
  readonly atMs: number
}

/** A cluster at one moment, with rates over the time since the look before. Null is what nobody tells. */
export interface Reading {
  readonly seed: string
  readonly totals: {
    readonly primaries: number
    readonly replicas: number
    readonly slotsCovered: number
    readonly keys: number
    readonly usedBytes: number
    readonly opsPerSecond: number | null
    readonly inBytesPerSecond: number | null
    readonly outBytesPerSecond: number | null
  }
  /** In order of address. */
  readonly nodes: readonly NodeReading[]
  readonly migrations: readonly Migration[]
  /** Slots of nobody, as `0-5460,6000`. */
  readonly uncovered: string
}

export interface NodeReading {
  readonly node: number
  readonly id: NodeId
  readonly address: string
  readonly role: 'primary' | 'replica'
  /** The number of a replica's primary. */
  readonly primary: number | null
  readonly slots: string
  readonly slotCount: number
  readonly state: MemberState
  readonly copy: CopyState
  readonly reason: string | null
  readonly lastSeenMs: number | null
  readonly suspectedBy: number
  readonly keys: number | null
  readonly usedBytes: number | null
  readonly connections: number | null
  /** Commands per second, without those that a look consists of. */
  readonly opsPerSecond: number | null
  readonly inBytesPerSecond: number | null
  readonly outBytesPerSecond: number | null
  /** Bytes of the primary's stream that a replica lacks. */
  readonly lagBytes: number | null
  readonly linkDownSeconds: number | null
}

/** Slots on their way between two nodes; a number is null for a node that is not of this cluster any more. */
export interface Migration {
  readonly from: number | null
  readonly to: number | null
  readonly slots: string
  readonly slotCount: number
}

/** CLUSTER NODES, CLUSTER INFO and INFO: what one look adds to a node's count of commands. */
const COMMANDS_PER_LOOK = 3

/**
 * Reads a sample, with rates since the one before. Without one, and for a node that was away or has restarted in between,
 * the rate of commands is what the node itself measured, and the others are null.
 */
export function readingOf(current: Sample, previous?: Sample): Reading {
  const {view} = current
  const members = membersOf(view)
  const before = new Map(previous?.view.nodes.map((node) => [node.id, node.info]))
  const elapsedMs = previous === undefined ? 0 : current.atMs - previous.atMs
  const nodes = members.map((member) => nodeReading(member, members, before.get(member.id), elapsedMs))
  const uncovered = uncoveredSlots(ownersOf(view))
  const primaries = nodes.filter(({role}) => role === 'primary')
  return {
    seed: renderAddress(view.seed),
    totals: {
      primaries: primaries.length,
      replicas: nodes.length - primaries.length,
      slotsCovered: SLOT_COUNT - countSlots(uncovered),
      keys: sum(primaries.map(({keys}) => keys)) ?? 0,
      usedBytes: sum(nodes.map(({usedBytes}) => usedBytes)) ?? 0,
      opsPerSecond: sum(nodes.map(({opsPerSecond}) => opsPerSecond)),
      inBytesPerSecond: sum(nodes.map(({inBytesPerSecond}) => inBytesPerSecond)),
      outBytesPerSecond: sum(nodes.map(({outBytesPerSecond}) => outBytesPerSecond)),
    },
    nodes,
    migrations: migrationsOf(view, members),
    uncovered: renderRanges(uncovered),
  }
}

function nodeReading(
  member: Member,
  members: readonly Member[],
  before: ReadonlyMap<string, string> | undefined,
  elapsedMs: number,
): NodeReading {
  const {id, lastSeenMs, number, reason, record, suspectedBy, view} = member
  const info = view?.info ?? new Map<string, string>()
  const down = numberIn(info, 'master_link_down_since_seconds')
  const rateOf = (field: string, own = 0) => rate(field, info, before, elapsedMs, own)
  return {
    node: number,
    id,
    address: placeOf(member),
    role: record.role,
    primary: members.find((other) => other.id === record.primaryId)?.number ?? null,
    slots: renderRanges(record.slots),
    slotCount: countSlots(record.slots),
    state: stateOf(member),
    copy: copyStateOf(member),
    reason: reason ?? null,
    lastSeenMs: lastSeenMs === undefined ? null : Math.round(lastSeenMs),
    suspectedBy,
    keys: view ? keyCountInAll(view) : null,
    usedBytes: numberIn(info, 'used_memory') ?? null,
    connections: numberIn(info, 'connected_clients') ?? null,
    opsPerSecond:
      rateOf('total_commands_processed', COMMANDS_PER_LOOK) ?? numberIn(info, 'instantaneous_ops_per_sec') ?? null,
    inBytesPerSecond: rateOf('total_net_input_bytes'),
    outBytesPerSecond: rateOf('total_net_output_bytes'),
    lagBytes: record.role === 'replica' ? (lagBytesOf(member, members) ?? null) : null,
    linkDownSeconds: down !== undefined && down >= 0 ? down : null,
  }
}

/**
 * What a counter of INFO grew by, per second of the node's own clock if it tells the time.
 *
 * @param own - how much of the growth is the observer's own doing
 * @returns null without two values of one run of the node
 */
function rate(
  field: string,
  info: ReadonlyMap<string, string>,
  before: ReadonlyMap<string, string> | undefined,
  elapsedMs: number,
  own: number,
): number | null {
  if (!before || before.get('run_id') !== info.get('run_id')) return null
  const [from, to] = [numberIn(before, field), numberIn(info, field)]
  if (from === undefined || to === undefined || to < from) return null
  const [sinceUs, nowUs] = [numberIn(before, 'server_time_usec'), numberIn(info, 'server_time_usec')]
  const ms = sinceUs !== undefined && nowUs !== undefined && nowUs > sinceUs ? (nowUs - sinceUs) / 1000 : elapsedMs
  return ms > 0 ? Math.round((Math.max(0, to - from - own) * 1000) / ms) : null
}

/** Null only if all are. */
function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0)
}

/** Open slots by their way, whichever of the two ends holds them open. */
function migrationsOf(view: ClusterView, members: readonly Member[]): Migration[] {
  const numbers = new Map(members.map(({id, number}) => [id, number]))
  const ways = new Map<string, {from: NodeId; to: NodeId; slots: Set<number>}>()
  for (const {node, peer, slot, state} of openSlotsOf(view)) {
    const [from, to] = state === 'migrating' ? [node.id, peer] : [peer, node.id]
    const way = ways.get(`${from} ${to}`) ?? {from, to, slots: new Set<number>()}
    way.slots.add(slot)
    ways.set(`${from} ${to}`, way)
  }
  return [...ways.values()].map(({from, slots, to}) => ({
    from: numbers.get(from) ?? null,
    to: numbers.get(to) ?? null,
    slots: renderRanges(rangesOf(slots)),
    slotCount: slots.size,
  }))
}
