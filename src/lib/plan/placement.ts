import {assert} from '../kernel/assert.js'

/*
 * Which nodes share a shard, and which of them leads it.
 *
 * Nodes are sorted so that those of one zone, and within it of one host, stand together, and are then dealt to the shards
 * like cards. Neighbours go to different shards, so a zone or host with no more nodes than there are shards meets itself
 * in none, and a larger one as seldom as can be. That is optimal for both at once, needs no search, and the same nodes in
 * the same order give the same placement.
 */

/** A node to place. `zone` is the empty string where zones are not in use. */
export interface PlacedNode {
  /** Position in the operator's order, from 0, unique. */
  readonly index: number
  readonly host: string
  readonly zone: string
}

/** Nodes of one shard, the primary first, then replicas in the operator's order. */
export type Shard<N extends PlacedNode> = readonly [primary: N, ...replicas: N[]]

/**
 * Deals nodes to `shardCount` shards of equal size; a remainder makes the first shards one larger.
 *
 * @param nodes - at least `shardCount`
 * @returns shards in the operator's order of their primaries
 */
export function placeNodes<N extends PlacedNode>(nodes: readonly N[], shardCount: number): Shard<N>[] {
  assert(nodes.length >= shardCount && shardCount > 0, 'fewer nodes than shards')
  const dealt: N[][] = Array.from({length: shardCount}, () => [])
  for (const [position, node] of groupTogether(nodes).entries()) dealt[position % shardCount]?.push(node)
  const leaders = chooseLeaders(dealt)
  return dealt
    .map((members, shard): Shard<N> => {
      const primary = leaders[shard] as N
      return [primary, ...members.filter((member) => member !== primary).sort((a, b) => a.index - b.index)]
    })
    .sort(([a], [b]) => a.index - b.index)
}

/** Zones in order of appearance, in each its hosts in order of appearance. */
function groupTogether<N extends PlacedNode>(nodes: readonly N[]): N[] {
  const inOrder = [...nodes].sort((a, b) => a.index - b.index)
  return [...groupBy(inOrder, ({zone}) => zone).values()].flatMap((ofZone) =>
    [...groupBy(ofZone, ({host}) => host).values()].flat(),
  )
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

/** One leader per shard, spread evenly over zones, then over hosts without unsettling the zones. */
function chooseLeaders<N extends PlacedNode>(shards: readonly (readonly N[])[]): N[] {
  const leaders = shards.map((members) => members.reduce((a, b) => (a.index < b.index ? a : b)))
  balance(
    shards,
    leaders,
    ({zone}) => zone,
    () => true,
  )
  balance(
    shards,
    leaders,
    ({host}) => host,
    (from, to) => from.zone === to.zone,
  )
  return leaders
}

/**
 * Moves leadership along shortest chains of shards, from the group that leads most to one that leads at least two fewer,
 * until there is none: then the numbers are as even as these shards allow.
 */
function balance<N extends PlacedNode>(
  shards: readonly (readonly N[])[],
  leaders: N[],
  groupOf: (node: N) => string,
  allowed: (from: N, to: N) => boolean,
): void {
  const groups = [...new Set(shards.flat().map(groupOf))]
  for (;;) {
    const counts = new Map(groups.map((group) => [group, 0]))
    for (const leader of leaders) counts.set(groupOf(leader), (counts.get(groupOf(leader)) ?? 0) + 1)
    const byCount = [...groups].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0))
    const chain = byCount
      .map((from) => chainFrom(from, (to) => (counts.get(to) ?? 0) <= (counts.get(from) ?? 0) - 2))
      .find((found) => found !== undefined)
    if (!chain) return
    for (const {shard, leader} of chain) leaders[shard] = leader
  }

  /** Breadth first over groups; an edge is a shard led by the one that has a member of the other. */
  function chainFrom(start: string, isGoal: (group: string) => boolean) {
    const reached = new Map<string, {readonly via: string; readonly shard: number; readonly leader: N} | undefined>()
    reached.set(start, undefined)
    const queue = [start]
    for (const group of queue) {
      if (group !== start && isGoal(group)) {
        const chain: {shard: number; leader: N}[] = []
        for (let step = reached.get(group); step; step = reached.get(step.via)) chain.push(step)
        return chain
      }
      for (const [shard, members] of shards.entries()) {
        const leader = leaders[shard] as N
        if (groupOf(leader) !== group) continue
        for (const member of members) {
          const next = groupOf(member)
          if (reached.has(next) || !allowed(leader, member)) continue
          reached.set(next, {via: group, shard, leader: member})
          queue.push(next)
        }
      }
    }
    return undefined
  }
}
