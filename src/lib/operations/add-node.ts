import type {ConnectOptions} from '../client/connect-options.js'
import {NodeReplyError} from '../client/reply-error.js'
import {CliError, messageOf} from '../kernel/errors.js'
import type {Address} from '../model/address.js'
import {findNode, nameNode, ownRecord, primariesOf, replicaStateAt} from '../model/cluster-map.js'
import type {ClusterView} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {type AddNodePlan, type AddNodeRequest, planAddNode} from '../plan/add-node.js'
import {NEEDED} from '../plan/permissions.js'
import {joinNodes, partial} from './create-join.js'
import {driftOf} from './drift.js'
import {requireHealthy, settledView} from './fitness.js'
import type {ObservedCluster} from './observe.js'
import {requirePermissions} from './permissions.js'
import {type ProbedNode, probeNodes} from './preflight.js'
import {judgeReady, settle} from './settle.js'

export interface PreparedAddNode {
  readonly plan: AddNodePlan
  readonly newcomer: ProbedNode
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
    const warnings = plan.steps.length > 0 ? await driftOf(cluster, newcomer) : []
    return {plan, newcomer, warnings, close}
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
export function requireAddable(cluster: ObservedCluster, {newcomer, plan}: PreparedAddNode): Promise<void> {
  const meet = plan.steps.includes('meet') ? [NEEDED.meet] : []
  const replicate = plan.steps.includes('replicate') ? [NEEDED.replicate] : []
  const members = [...cluster.connections].map(([id, connection]) => ({id, connection, needed: meet}))
  const own = {id: newcomer.view.id, connection: newcomer.connection, needed: [...meet, ...replicate]}
  return requirePermissions([own, ...members], cluster.options.username)
}

/**
 * Carries the plan out, each step only if it is not done yet, and waits until every node, the new one included, sees the
 * same cluster and reports it as ok; a move of slots may start at once.
 *
 * @throws {CliError} PLAN_PARTIAL naming the step; the same command continues. INTERRUPTED
 */
export async function addNode(
  cluster: ObservedCluster,
  {newcomer, plan}: PreparedAddNode,
  {joinTimeoutMs, onProgress, signal}: AddNodeOptions,
): Promise<ClusterView> {
  if (plan.steps.includes('functions')) await copyFunctions(cluster, newcomer)
  if (plan.steps.includes('meet')) {
    onProgress('Introducing the node')
    const others = membersOf(cluster).filter(({view}) => view.id !== newcomer.view.id)
    await joinNodes([newcomer, ...others], {joinTimeoutMs, signal})
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

/** Functions live on every primary; a replica gets its primary's. */
async function copyFunctions(cluster: ObservedCluster, {connection}: ProbedNode): Promise<void> {
  const from = primariesOf(cluster.view)[0]
  if (!from) return
  const source = cluster.connectionTo(from.node.id)
  const [present] = await connection.pipeline([['FUNCTION', 'LIST']])
  // Before 7.0 there are none.
  if (present instanceof NodeReplyError) return
  if (Array.isArray(present) && present.length > 0) return
  const [libraries] = await source.pipeline([['FUNCTION', 'LIST']])
  if (!Array.isArray(libraries) || libraries.length === 0) return
  try {
    const dump = (await source.callBuffer('FUNCTION', 'DUMP')) as Buffer
    await connection.call('FUNCTION', 'RESTORE', dump)
  } catch (error) {
    throw partial(`the functions were not copied to ${connection.name}: ${messageOf(error)}`, error)
  }
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
