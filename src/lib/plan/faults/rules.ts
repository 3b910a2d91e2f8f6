import type {Link, LinkEffect, LinkRule} from '../../model/links.js'

/** What rules make of a link: several may hold at once. */
export interface LinkState extends Link {
  readonly blocked?: 'drop' | 'reset'
  readonly delay?: {readonly ms: number; readonly jitterMs: number}
  /** 0..1 */
  readonly loss?: number
}

/** A name per link; node names hold no spaces. */
export function linkKey({from, to}: Link): string {
  return `${from} ${to}`
}

/** Silence and refusal both close a link: it has one of them. */
function effectClass({kind}: LinkEffect): string {
  return kind === 'reset' ? 'drop' : kind
}

/**
 * Rules of several faults as one rule per link and kind, in the order of their first mention. The later fault says how; a
 * closed link stays closed as long as the longest of them, since to be closed twice is to be closed.
 *
 * @param faults - the rules of each, oldest first
 */
export function mergeRules(faults: readonly (readonly LinkRule[])[]): LinkRule[] {
  const merged = new Map<string, LinkRule>()
  for (const rule of faults.flat()) {
    const key = `${linkKey(rule)} ${effectClass(rule.effect)}`
    const earlier = merged.get(key)
    merged.set(key, earlier && effectClass(rule.effect) === 'drop' ? lasting(rule, earlier) : rule)
  }
  return [...merged.values()]
}

function lasting(rule: LinkRule, earlier: LinkRule): LinkRule {
  const {untilMs, ...endless} = rule
  if (untilMs === undefined || earlier.untilMs === undefined) return endless
  return {...endless, untilMs: Math.max(untilMs, earlier.untilMs)}
}

/** All links between `nodes`, each as the rules want it: from each node, in order, to each other one. */
export function linkStates(nodes: readonly string[], rules: readonly LinkRule[]): LinkState[] {
  const effects = new Map<string, Omit<LinkState, keyof Link>>()
  for (const rule of mergeRules([rules])) {
    const key = linkKey(rule)
    effects.set(key, {...effects.get(key), ...stateOf(rule.effect)})
  }
  return nodes.flatMap((from) =>
    nodes.filter((to) => to !== from).map((to) => ({from, to, ...effects.get(linkKey({from, to}))})),
  )
}

function stateOf(effect: LinkEffect): Omit<LinkState, keyof Link> {
  switch (effect.kind) {
    case 'drop':
    case 'reset':
      return {blocked: effect.kind}
    case 'delay':
      return {delay: {jitterMs: effect.jitterMs, ms: effect.ms}}
    case 'loss':
      return {loss: effect.probability}
  }
}
