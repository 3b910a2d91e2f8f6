import {CliError} from '../../kernel/errors.js'
import type {Rng} from '../../kernel/rng.js'
import {bridgeGroups, type Grudges, oneWay, randomGroups, ring, separate, shuffle, withRest} from './grudges.js'
import {asksNodes, type SelectableNode, selectNodes, shardsOf, splitPair} from './selector.js'

export const PRESETS = ['majority', 'minority', 'halves', 'primaries', 'ring', 'random'] as const
export type Preset = (typeof PRESETS)[number]

/** Whom to part, as it was asked for. */
export type PartitionRequest =
  /** Selectors; who is in none belongs to one more group. `bridge` is in all of them. */
  | {readonly kind: 'groups'; readonly groups: readonly string[]; readonly bridge?: string}
  | {readonly kind: 'isolate'; readonly selector: string}
  /** `A:B`: what A sends does not reach B. */
  | {readonly kind: 'one-way'; readonly pair: string}
  /** The others fall in halves, which only these connect. */
  | {readonly kind: 'bridge'; readonly selector: string}
  /** Each of these, or of all, a group of its own. */
  | {readonly kind: 'regions'; readonly names: readonly string[]}
  | {readonly kind: Preset}

export interface PartitionPlan {
  readonly grudges: Grudges
  /** For people: `n1,n2 / n3`, `n1 -> n2`, `ring n1 n2 n3 n4`. */
  readonly text: string
}

export interface PartitionChance {
  readonly rng: Rng
  /** Presets take nodes by chance, not in their order. */
  readonly shuffled: boolean
}

/** A minority of three is one; fewer than three have none that others outvote. */
const VOTERS_MIN = 3
const RING_MIN = 4

/** Whether roles or slots of nodes decide; else names and regions do. @throws {CliError} BAD_FLAG */
export function partitionAsksNodes(request: PartitionRequest): boolean {
  switch (request.kind) {
    case 'groups':
      return [...request.groups, ...(request.bridge === undefined ? [] : [request.bridge])].some(asksNodes)
    case 'isolate':
    case 'bridge':
      return asksNodes(request.selector)
    case 'one-way':
      return splitPair(request.pair).some(asksNodes)
    case 'regions':
    case 'ring':
    case 'random':
      return false
    default:
      return true
  }
}

/**
 * Who refuses whom. Presets count by primaries, whose majority decides about failovers.
 *
 * @param nodes - all of the environment, in its order
 * @throws {CliError} BAD_FLAG and UNKNOWN_NODE as `selectNodes`; NOT_ENOUGH_NODES; PREFLIGHT_FAILED if nothing would be cut
 */
export function planPartition(
  nodes: readonly SelectableNode[],
  request: PartitionRequest,
  {rng, shuffled}: PartitionChance,
): PartitionPlan {
  const names = nodes.map(({name}) => name)
  // Drawn in any case, so that whatever else is drawn is the same when a seed is given that was told.
  const mixed = shuffle(nodes, rng.fork())
  const plan = planOf(names, shuffled ? mixed : nodes, nodes, request, rng)
  if (plan.grudges.size > 0) return plan
  throw new CliError('PREFLIGHT_FAILED', `nothing would be cut: ${plan.text}`, {
    suggestions: ['Name two groups at least, or one that leaves somebody out.'],
  })
}

