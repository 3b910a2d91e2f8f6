import {assert} from '../kernel/assert.js'
import {CliError} from '../kernel/errors.js'
import type {Address} from '../model/address.js'
import {renderAddress} from '../model/address.js'
import {SLOT_COUNT, type SlotRange} from '../model/slot-set.js'
import {type PlacedNode, placeNodes, type Shard} from './placement.js'

/** Fewer cannot outvote a failed one, so nothing would fail over. */
export const PRIMARIES_MIN = 3

/** A node as the operator gave it. */
export interface CreateNode {
  readonly address: Address
  /** What tells hosts apart: the address's IP, so that a name and its number count as one. */
  readonly host: string
  /** Availability zone. Either all nodes have one or none has. */
  readonly zone?: string
}

export interface CreateRequest {
  /** In the operator's order, which decides ties. */
  readonly nodes: readonly CreateNode[]
  readonly replicasPerPrimary: number
  readonly allowFewPrimaries: boolean
  /** Who belongs together, by HOST:PORT, the primary first: decided already. Holds every node once. */
  readonly shards?: readonly (readonly string[])[]
}

export interface PlannedNode {
  /** HOST:PORT. */
  readonly address: string
  readonly zone: string | null
}

export interface PlannedShard {
  readonly primary: PlannedNode
  readonly replicas: readonly PlannedNode[]
  readonly slots: SlotRange
}

/** A shard that loses more than it should when one host or zone fails. */
export interface Violation {
  readonly kind: 'same-host' | 'same-zone'
  /** HOST:PORT of the members that are together, the primary first if it is one of them. */
  readonly nodes: readonly string[]
  /** The host or zone. */
  readonly where: string
  readonly withPrimary: boolean
}

export interface CreatePlan {
  readonly shards: readonly PlannedShard[]
  readonly violations: readonly Violation[]
}

/**
 * Decides roles, slots and who replicates whom. Slots are contiguous and as even as can be; members of a shard are in
 * different zones and on different hosts as far as the nodes allow. The same request gives the same plan.
 *
 * @throws {CliError} BAD_FLAG if a node is given twice, or only some have a zone
 * @throws {CliError} NOT_ENOUGH_NODES
 */
export function planCreate(request: CreateRequest): CreatePlan {
  const {nodes, replicasPerPrimary, allowFewPrimaries} = request
  requireDistinct(nodes)
  const placed = nodes.map(({address, host, zone}, index) => ({index, host, zone: zone ?? '', address}))
  let shards: Shard<Node>[]
  if (request.shards) {
    shards = request.shards.map((names) => shardOf(names, placed))
  } else {
    requireAllZonesOrNone(nodes)
    const shardCount = Math.min(SLOT_COUNT, Math.floor(nodes.length / (replicasPerPrimary + 1)))
    requireEnough(nodes.length, shardCount, replicasPerPrimary, allowFewPrimaries)
    shards = placeNodes(placed, shardCount)
  }
  return {
    shards: shards.map(([primary, ...replicas], index) => ({
      primary: asPlanned(primary),
      replicas: replicas.map(asPlanned),
      slots: shareOf(index, shards.length),
    })),
    violations: shards.flatMap(violationsOf),
  }
}

type Node = PlacedNode & {readonly address: Address}

function shardOf(names: readonly string[], nodes: readonly Node[]): Shard<Node> {
  const [primary, ...replicas] = names.map((name) => nodes.find(({address}) => renderAddress(address) === name))
  assert(primary !== undefined, 'a shard without its primary')
  return [primary, ...replicas.filter((node) => node !== undefined)]
}

function asPlanned({address, zone}: Node): PlannedNode {
  return {address: renderAddress(address), zone: zone === '' ? null : zone}
}

/** The `index`-th of `count` contiguous shares; sizes differ by one at most. */
export function shareOf(index: number, count: number): SlotRange {
  const edge = (position: number) => Math.round((position * SLOT_COUNT) / count)
  return {first: edge(index), last: edge(index + 1) - 1}
}

function requireDistinct(nodes: readonly CreateNode[]): void {
  const seen = new Set<string>()
  for (const {address, host} of nodes) {
    const name = renderAddress({host, port: address.port})
    if (seen.has(name)) throw new CliError('BAD_FLAG', `${renderAddress(address)} is given twice`)
    seen.add(name)
  }
}

function requireAllZonesOrNone(nodes: readonly CreateNode[]): void {
  const without = nodes.filter(({zone}) => zone === undefined)
  if (without.length === 0 || without.length === nodes.length) return
  const names = without.map(({address}) => renderAddress(address))
  throw new CliError('BAD_FLAG', `some nodes have a zone, but not ${names.join(', ')}`, {
    suggestions: names.map((name) => `--zone ${name}=ZONE`),
  })
}

function requireEnough(nodeCount: number, primaries: number, replicas: number, allowFew: boolean): void {
  const least = allowFew ? 1 : PRIMARIES_MIN
  if (primaries >= least) return
  const needed = PRIMARIES_MIN * (replicas + 1)
  const text =
    `${nodeCount} nodes with ${replicas} replicas each make ${primaries} primaries; ` +
    `a cluster that can fail over needs ${PRIMARIES_MIN}, which are ${needed} nodes`
  const fewer = Math.floor(nodeCount / PRIMARIES_MIN) - 1
  throw new CliError('NOT_ENOUGH_NODES', text, {
    details: {nodes: nodeCount, primaries, needed},
    suggestions: [
      ...(fewer >= 0 && fewer < replicas ? [`--replicas ${fewer}`] : []),
      `Give ${needed - nodeCount} more nodes.`,
      ...(primaries > 0 ? ['--allow-few-primaries, for a cluster without failover'] : []),
    ],
  })
}

/** Everything in one shard that is on one host, or in one zone beyond that. */
function violationsOf(shard: Shard<Node>): Violation[] {
  const [primary] = shard
  const together = (kind: Violation['kind'], keyOf: (node: Node) => string): Violation[] => {
    const groups = new Map<string, Node[]>()
    for (const node of shard) groups.set(keyOf(node), [...(groups.get(keyOf(node)) ?? []), node])
    return [...groups]
      .filter(([where, members]) => where !== '' && members.length > 1)
      .map(([where, members]) => ({
        kind,
        nodes: members.map(({address}) => renderAddress(address)),
        where,
        withPrimary: members.includes(primary),
      }))
  }
  return [...together('same-host', ({host}) => host), ...together('same-zone', ({zone}) => zone)]
}
