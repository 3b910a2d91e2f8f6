import {CliError} from '../../kernel/errors.js'
import {nameNode, type ObservedNode, openSlotsOf, ownersOf, ownRecord, primariesOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import {type NodeId, shortId} from '../../model/node-id.js'
import {
  countSlots,
  parseRanges,
  rangesOf,
  renderRanges,
  SLOT_COUNT,
  type SlotRange,
  slotsOf,
} from '../../model/slot-set.js'
import {requirePrimary} from '../find-node.js'
import {plural} from '../finding.js'
import {apportion, chooseSlots} from './reshard-choice.js'
import type {Move} from './reshard-document.js'

/** What the operator asks for. Nodes are full ids or HOST:PORT. */
export interface ReshardRequest {
  /** `all` = every primary but the target. */
  readonly from: readonly string[] | 'all'
  readonly to: string
  readonly slots: SlotSelection
}

/** How many, or exactly which. */
export type SlotSelection = {readonly count: number} | {readonly ranges: readonly SlotRange[]}

/**
 * Reads `--slots`: a bare number is a count; `5-5` or `5,` names one slot.
 *
 * @throws {CliError} BAD_FLAG
 */
export function parseSlotSelection(text: string): SlotSelection {
  const trimmed = text.trim()
  if (/^\d+$/.test(trimmed) && Number(trimmed) > 0) return {count: Number(trimmed)}
  const ranges = /^\d+$/.test(trimmed) ? undefined : parseRanges(trimmed.replace(/,$/, ''))
  if (ranges) return {ranges}
  throw new CliError('BAD_FLAG', `--slots takes a number of slots or ranges of them, not ${JSON.stringify(text)}`, {
    suggestions: ['--slots 1000', `--slots 0-99,300-300 (slots are 0..${SLOT_COUNT - 1})`],
  })
}

/** Reads `--from`: `all`, or ids and addresses with commas. */
export function parseSources(text: string): readonly string[] | 'all' {
  if (text.trim().toLowerCase() === 'all') return 'all'
  const names = text.split(',').map((name) => name.trim())
  if (names.some((name) => name === '')) {
    throw new CliError('BAD_FLAG', `--from takes node ids with commas, or all, not ${JSON.stringify(text)}`)
  }
  return [...new Set(names)]
}

/**
 * Decides which slots go from where, so that the target gains exactly what was asked for.
 *
 * Shares of several sources follow what they own (largest remainder); of each source whole ranges are preferred and cuts
 * are made at an edge. The same view and request give the same plan.
 *
 * @returns one move per source, in the order of the view; sources that give nothing are left out; empty if named slots
 *   are all at the target already
 * @throws {CliError} UNKNOWN_NODE, NOT_A_PRIMARY, SAME_NODE, NOT_ENOUGH_SLOTS; nothing is guessed
 */
export function planReshard(view: ClusterView, {from, slots, to}: ReshardRequest): Move[] {
  const target = requirePrimary(view, to)
  const sources = sourcesOf(view, from, target)
  return 'count' in slots ? moveCount(sources, target, slots.count) : moveRanges(view, sources, target, slots.ranges)
}

function sourcesOf(view: ClusterView, from: ReshardRequest['from'], target: ObservedNode): ObservedNode[] {
  if (from === 'all') return primariesOf(view).filter(({node}) => node.id !== target.node.id)
  const wanted = new Set(
    from.map((name) => {
      const {node} = requirePrimary(view, name)
      if (node.id !== target.node.id) return node.id
      throw new CliError('SAME_NODE', `${nameNode(node)} is both source and target`, {details: {nodeId: node.id}})
    }),
  )
  return primariesOf(view).filter(({node}) => wanted.has(node.id))
}

function moveCount(sources: readonly ObservedNode[], target: ObservedNode, count: number): Move[] {
  const owned = sources.map(({own}) => countSlots(own.slots))
  const total = owned.reduce((a, b) => a + b, 0)
  if (count > total) {
    const whose = sources.length === 1 ? nameNode((sources[0] as ObservedNode).node) : 'the sources'
    throw new CliError(
      'NOT_ENOUGH_SLOTS',
      `${plural(count, 'slot')} asked for, but ${whose} own${sources.length === 1 ? 's' : ''} ${total}`,
      {
        details: {asked: count, owned: total},
        suggestions: total > 0 ? [`--slots ${total}`] : [],
      },
    )
  }
  const shares = apportion(owned, count)
  let atTarget = target.own.slots
  return sources.flatMap(({node, own}, index) => {
    const chosen = chooseSlots(own.slots, shares[index] as number, atTarget)
    if (chosen.length === 0) return []
    atTarget = [...atTarget, ...chosen]
    return [{from: node.id, to: target.node.id, slots: chosen}]
  })
}

function moveRanges(
  view: ClusterView,
  sources: readonly ObservedNode[],
  target: ObservedNode,
  ranges: readonly SlotRange[],
): Move[] {
  const owners = ownersOf(view)
  const bySource = new Map<NodeId, number[]>(sources.map(({node}) => [node.id, []]))
  const foreign = new Map<string, number[]>()
  for (const slot of slotsOf(ranges)) {
    const owner = owners[slot]
    // A repeated run finds its slots at the target: that is done, not wrong.
    if (owner === target.node.id) continue
    const list = owner === undefined ? undefined : bySource.get(owner)
    if (list) list.push(slot)
    else foreign.set(owner ?? 'nobody', [...(foreign.get(owner ?? 'nobody') ?? []), slot])
  }
  if (foreign.size > 0) throw notOwned(foreign)
  return sources.flatMap(({node}) => {
    const slots = rangesOf(bySource.get(node.id) ?? [])
    return slots.length === 0 ? [] : [{from: node.id, to: target.node.id, slots}]
  })
}

function notOwned(foreign: ReadonlyMap<string, readonly number[]>): CliError {
  const parts = [...foreign].map(([owner, slots]) => ({owner, slots: renderRanges(rangesOf(slots))}))
  const text = parts
    .map(({owner, slots}) => `${slots} (owned by ${owner === 'nobody' ? owner : shortId(owner as NodeId)})`)
    .join(', ')
  return new CliError('NOT_ENOUGH_SLOTS', `the given sources do not own slots ${text}`, {
    details: {slots: parts},
    suggestions: foreign.has('nobody') ? [] : ['--from all'],
  })
}

/**
 * Slots that somebody else left open, or is moving right now. A move must not start beside them.
 *
 * @param mine - slot -> target of moves that belong to the job at hand, which may be open
 * @param successor - who stands in for a target that failed over since its slots were opened
 * @returns one sentence per node; empty if there are none
 */
export function foreignOpenSlots(
  view: ClusterView,
  mine: ReadonlyMap<number, NodeId> = new Map(),
  successor: (id: NodeId) => NodeId = (id) => id,
): string[] {
  const byNode = new Map<string, {importing: number[]; migrating: number[]}>()
  for (const {node, peer, slot, state} of openSlotsOf(view)) {
    // From Valkey 8 on, replicas hold open what their primary does.
    const target = state === 'migrating' ? peer : (ownRecord(node)?.primaryId ?? node.id)
    if (mine.get(slot) === successor(target)) continue
    const name = nameNode(node)
    const lists = byNode.get(name) ?? {importing: [], migrating: []}
    lists[state].push(slot)
    byNode.set(name, lists)
  }
  return [...byNode].flatMap(([name, lists]) =>
    (['migrating', 'importing'] as const)
      .filter((state) => lists[state].length > 0)
      .map((state) => `${name} has ${state} slots ${renderRanges(rangesOf(lists[state]))}`),
  )
}
