import {throwIfAborted} from '../../client/abort.js'
import {parseInfo} from '../../client/cluster-nodes.js'
import {type ConnectOptions, mapAddress} from '../../client/connect-options.js'
import {connectNode} from '../../client/node-connection.js'
import {NodeReplyError} from '../../client/reply-error.js'
import type {ClusterAccess, ClusterDriver, NodeFacts, ReplicaLink} from '../../environment/cluster-driver.js'
import type {Topology} from '../../environment/spec.js'
import {CliError} from '../../kernel/errors.js'
import type {Address} from '../../model/address.js'
import {renderAddress} from '../../model/address.js'
import {nameNode, ownRecord, replicasOf} from '../../model/cluster-map.js'
import {numberIn} from '../../model/cluster-members.js'
import type {ClusterView, NodeRecord, NodeView} from '../../model/cluster-view.js'
import {prepareCreate} from '../../operations/create.js'
import {applyCreate} from '../../operations/create-apply.js'
import {judgeJoined} from '../../operations/create-join.js'
import {ObservedCluster, readView} from '../../operations/observe.js'
import {judgeReady, requireSettled} from '../../operations/settle.js'

const TIMEOUT_MS = 5000
const DESCRIBE_TIMEOUT_MS = 1500
const SETTLE_TIMEOUT_MS = 30_000

/** Environments' way to speak to their nodes: `create` and the observations that all commands use. */
export const clusterDriver: ClusterDriver = {
  async form(access, replicas, signal) {
    await Promise.all(clustersIn(access).map((cluster) => form(cluster, replicas, signal)))
  },

  async settle(access, signal) {
    const settleOne = (cluster: ClusterAccess) =>
      (cluster.topology === 'cluster' ? settleAll : settleCopies)(cluster, signal)
    await Promise.all(clustersIn(access).map(settleOne))
  },

  async takeOver(access, replica, signal) {
    for (const cluster of clustersIn({...access, addresses: [replica]})) {
      const options = optionsOf(cluster, TIMEOUT_MS)
      const link = await connectNode(mapAddress(replica, options.addressMap), options, {signal})
      try {
        await link.call('CLUSTER', 'FAILOVER', 'TAKEOVER')
      } catch (error) {
        if (!(error instanceof NodeReplyError)) throw error
      } finally {
        link.close()
      }
    }
  },

  async describe(access, signal) {
    const asked = clustersIn(access).flatMap((cluster) => {
      const options = optionsOf(cluster, DESCRIBE_TIMEOUT_MS)
      return cluster.addresses.map((address) => factsOf(address, cluster.topology, options, signal))
    })
    return (await Promise.all(asked)).filter((fact) => fact !== undefined)
  },
}

/** Those that have some of the addresses, with these alone. */
function clustersIn(access: ClusterAccess): ClusterAccess[] {
  if (!access.clusters) return [access]
  const asked = new Set(access.addresses.map(renderAddress))
  return access.clusters
    .map((cluster) => ({...cluster, addresses: cluster.addresses.filter((each) => asked.has(renderAddress(each)))}))
    .filter(({addresses}) => addresses.length > 0)
}

async function form(access: ClusterAccess, replicasPerPrimary: number, signal: AbortSignal): Promise<void> {
  if (access.topology === 'replication') return settleCopies(access, signal)
  const {addresses, regions: zones, shards} = access
  // The nodes are new and nobody else's: nothing to ask, and their few primaries are no surprise.
  const request = {allowFewPrimaries: true, replicasPerPrimary, skipBusCheck: true, zones, ...(shards && {shards})}
  const prepared = await prepareCreate({...request, addresses}, optionsOf(access, TIMEOUT_MS), signal)
  let view: ClusterView
  try {
    view = await applyCreate(prepared, {joinTimeoutMs: SETTLE_TIMEOUT_MS, onProgress: () => undefined, signal})
  } catch (error) {
    if (!(error instanceof CliError && error.code === 'PLAN_PARTIAL')) throw error
    // `up` does not continue half a cluster, it clears it away.
    throw new CliError('TIMED_OUT', error.message, {cause: error, details: error.details})
  } finally {
    prepared.close()
  }
  // `create` is content with replicas that are on their way.
  if (judgeCopies(view).length > 0) await settleAll(access, signal)
}

