import {dissentsOf, keyCountInAll, nameNode, ownersOf, ownRecord, uncoveredSlots} from '../model/cluster-map.js'
import type {ClusterView, NodeRecord, NodeView} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {shortId} from '../model/node-id.js'
import {renderRanges, type SlotRange} from '../model/slot-set.js'
import type {CreatePlan, PlannedShard} from './create.js'

/** A node that answered, under the name the plan has for it. */
export interface Candidate {
  /** HOST:PORT as in the plan. */
  readonly name: string
  readonly view: NodeView
}

/** Why a node cannot become part of a new cluster. */
export interface NodeProblem {
  /** HOST:PORT. */
  readonly address: string
  readonly code: 'has-keys' | 'owns-slots' | 'knows-others' | 'other-role' | 'given-twice'
  readonly message: string
}

export type Standing =
  /** Untouched nodes. */
  | {readonly kind: 'fresh'}
  /** An earlier run was cut short; its work fits the plan and only the rest is to be done. */
  | {readonly kind: 'started'}
  /** These nodes are a complete cluster of this size already. */
  | {readonly kind: 'formed'}
  | {readonly kind: 'refused'; readonly problems: readonly NodeProblem[]}

/**
 * How far the nodes are on their way to the planned cluster.
 *
 * A complete cluster of exactly these nodes, with as many primaries and replicas as planned, counts as formed even if
 * roles or slots have moved since: a script may run `create` again after a failover or a reshard.
 */
export function standingOf(plan: CreatePlan, candidates: readonly Candidate[]): Standing {
  const twice = givenTwice(candidates)
  if (twice.length > 0) return {kind: 'refused', problems: twice}
  const ids = new Set(candidates.map(({view}) => view.id))
  if (isFormed(plan, candidates, ids)) return {kind: 'formed'}
  const idOf = new Map(candidates.map(({name, view}) => [name, view.id]))
  const problems = candidates.flatMap((candidate) => problemsOf(candidate, plan, idOf, ids))
  if (problems.length > 0) return {kind: 'refused', problems}
  return {kind: candidates.every(({view}) => isUntouched(view)) ? 'fresh' : 'started'}
}

function givenTwice(candidates: readonly Candidate[]): NodeProblem[] {
  return candidates.flatMap(({name, view}, index) => {
    const first = candidates.findIndex((other) => other.view.id === view.id)
    if (first === index) return []
    const message = `${name} is the same node as ${candidates[first]?.name}`
    return [{address: name, code: 'given-twice' as const, message}]
  })
}

function isUntouched({records}: NodeView): boolean {
  return records.length === 1 && records[0]?.slots.length === 0
}

function isFormed(plan: CreatePlan, candidates: readonly Candidate[], ids: ReadonlySet<NodeId>): boolean {
  const view = viewOfCandidates(candidates)
  if (!candidates.every(({view: {records}}) => records.length === ids.size && records.every(({id}) => ids.has(id)))) {
    return false
  }
  const owners = candidates.filter(({view: node}) => (ownRecord(node)?.slots.length ?? 0) > 0)
  const replicas = candidates.filter(({view: node}) => ownRecord(node)?.role === 'replica')
  return (
    owners.length === plan.shards.length &&
    owners.length + replicas.length === candidates.length &&
    uncoveredSlots(ownersOf(view)).length === 0 &&
    dissentsOf(view).length === 0
  )
}

/** The candidates as a cluster under observation, whether or not they have met. */
export function viewOfCandidates(candidates: readonly Candidate[]): ClusterView {
  const nodes = candidates.map(({view}) => view)
  return {nodes, unreachable: [], seed: (nodes[0] as NodeView).address}
}

function problemsOf(
  {name, view}: Candidate,
  plan: CreatePlan,
  idOf: ReadonlyMap<string, NodeId>,
  ids: ReadonlySet<NodeId>,
): NodeProblem[] {
  const own = ownRecord(view)
  if (!own) return []
  const problems: NodeProblem[] = []
  const report = (code: NodeProblem['code'], text: string) =>
    problems.push({address: name, code, message: `${name} ${text}`})

  const strangers = view.records.filter(({id, handshake}) => !handshake && !ids.has(id))
  if (strangers.length > 0) {
    const shown = strangers.slice(0, 3).map(nameNode).join(', ')
    const more = strangers.length > 3 ? ` and ${strangers.length - 3} more` : ''
    report('knows-others', `belongs to a cluster already: it knows ${shown}${more}`)
  }
  const shard = plan.shards.find(({primary}) => primary.address === name)
  if (!isWithin(own.slots, shard?.slots)) report('owns-slots', `owns slots already: ${renderRanges(own.slots)}`)
  if (own.role === 'replica' && !isPlannedReplica(own, name, plan.shards, idOf)) {
    report('other-role', `is a replica already, of ${own.primaryId ? shortId(own.primaryId) : 'an unknown primary'}`)
  }
  const keys = keyCountInAll(view)
  if (keys > 0) report('has-keys', `is not empty: it holds ${keys} ${keys === 1 ? 'key' : 'keys'}`)
  return problems
}

function isWithin(slots: readonly SlotRange[], share: SlotRange | undefined): boolean {
  return slots.every(({first, last}) => share !== undefined && first >= share.first && last <= share.last)
}

function isPlannedReplica(
  own: NodeRecord,
  name: string,
  shards: readonly PlannedShard[],
  idOf: ReadonlyMap<string, NodeId>,
): boolean {
  const shard = shards.find(({replicas}) => replicas.some(({address}) => address === name))
  return shard !== undefined && idOf.get(shard.primary.address) === own.primaryId
}
