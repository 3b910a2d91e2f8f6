import type {ConnectOptions} from '../client/connect-options.js'
import {CliError, messageOf} from '../kernel/errors.js'
import type {Address} from '../model/address.js'
import {findNode, nameNode, ownRecord, replicaStateAt} from '../model/cluster-map.js'
import type {ClusterView} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {type AddNodePlan, type AddNodeRequest, planAddNode} from '../plan/add-node.js'
import {planRebalance, type RebalanceRequest} from '../plan/moves/rebalance.js'
import {neededToAdd} from '../plan/permissions/change-permissions.js'
import {joinNodes, partial} from './create-join.js'
import {driftOf} from './drift.js'
import {requireHealthy, settledView} from './fitness.js'
import {meetMembers} from './meet-newcomer.js'
import type {Transfer} from './migration/types.js'
import {costOf} from './move-cost.js'
import {requireMovable} from './move-preflight.js'
import {bringFunctions, dropFunctions, findDonor} from './newcomer-functions.js'
import type {ObservedCluster} from './observe.js'
import {requireNeeds} from './permissions.js'
import {type ProbedNode, probeNodes} from './preflight.js'
import {judgeReady, settle} from './settle.js'

export interface PreparedAddNode {
  readonly plan: AddNodePlan
  readonly newcomer: ProbedNode
  /** Whose functions it gets; undefined if there are none to bring. */
  readonly donor?: NodeId | undefined
  /** What the operator should know before saying yes. */
  readonly warnings: readonly string[]
  close(): void
}

export interface AddNodeOptions {
  /** Bound on the nodes finding each other, and again on all agreeing. Milliseconds. */
  readonly joinTimeoutMs: number
  readonly signal: AbortSignal
  /** Told what is being done, one line at a time. */
  readonly onProgress: (text: string) => void
  /** Whether a newcomer that finds nobody is forgotten again, so that nothing was changed. */
  readonly takeBack: boolean
}

/**
 * Looks at a node and the cluster it is to join. Changes nothing.
 *
 * @throws {CliError} as `planAddNode`; UNREACHABLE, AUTH_FAILED, NOT_CLUSTER_MODE or PREFLIGHT_FAILED of the node;
 *   CLUSTER_UNHEALTHY, NODES_DISAGREE of the cluster
 */
export async function prepareAddNode(
  cluster: ObservedCluster,
  address: Address,
  request: AddNodeRequest,
  {connect, probeBus, signal}: {connect: ConnectOptions; probeBus: boolean; signal: AbortSignal},
): Promise<PreparedAddNode> {
  const [newcomer] = (await probeNodes([address], {connect, probeBus, signal})) as [ProbedNode]
  const close = () => newcomer.connection.close()
  try {
    planAddNode(cluster.view, newcomer.view, request)
    requireHealthy(await settledView(cluster, signal))
    const plan = planAddNode(cluster.view, newcomer.view, request)
    const drift = plan.steps.length > 0 ? await driftOf(cluster, newcomer) : []
    const donor = plan.steps.includes('functions') ? await findDonor(cluster) : {warnings: []}
    return {plan, newcomer, donor: donor.id, warnings: [...drift, ...donor.warnings], close}
  } catch (error) {
    close()
    throw error
  }
}

/**
 * Looks whether the user may do what the plan takes, at the newcomer and the members.
 *
 * @throws {CliError} PREFLIGHT_FAILED
 */
export function requireAddable(
  {connections, options}: ObservedCluster,
  {donor, newcomer, plan}: PreparedAddNode,
): Promise<void> {
  const all = new Map([...connections, [newcomer.view.id, newcomer.connection]])
  return requireNeeds({connections: all, options}, neededToAdd(plan, [...connections.keys()], donor))
}

/** The request that gives a node its share of the slots. */
export function fairShare(id: NodeId): RebalanceRequest {
  return {weights: new Map([[id, 1]]), useEmptyPrimaries: false, thresholdPercent: 2}
}

/**
 * Looks whether a newcomer can be given its share of the slots, before it has joined: afterwards a refusal would leave it
 * there without. What may be warned of is told when the move is planned on the cluster as it is then.
 *
 * @throws {CliError} PREFLIGHT_FAILED
 */
