import {CliError} from '../../kernel/errors.js'
import type {LinkEffect, LinkRule} from '../../model/links.js'
import {oneWay, rulesOf} from './grudges.js'
import {type PartitionChance, type PartitionRequest, partitionAsksNodes, planPartition} from './partition.js'
import {asksNodes, type SelectableNode, selectNodes} from './selector.js'

/** What somebody wants to happen between nodes. */
export type FaultWish =
  | {readonly kind: 'partition'; readonly partition: PartitionRequest; readonly mode: 'drop' | 'reset'}
  | (Direction & {readonly kind: 'slow'; readonly ms: number; readonly jitterMs: number})
  /** @param probability - above 0, below 1 */
  | (Direction & {readonly kind: 'flaky'; readonly probability: number})

/** What the nodes of `selector` send to those of `to`, or to all others. */
interface Direction {
  readonly selector: string
  readonly to?: string
}

export interface FaultPlan {
  readonly kind: FaultWish['kind']
  /** For people. */
  readonly text: string
  /** One per link; not empty. */
  readonly rules: readonly LinkRule[]
}

/** Whether roles or slots of nodes decide about it. @throws {CliError} BAD_FLAG */
export function wishAsksNodes(wish: FaultWish): boolean {
  if (wish.kind === 'partition') return partitionAsksNodes(wish.partition)
  return asksNodes(wish.selector) || (wish.to !== undefined && asksNodes(wish.to))
}

/** @throws {CliError} as `planPartition` and `selectNodes` */
export function planFault(nodes: readonly SelectableNode[], wish: FaultWish, chance: PartitionChance): FaultPlan {
  switch (wish.kind) {
    case 'partition': {
      const {grudges, text} = planPartition(nodes, wish.partition, chance)
      return {kind: wish.kind, rules: rulesOf(grudges, {kind: wish.mode}), text}
    }
    case 'slow': {
      const {jitterMs, ms} = wish
      const size = `${ms} ms${jitterMs > 0 ? ` ± ${jitterMs} ms` : ''}`
      return directed(nodes, wish, {jitterMs, kind: 'delay', ms}, size, chance)
    }
    case 'flaky': {
      const {probability} = wish
      return directed(nodes, wish, {kind: 'loss', probability}, `${renderPercent(probability)} lost`, chance)
    }
  }
}

function directed(
  nodes: readonly SelectableNode[],
  {kind, selector, to}: Direction & {readonly kind: FaultWish['kind']},
  effect: LinkEffect,
  size: string,
  {rng}: PartitionChance,
): FaultPlan {
  const sources = selectNodes(selector, nodes, rng)
  const receivers = selectNodes(to ?? 'all', nodes, rng)
  const rules = rulesOf(oneWay(sources, receivers), effect)
  const text = `${sources.join(',')} -> ${to === undefined ? 'all others' : receivers.join(',')}: ${size}`
  if (rules.length > 0) return {kind, rules, text}
  throw new CliError('PREFLIGHT_FAILED', `no link would be ${kind}: ${text}`, {
    suggestions: ['A link goes from one node to another.'],
  })
}

/** `30%`, `0.5%` */
export function renderPercent(probability: number): string {
  return `${Number((probability * 100).toFixed(2))}%`
}
