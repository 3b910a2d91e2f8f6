import {CliError} from '../../kernel/errors.js'
import {renderAddress} from '../../model/address.js'
import {findNode, nameNode, openSlotsOf, ownersOf, ownRecord, primariesOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {countSlots, rangesOf, renderRanges, slotsOf} from '../../model/slot-set.js'
import type {Move, MovePlan} from '../../plan/moves/reshard-document.js'
import {heirsOf, targetsOf} from '../../plan/moves/successor.js'
import type {ObservedCluster} from '../observe.js'
import {judgeAgreement, settle} from '../settle.js'
import type {WirePool} from './wires.js'

/** Bound on the nodes coming to agree at the end: gossip takes a ping round, half the node timeout at most. */
const VERIFY_MS = 30_000

/**
 * Waits until every node agrees, the targets own what the plan gives them, and no primary holds any of it open.
 *
 * @throws {CliError} PLAN_PARTIAL, with what is missing
 */
export async function verifyMoves(cluster: ObservedCluster, plan: MovePlan): Promise<ClusterView> {
  const judge = (view: ClusterView): string[] => {
    const planned = targetsOf(view, plan)
    const owners = ownersOf(view)
    const missing = rangesOf(
      [...planned.keys()].sort((a, b) => a - b).filter((slot) => owners[slot] !== planned.get(slot)),
    )
    const open = openSlotsOf(view).filter(({node, slot}) => planned.has(slot) && ownRecord(node)?.role === 'primary')
    return [
      ...judgeAgreement(view),
      ...(missing.length > 0 ? [`slots ${renderRanges(missing)} are not at their target`] : []),
      ...open.map(({node, slot, state}) => `slot ${slot} is ${state} on ${nameNode(node)}`),
    ]
  }
  const {problems, state} = await settle(() => cluster.observe(), judge, {timeoutMs: VERIFY_MS})
  if (problems.length === 0) return state
  throw new CliError('PLAN_PARTIAL', `the move is not confirmed: ${problems.slice(0, 10).join('; ')}`, {
    details: {problems},
  })
}

/** Slots of the plan that replicas hold open though no primary does: one sentence per replica. */
export function stuckReplicas(view: ClusterView, plan: MovePlan): string[] {
  const planned = targetsOf(view, plan)
  const byNode = new Map<string, number[]>()
  for (const {node, slot} of openSlotsOf(view)) {
    if (!planned.has(slot) || ownRecord(node)?.role === 'primary') continue
    byNode.set(nameNode(node), [...(byNode.get(nameNode(node)) ?? []), slot])
  }
  return [...byNode].map(
    ([name, slots]) =>
      `${name}, a replica, still holds slots ${renderRanges(rangesOf(slots))} open; it lets go of them when it is ` +
      'given another primary',
  )
}

/** Targets whose slots two primaries share since a failover came between: one sentence each. */
export function splitTargets(view: ClusterView, plan: MovePlan): string[] {
  const targets = targetsOf(view, plan)
  return [...heirsOf(view, plan)].flatMap(([id, heir]) => {
    const [target, promoted] = [findNode(view, id), findNode(view, heir)]
    const ofTarget = rangesOf([...targets].flatMap(([slot, to]) => (to === id ? [slot] : [])).sort((a, b) => a - b))
    if (!target || !promoted || ofTarget.length === 0 || ![...targets.values()].includes(heir)) return []
    return [
      `${nameNode(promoted)} took the place of ${nameNode(target)}, which had just taken slots ${renderRanges(ofTarget)} and ` +
        `keeps them; shoal reshard ${renderAddress(promoted.address)} --from ${id} --to ${heir} ` +
        `--slots ${countSlots(ofTarget)} brings them together`,
    ]
  })
}

/** @throws {CliError} PLAN_PARTIAL if a source still holds keys of slots it gave away */
export async function countAtTargets(
  wires: WirePool,
  view: ClusterView,
  plan: MovePlan,
  moves: readonly Move[],
): Promise<number> {
  const targets = [...targetsOf(view, plan)]
  const counts = await Promise.all(
    [...new Set(targets.map(([, to]) => to))].map((id) =>
      wires.countKeys(
        id,
        targets.filter(([, to]) => to === id).map(([slot]) => slot),
      ),
    ),
  )
  // After an atomic migration the source trims what it gave away in the background.
  const {problems, state} = await settle(() => keysBehind(wires, view, moves), describeBehind, {timeoutMs: VERIFY_MS})
  if (problems.length === 0) return counts.reduce((sum, each) => sum + sumOf(each), 0)
  throw new CliError('PLAN_PARTIAL', `moved slots still hold ${problems.join(', ')}`, {details: {leftBehind: state}})
}

interface KeysBehind {
  readonly from: NodeId
  readonly keys: number
}

/** Sources that hold keys of slots they gave away. */
async function keysBehind(wires: WirePool, view: ClusterView, moves: readonly Move[]): Promise<KeysBehind[]> {
  const behind = await Promise.all(
    moves
      .filter(({from}) => isPrimary(view, from))
      .map(async ({from, slots}) => ({from, keys: sumOf(await wires.countKeys(from, slotsOf(slots)))})),
  )
  return behind.filter(({keys}) => keys > 0)
}

function describeBehind(behind: readonly KeysBehind[]): string[] {
  return behind.map(({from, keys}) => `${keys} keys at ${from}`)
}

function sumOf(counts: ReadonlyMap<number, number>): number {
  return [...counts.values()].reduce((a, b) => a + b, 0)
}

/** A source that gave away its last slot may replicate the target by now, keys and all. */
function isPrimary(view: ClusterView, id: NodeId): boolean {
  return primariesOf(view).some(({node}) => node.id === id)
}
