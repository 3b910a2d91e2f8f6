import {throwIfAborted} from '../client/abort.js'
import {NodeReplyError} from '../client/reply-error.js'
import {CliError, messageOf} from '../kernel/errors.js'
import {BUS_PORT_OFFSET, renderAddress} from '../model/address.js'
import {findNode, nameNode, ownRecord, replicaStateAt} from '../model/cluster-map.js'
import type {ClusterView, NodeRecord, NodeView} from '../model/cluster-view.js'
import {slotsOf} from '../model/slot-set.js'
import type {CreatePlan, PlannedShard} from '../plan/create.js'
import {viewOfCandidates} from '../plan/create-standing.js'
import type {PreparedCreate} from './create.js'
import {readView} from './observe.js'
import type {ProbedNode} from './preflight.js'
import {judgeAgreement, judgeReady, settle} from './settle.js'

export interface ApplyCreateOptions {
  /** Bound on the nodes finding each other, and again on replicas and readiness. Milliseconds. */
  readonly joinTimeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** Told what is being done, one line at a time. */
  readonly onProgress: (text: string) => void
}

/** Up to this many nodes everybody is introduced to everybody, which saves gossip rounds. */
const FULL_MESH_MAX = 32
/** A handshake that nobody answered is forgotten after a while; introduce again. Milliseconds. */
const MEET_AGAIN_MS = 3000

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

function partial(message: string, cause?: unknown, details: Readonly<Record<string, unknown>> = {}): CliError {
  return new CliError('PLAN_PARTIAL', message, {
    cause,
    details: {...details, ...(cause instanceof CliError && {cause: cause.code})},
    suggestions: ['Solve the problem, then run the same command again; it continues where it stopped.'],
  })
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

/** Introduces whoever does not know whom, until all know all. */
async function joinNodes(nodes: readonly ProbedNode[], {joinTimeoutMs, signal}: ApplyCreateOptions): Promise<void> {
  let introducedMs = Number.NEGATIVE_INFINITY
  const look = async (): Promise<NodeView[]> => {
    const views = await viewsOf(nodes)
    if (performance.now() - introducedMs >= MEET_AGAIN_MS && judgeJoined(views).length > 0) {
      introducedMs = performance.now()
      await introduce(nodes, views)
    }
    return views
  }
  const {problems} = await settle(look, judgeJoined, {timeoutMs: joinTimeoutMs, signal})
  if (problems.length === 0) return
  throw partial(`the nodes did not find each other within ${joinTimeoutMs} ms: ${problems.join('; ')}`, undefined, {
    problems,
  })
}

async function introduce(nodes: readonly ProbedNode[], views: readonly NodeView[]): Promise<void> {
  const hosts = nodes.length <= FULL_MESH_MAX ? nodes : nodes.slice(0, 1)
  await Promise.all(
    hosts.map(async ({connection}, index) => {
      const known = new Set(views[index]?.records.filter(({handshake}) => !handshake).map(({id}) => id))
      const strangers = nodes.filter(({view}, other) => other > index && !known.has(view.id))
      const replies = await connection.pipeline(strangers.map(meetCommand))
      const refused = replies.find((reply) => reply instanceof NodeReplyError)
      if (refused) throw partial(`${connection.name} refused to meet another node: ${messageOf(refused)}`, refused)
    }),
  )
}

function meetCommand({host, address, view}: ProbedNode): ['CLUSTER', ...(string | number)[]] {
  const busPort = ownRecord(view)?.busPort ?? address.port + BUS_PORT_OFFSET
  const meet: ['CLUSTER', ...(string | number)[]] = ['CLUSTER', 'MEET', host, address.port]
  return busPort === address.port + BUS_PORT_OFFSET ? meet : [...meet, busPort]
}

/** Who cannot reach whom, one sentence per node that misses others. */
export function judgeJoined(views: readonly NodeView[]): string[] {
  return views.flatMap((view) => {
    const records = new Map<string, NodeRecord>(view.records.map((record) => [record.id, record]))
    const missing = views.filter((other) => {
      const record = records.get(other.id)
      return !record?.linked || record.handshake
    })
    if (missing.length === 0) return []
    const whom = missing.map((other) => `${renderAddress(other.address)} (bus port ${ownRecord(other)?.busPort})`)
    return [`${renderAddress(view.address)} cannot reach ${whom.join(', ')}`]
  })
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

function viewsOf(nodes: readonly ProbedNode[]): Promise<NodeView[]> {
  return Promise.all(nodes.map(({connection}) => readView(connection)))
}