export async function requireFillable(
  {options, view}: ObservedCluster,
  {newcomer}: PreparedAddNode,
  transfer: Transfer,
): Promise<void> {
  const joined = {options, view: {...view, nodes: [...view.nodes, newcomer.view]}}
  const {moves} = planRebalance(joined.view, fairShare(newcomer.view.id))
  await requireMovable(joined, await costOf(joined, moves), transfer)
}

/**
 * Carries the plan out, each step only if it is not done yet, and waits until every node, the new one included, sees the
 * same cluster and reports it as ok; a move of slots may start at once.
 *
 * @throws {CliError} PREFLIGHT_FAILED as `meetMembers`, if it may be taken back; PLAN_PARTIAL naming the step; the same
 *   command continues. INTERRUPTED
 */
export async function addNode(
  cluster: ObservedCluster,
  {newcomer, plan}: PreparedAddNode,
  {joinTimeoutMs, onProgress, signal, takeBack}: AddNodeOptions,
): Promise<ClusterView> {
  const gotFunctions = plan.steps.includes('functions') && (await bringFunctions(cluster, newcomer))
  if (plan.steps.includes('meet')) {
    onProgress('Introducing the node')
    const others = membersOf(cluster).filter(({view}) => view.id !== newcomer.view.id)
    const bound = {joinTimeoutMs, signal}
    if (takeBack) await meetMembers(newcomer, others, bound, async () => !gotFunctions || dropFunctions(newcomer))
    else await joinNodes([newcomer, ...others], bound)
  }
  if (plan.primary !== undefined && plan.steps.includes('replicate')) {
    onProgress('Attaching the replica')
    await replicate(newcomer, plan.primary, {timeoutMs: joinTimeoutMs, signal})
  }
  onProgress('Waiting until all nodes agree')
  const {problems, state} = await settle(
    () => cluster.observe(signal),
    (view) => judgeAdded(view, plan),
    {timeoutMs: joinTimeoutMs, signal},
  )
  if (problems.length === 0) return state
  throw partial(`the node has joined, but after ${joinTimeoutMs} ms ${problems.join('; ')}`, undefined, {problems})
}

/** The nodes that answered, as those that introduce a newcomer. */
export function membersOf(cluster: ObservedCluster): ProbedNode[] {
  return cluster.view.nodes.map((view) => {
    const own = ownRecord(view)
    const connection = cluster.connectionTo(view.id)
    const address = own && own.address.host !== '' ? own.address : view.address
    return {address, host: own?.address.host || (connection.remoteIp ?? view.address.host), connection, view}
  })
}

/** A node takes a primary only once it knows it as one, which gossip may be late with. */
async function replicate(
  {connection}: ProbedNode,
  primary: NodeId,
  options: {timeoutMs: number; signal: AbortSignal},
): Promise<void> {
  const attempt = async () => (await connection.pipeline([['CLUSTER', 'REPLICATE', primary]]))[0]
  const {problems} = await settle(attempt, (reply) => (reply === 'OK' ? [] : [messageOf(reply)]), options)
  if (problems.length > 0) throw partial(`${connection.name} did not become a replica: ${problems.join('; ')}`)
}

function judgeAdded(view: ClusterView, plan: AddNodePlan): string[] {
  const node = findNode(view, plan.node)
  if (!node) return ['the new node is not seen']
  const unaware = view.nodes
    .filter(({records}) => {
      const record = records.find(({id}) => id === plan.node)
      return record?.role !== plan.role || record.primaryId !== plan.primary
    })
    .map((each) => `${nameNode(each)} does not see it as a ${plan.role}`)
  return [...judgeReady(view), ...unaware, ...judgeSync(view, plan)]
}

function judgeSync(view: ClusterView, plan: AddNodePlan): string[] {
  const node = findNode(view, plan.node)
  const primary = plan.primary && findNode(view, plan.primary)
  const own = node && ownRecord(node)
  if (!node || !primary || !own) return []
  if (node.info.get('master_link_status') === 'up' && replicaStateAt(primary, own) === 'online') return []
  return [`${nameNode(node)} is not in sync with ${nameNode(primary)}`]
}

/** @throws {CliError} BAD_FLAG if the newcomer is the seed */
export function requireTwoNodes(newcomer: Address, seed: Address): void {
  if (newcomer.host !== seed.host || newcomer.port !== seed.port) return
  throw new CliError('BAD_FLAG', 'the new node and the seed are the same; the seed is a node of the cluster to join')
}
