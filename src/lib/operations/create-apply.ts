import {throwIfAborted} from '../client/abort.js'
import {NodeReplyError} from '../client/reply-error.js'
import {CliError, messageOf} from '../kernel/errors.js'
import {findNode, nameNode, ownRecord, replicaStateAt} from '../model/cluster-map.js'
import type {ClusterView, NodeView} from '../model/cluster-view.js'
import {slotsOf} from '../model/slot-set.js'
import type {CreatePlan, PlannedShard} from '../plan/create.js'
import {viewOfCandidates} from '../plan/create-standing.js'
import {NEEDED} from '../plan/permissions/needed-commands.js'
import type {PreparedCreate} from './create.js'
import {joinNodes, partial, viewsOf} from './create-join.js'
import {requirePermissions} from './permissions.js'
import type {ProbedNode} from './preflight.js'
import {judgeAgreement, judgeReady, settle} from './settle.js'

export interface ApplyCreateOptions {
  /** Bound on the nodes finding each other, and again on replicas and readiness. Milliseconds. */
  readonly joinTimeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** Told what is being done, one line at a time. */
  readonly onProgress: (text: string) => void
}

/**
 * Looks whether the user may do what the plan takes, at every node.
 *
 * @throws {CliError} PREFLIGHT_FAILED
 */
export function requireCreatable({nodes, plan}: PreparedCreate, login: string | undefined): Promise<void> {
  const primaries = new Set(plan.shards.map(({primary}) => primary.address))
  const needs = [...nodes].map(([name, {connection, view}]) => {
    const own = primaries.has(name) ? NEEDED.addSlots : NEEDED.replicate
    return {id: view.id, connection, needed: [NEEDED.meet, NEEDED.setConfigEpoch, own]}
  })
  return requirePermissions(needs, login)
}

/**
 * Makes the planned cluster. Each step does only what is not done yet, so that after any failure the same call continues.
 *
 * Order: slots, epochs, introductions, wait until all know all, replicas, wait until all agree and report ok.
 *
 * @returns the final view: all nodes agree, all report `cluster_state:ok`
 * @throws {CliError} PLAN_PARTIAL naming the step, and for waits who cannot reach whom; INTERRUPTED
 */
export async function applyCreate(prepared: PreparedCreate, options: ApplyCreateOptions): Promise<ClusterView> {
  const {plan, nodes} = prepared
  const {onProgress, signal} = options
  try {
    throwIfAborted(signal)
    onProgress(`Assigning ${plan.shards.length} ranges of slots`)
    await Promise.all(plan.shards.map((shard) => assignSlots(shard, nodeNamed(nodes, shard.primary.address))))
    await setEpochs(plan, nodes)
    throwIfAborted(signal)
    onProgress(`Introducing ${nodes.size} nodes to each other`)
    await joinNodes([...nodes.values()], options)
    const replicaCount = nodes.size - plan.shards.length
    if (replicaCount > 0) onProgress(`Attaching ${replicaCount} replicas`)
    await attachReplicas(plan, nodes, signal)
    onProgress('Waiting until all nodes agree and report ok (redis-server takes up to 5 s)')
    return await awaitReady(plan, nodes, options)
  } catch (error) {
    if (error instanceof CliError && error.code === 'PLAN_PARTIAL') throw error
    if (error instanceof CliError && error.code === 'INTERRUPTED') {
      throw new CliError('INTERRUPTED', 'interrupted; the same command continues where it stopped')
    }
    if (!(error instanceof CliError || error instanceof NodeReplyError)) throw error
    throw partial(messageOf(error), error)
  }
}

function nodeNamed(nodes: ReadonlyMap<string, ProbedNode>, name: string): ProbedNode {
  return nodes.get(name) as ProbedNode
}

async function assignSlots({slots}: PlannedShard, {connection, view}: ProbedNode): Promise<void> {
  const owned = new Set(slotsOf(ownRecord(view)?.slots ?? []))
  const missing = slotsOf([slots]).filter((slot) => !owned.has(slot))
  if (missing.length === 0) return
  try {
    await connection.call('CLUSTER', 'ADDSLOTS', ...missing)
  } catch (error) {
    throw partial(`${connection.name} did not take its slots: ${messageOf(error)}`, error)
  }
}