async function settleAll(access: ClusterAccess, signal: AbortSignal): Promise<void> {
  const [seed] = access.addresses
  if (!seed) return
  const cluster = new ObservedCluster(seed, optionsOf(access, TIMEOUT_MS))
  try {
    await requireSettled('agreement of all nodes', () => cluster.observe(signal), judgeWhole(access.addresses), {
      signal,
      timeoutMs: SETTLE_TIMEOUT_MS,
    })
  } finally {
    cluster.close()
  }
}

/** Judge: every node is there, linked to all others, and ready; replicas have their copies. */
function judgeWhole(addresses: readonly Address[]): (view: ClusterView) => string[] {
  return (view) => {
    // By what each announces: it may have been reached elsewhere.
    const seen = new Set(view.nodes.map((node) => renderAddress(ownRecord(node)?.address ?? node.address)))
    const missing = addresses.map(renderAddress).filter((name) => !seen.has(name))
    return [
      ...missing.map((name) => `${name} is missing`),
      ...judgeJoined(view.nodes),
      ...judgeReady(view),
      ...judgeCopies(view),
    ]
  }
}

/** Judge: every replica is in sync. */
function judgeCopies(view: ClusterView): string[] {
  return replicasOf(view)
    .filter(({node}) => linkOf(node) !== 'up')
    .map(({node}) => `${nameNode(node)} has not got its primary's data`)
}

function linkOf({info}: NodeView): ReplicaLink {
  return linkIn(info)
}

function linkIn(info: ReadonlyMap<string, string>): ReplicaLink {
  if (info.get('master_link_status') === 'up') return 'up'
  return info.get('master_sync_in_progress') === '1' ? 'syncing' : 'down'
}

async function factsOf(
  address: Address,
  topology: Topology,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<NodeFacts | undefined> {
  try {
    const link = await connectNode(mapAddress(address, options.addressMap), options, {signal})
    try {
      if (topology === 'replication') return replicationFacts(address, parseInfo(String(await link.call('INFO'))))
      const view = await readView(link)
      const own = ownRecord(view)
      return own && factsIn(address, view, own)
    } finally {
      link.close()
    }
  } catch {
    throwIfAborted(signal)
    return undefined
  }
}

function factsIn(address: Address, view: NodeView, {primaryId, role, slots}: NodeRecord): NodeFacts {
  const state = view.clusterInfo.get('cluster_state') ?? 'unknown'
  const offset = numberIn(view.info, role === 'primary' ? 'master_repl_offset' : 'slave_repl_offset')
  const facts = {address, role, slots, state, ...(offset !== undefined && {offset})}
  if (role === 'primary') return facts
  const primary = view.records.find(({id}) => id === primaryId)?.address
  return {...facts, link: linkOf(view), ...(primary && {primary})}
}

/** Without cluster: all nodes answer, and every replica has its copy. */
async function settleCopies(access: ClusterAccess, signal: AbortSignal): Promise<void> {
  const look = () => clusterDriver.describe(access, signal)
  const judge = (facts: readonly NodeFacts[]): string[] => [
    ...access.addresses
      .filter((address) => !facts.some((fact) => renderAddress(fact.address) === renderAddress(address)))
      .map((address) => `${renderAddress(address)} does not answer`),
    ...facts
      .filter(({link, role}) => role === 'replica' && link !== 'up')
      .map(({address}) => `${renderAddress(address)} has not got its primary's data`),
  ]
  await requireSettled('replicas in sync', look, judge, {signal, timeoutMs: SETTLE_TIMEOUT_MS})
}

function replicationFacts(address: Address, info: ReadonlyMap<string, string>): NodeFacts {
  const role = info.get('role') === 'slave' ? 'replica' : 'primary'
  const offset = numberIn(info, role === 'primary' ? 'master_repl_offset' : 'slave_repl_offset')
  const facts = {address, role, slots: [], state: 'ok', ...(offset !== undefined && {offset})} as const
  const host = info.get('master_host')
  if (role === 'primary' || host === undefined) return facts
  return {...facts, link: linkIn(info), primary: {host, port: Number(info.get('master_port'))}}
}

function optionsOf({addressMap, password}: ClusterAccess, timeoutMs: number): ConnectOptions {
  return {timeoutMs, ...(addressMap.size > 0 && {addressMap}), ...(password !== undefined && {password})}
}