function planOf(
  names: readonly string[],
  order: readonly SelectableNode[],
  nodes: readonly SelectableNode[],
  request: PartitionRequest,
  rng: Rng,
): PartitionPlan {
  const select = (text: string) => selectNodes(text, nodes, rng)
  const apart = (groups: readonly (readonly string[])[]): PartitionPlan => ({
    grudges: separate(names, groups),
    text: withRest(names, groups)
      .map((group) => names.filter((name) => group.includes(name)).join(','))
      .join(' / '),
  })
  switch (request.kind) {
    case 'groups': {
      const groups = request.groups.map(select)
      return apart(request.bridge === undefined ? groups : bridgeGroups(names, select(request.bridge), groups))
    }
    case 'isolate':
      return apart(select(request.selector).map((name) => [name]))
    case 'one-way': {
      const [from, to] = splitPair(request.pair).map(select) as [string[], string[]]
      return {grudges: oneWay(from, to), text: `${from.join(',')} -> ${to.join(',')}`}
    }
    case 'bridge':
      return apart(
        bridgeGroups(
          order.map(({name}) => name),
          select(request.selector),
        ),
      )
    case 'regions':
      return apart(regionGroups(nodes, request.names, rng))
    case 'ring': {
      requireCount(names.length, RING_MIN, 'nodes', 'a ring')
      const round = order.map(({name}) => name)
      return {grudges: ring(round), text: `ring ${round.join(' ')}`}
    }
    case 'random':
      requireCount(names.length, 2, 'nodes', 'two groups')
      return apart(randomGroups(names, rng))
    default:
      return apart(presetGroups(order, request.kind))
  }
}

function presetGroups(
  nodes: readonly SelectableNode[],
  preset: Exclude<Preset, 'random' | 'ring'>,
): (readonly string[])[] {
  const primaries = votersOf(nodes)
  const {length} = primaries
  switch (preset) {
    case 'minority':
      requireCount(length, VOTERS_MIN, 'primaries', 'a minority')
      return [primaries.slice(0, Math.floor((length - 1) / 2))]
    case 'majority':
      requireCount(length, VOTERS_MIN, 'primaries', 'a majority')
      return [primaries.slice(0, Math.floor(length / 2) + 1)]
    case 'primaries':
      requireCount(length, 1, 'primaries', 'that')
      return primaries.map((name) => [name])
    case 'halves': {
      requireCount(nodes.length, 2, 'nodes', 'halves')
      return [halfOf(nodes, primaries)]
    }
  }
}

/** Primaries that own slots; where nobody owns any, all primaries. */
function votersOf(nodes: readonly SelectableNode[]): string[] {
  const primaries = nodes.filter(({role}) => role === 'primary')
  const owners = primaries.filter(({slots = []}) => slots.length > 0)
  return (owners.length > 0 ? owners : primaries).map(({name}) => name)
}

/** The smaller half of the primaries, and as many replicas as make half of the nodes: first those whose primary is on the other side. */
function halfOf(nodes: readonly SelectableNode[], primaries: readonly string[]): string[] {
  const names = nodes.map(({name}) => name)
  const near = primaries.slice(0, Math.floor(primaries.length / 2))
  const far = primaries.slice(near.length)
  const shardOf = new Map(shardsOf(nodes).flatMap((shard) => shard.map((name) => [name, shard[0] as string] as const)))
  const isOfFar = (name: string) => far.includes(shardOf.get(name) as string)
  const others = names.filter((name) => !primaries.includes(name))
  const order = [...near, ...others.filter(isOfFar), ...others.filter((name) => !isOfFar(name))]
  return order.slice(0, Math.floor(names.length / 2))
}

function regionGroups(nodes: readonly SelectableNode[], asked: readonly string[], rng: Rng): string[][] {
  const all = [...new Set(nodes.flatMap(({region}) => region ?? []))]
  if (asked.length === 0 && all.length === 0) {
    throw new CliError('UNKNOWN_NODE', 'no node has a region', {suggestions: ['shoal up --help']})
  }
  return (asked.length > 0 ? asked : all).map((region) => selectNodes(`region:${region}`, nodes, rng))
}

function requireCount(count: number, least: number, what: string, whatFor: string): void {
  if (count >= least) return
  throw new CliError('NOT_ENOUGH_NODES', `${whatFor} needs ${least} ${what} at least, and ${count} are known`, {
    details: {count, least},
    suggestions: ['shoal ps'],
  })
}