/**
 * Primaries first, so that their epochs are 1, 2, 3, ...: no two claim slots with the same one. Nodes that have an epoch or
 * have met others already are left alone; Redis itself resolves what may collide then.
 */
async function setEpochs({shards}: CreatePlan, nodes: ReadonlyMap<string, ProbedNode>): Promise<void> {
  const order = [...shards.map(({primary}) => primary), ...shards.flatMap(({replicas}) => replicas)]
  await Promise.all(
    order.map(async ({address}, index) => {
      const {connection, view} = nodeNamed(nodes, address)
      if (view.records.length > 1 || (ownRecord(view)?.configEpoch ?? 0) > 0) return
      try {
        await connection.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
      } catch (error) {
        throw partial(`${connection.name} did not take its config epoch: ${messageOf(error)}`, error)
      }
    }),
  )
}

async function attachReplicas(
  {shards}: CreatePlan,
  nodes: ReadonlyMap<string, ProbedNode>,
  signal: AbortSignal | undefined,
): Promise<void> {
  throwIfAborted(signal)
  const pairs = shards.flatMap(({primary, replicas}) =>
    replicas.map(({address}) => [primary.address, address] as const),
  )
  await Promise.all(
    pairs.map(async ([primaryName, replicaName]) => {
      const primaryId = nodeNamed(nodes, primaryName).view.id
      const {connection, view} = nodeNamed(nodes, replicaName)
      if (ownRecord(view)?.primaryId === primaryId) return
      try {
        await connection.call('CLUSTER', 'REPLICATE', primaryId)
      } catch (error) {
        throw partial(`${replicaName} did not become a replica of ${primaryName}: ${messageOf(error)}`, error)
      }
    }),
  )
}

async function awaitReady(
  plan: CreatePlan,
  nodes: ReadonlyMap<string, ProbedNode>,
  {joinTimeoutMs, signal}: ApplyCreateOptions,
): Promise<ClusterView> {
  const look = async () => {
    const views = await viewsOf([...nodes.values()])
    return viewOfCandidates([...nodes.keys()].map((name, index) => ({name, view: views[index] as NodeView})))
  }
  const judge = (view: ClusterView) => [...judgeReady(view), ...judgeReplicas(plan, nodes, view)]
  const {state, problems} = await settle(look, judge, {timeoutMs: joinTimeoutMs, signal})
  if (problems.length === 0) return state
  const text = `the cluster was formed but is not ready after ${joinTimeoutMs} ms: ${problems.join('; ')}`
  throw partial(text, undefined, {problems, agreed: judgeAgreement(state).length === 0})
}

/** Every node must see every planned replica under its primary, and the replica must be connected to it. */
function judgeReplicas(plan: CreatePlan, nodes: ReadonlyMap<string, ProbedNode>, view: ClusterView): string[] {
  return plan.shards.flatMap(({primary, replicas}) => {
    const primaryId = nodeNamed(nodes, primary.address).view.id
    return replicas.flatMap(({address}) => {
      const replicaId = nodeNamed(nodes, address).view.id
      const unaware = view.nodes.filter(({records}) => {
        const record = records.find(({id}) => id === replicaId)
        return record?.role !== 'replica' || record.primaryId !== primaryId
      })
      if (unaware.length > 0) {
        return [`${unaware.map(nameNode).join(', ')} does not see ${address} as a replica of ${primary.address}`]
      }
      // Being on the primary's list is as good as done: there is no data yet, and redis-server waits 5 s to send that.
      const replica = findNode(view, replicaId)
      const own = replica && ownRecord(replica)
      const primaryView = findNode(view, primaryId)
      const listed = primaryView && own && replicaStateAt(primaryView, own) !== undefined
      const attached = listed || replica?.info.get('master_link_status') !== 'down'
      return attached ? [] : [`${address} has not connected to ${primary.address}`]
    })
  })
}
