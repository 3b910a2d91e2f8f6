import type {Rng} from '../../kernel/rng.js'
import type {LinkEffect, LinkRule} from '../../model/links.js'

/**
 * Who refuses whom: receiver -> the sources whose bytes do not reach it. No node refuses itself, and a receiver that refuses
 * nobody is left out. All but `oneWay` are symmetric: who refuses is refused.
 *
 * The names are Jepsen's, where partitions are such maps too.
 */
export type Grudges = ReadonlyMap<string, ReadonlySet<string>>

/** Refuses whatever `hears` does not allow. */
function grudgesOf(nodes: readonly string[], hears: (receiver: string, source: string) => boolean): Grudges {
  const entries = nodes.map(
    (receiver) =>
      [receiver, new Set(nodes.filter((source) => source !== receiver && !hears(receiver, source)))] as const,
  )
  return new Map(entries.filter(([, sources]) => sources.size > 0))
}

/** The groups, and as one more group all who are in none of them. No group is empty. */
export function withRest(nodes: readonly string[], groups: readonly (readonly string[])[]): string[][] {
  const rest = nodes.filter((node) => !groups.some((group) => group.includes(node)))
  return [...groups, rest].filter((group) => group.length > 0).map((group) => [...group])
}

/** Nodes hear each other within a group; who is in none belongs to the rest, which is a group too. A node in two groups bridges them. */
export function separate(nodes: readonly string[], groups: readonly (readonly string[])[]): Grudges {
  const all = withRest(nodes, groups).map((group) => new Set(group))
  return grudgesOf(nodes, (receiver, source) => all.some((group) => group.has(receiver) && group.has(source)))
}

/** Each of `alone` hears nobody; the others hear each other. */
export function isolate(nodes: readonly string[], alone: readonly string[]): Grudges {
  return separate(
    nodes,
    alone.map((node) => [node]),
  )
}

/** What `from` send does not reach `to`; the way back is open. */
export function oneWay(from: readonly string[], to: readonly string[]): Grudges {
  const sources = (receiver: string) => new Set(from.filter((source) => source !== receiver))
  return new Map(to.map((receiver) => [receiver, sources(receiver)] as const).filter(([, {size}]) => size > 0))
}

/** Two halves, the first of them the smaller one; in the order given. */
export function bisect(nodes: readonly string[]): [string[], string[]] {
  const middle = Math.floor(nodes.length / 2)
  return [nodes.slice(0, middle), nodes.slice(middle)]
}

/** The groups of all others, each with the bridges in it. @param groups - of nodes that are no bridges; halves if none */
export function bridgeGroups(
  nodes: readonly string[],
  bridges: readonly string[],
  groups: readonly (readonly string[])[] = [],
): string[][] {
  const others = nodes.filter((node) => !bridges.includes(node))
  const apart = groups.map((group) => group.filter((node) => !bridges.includes(node)))
  return withRest(others, groups.length > 0 ? apart : bisect(others)).map((group) => [...group, ...bridges])
}

/**
 * Each node hears a majority, no two the same one: its neighbours on a ring, equally many on both sides. With fewer than four
 * nodes nothing is cut.
 */
export function ring(nodes: readonly string[]): Grudges {
  const count = nodes.length
  // Half of the others, rounded up on each side: with itself that is more than half of all.
  const reach = Math.ceil(Math.floor(count / 2) / 2)
  const at = new Map(nodes.map((node, index) => [node, index]))
  return grudgesOf(nodes, (receiver, source) => {
    const steps = Math.abs((at.get(receiver) as number) - (at.get(source) as number))
    return Math.min(steps, count - steps) <= reach
  })
}

/** Two groups by chance, none of them empty. @param nodes - two at least */
export function randomGroups(nodes: readonly string[], rng: Rng): [string[], string[]] {
  const order = shuffle(nodes, rng)
  const first = 1 + rng.below(nodes.length - 1)
  return [order.slice(0, first), order.slice(first)]
}

/** Fisher and Yates. */
export function shuffle<T>(items: readonly T[], rng: Rng): T[] {
  const order = [...items]
  for (let last = order.length - 1; last > 0; last--) {
    const other = rng.below(last + 1)
    ;[order[last], order[other]] = [order[other] as T, order[last] as T]
  }
  return order
}

/** One rule per link that is cut, receivers in the order of `grudges`. */
export function rulesOf(grudges: Grudges, effect: LinkEffect, untilMs?: number): LinkRule[] {
  return [...grudges].flatMap(([to, sources]) =>
    [...sources].map((from) => ({effect, from, to, ...(untilMs !== undefined && {untilMs})})),
  )
}
