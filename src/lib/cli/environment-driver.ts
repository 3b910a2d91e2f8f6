import {throwIfAborted} from '../client/abort.js'
import type {ConnectOptions} from '../client/connect-options.js'
import {connectNode} from '../client/node-connection.js'
import type {ClusterAccess, ClusterDriver, NodeFacts} from '../environment/cluster-driver.js'
import {CliError} from '../kernel/errors.js'
import type {Address} from '../model/address.js'
import {renderAddress} from '../model/address.js'
import {ownRecord} from '../model/cluster-map.js'
import type {ClusterView} from '../model/cluster-view.js'
import {prepareCreate} from '../operations/create.js'
import {applyCreate} from '../operations/create-apply.js'
import {judgeJoined} from '../operations/create-join.js'
import {ObservedCluster, readView} from '../operations/observe.js'
import {judgeReady, requireSettled} from '../operations/settle.js'

const TIMEOUT_MS = 5000
const DESCRIBE_TIMEOUT_MS = 1500
const SETTLE_TIMEOUT_MS = 30_000

/** Environments' way to speak to their nodes: `create` and the observations that all commands use. */
export const clusterDriver: ClusterDriver = {
  async form(access, signal) {
    // The nodes are new and nobody else's: nothing to ask, and their few primaries are no surprise.
    const request = {allowFewPrimaries: true, replicasPerPrimary: 0, skipBusCheck: true, zones: new Map()}
    const {addresses} = access
    const prepared = await prepareCreate({...request, addresses}, optionsOf(access, TIMEOUT_MS), signal)
    try {
      await applyCreate(prepared, {joinTimeoutMs: SETTLE_TIMEOUT_MS, onProgress: () => undefined, signal})
    } catch (error) {
      if (!(error instanceof CliError && error.code === 'PLAN_PARTIAL')) throw error
      // `up` does not continue half a cluster, it clears it away.
      throw new CliError('TIMED_OUT', error.message, {cause: error, details: error.details})
    } finally {
      prepared.close()
    }
  },

  settle: settleAll,

  async describe(access, signal) {
    const options = optionsOf(access, DESCRIBE_TIMEOUT_MS)
    const facts = await Promise.all(access.addresses.map((address) => factsOf(address, options, signal)))
    return facts.filter((fact) => fact !== undefined)
  },
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

/** Judge: every node is there, linked to all others, and ready. */
function judgeWhole(addresses: readonly Address[]): (view: ClusterView) => string[] {
  return (view) => {
    const seen = new Set(view.nodes.map(({address}) => renderAddress(address)))
    const missing = addresses.map(renderAddress).filter((name) => !seen.has(name))
    return [...missing.map((name) => `${name} is missing`), ...judgeJoined(view.nodes), ...judgeReady(view)]
  }
}

async function factsOf(address: Address, options: ConnectOptions, signal: AbortSignal): Promise<NodeFacts | undefined> {
  try {
    const link = await connectNode(address, options, {signal})
    try {
      const view = await readView(link)
      const own = ownRecord(view)
      const state = view.clusterInfo.get('cluster_state') ?? 'unknown'
      return own && {address, role: own.role, slots: own.slots, state}
    } finally {
      link.close()
    }
  } catch {
    throwIfAborted(signal)
    return undefined
  }
}

function optionsOf({password}: ClusterAccess, timeoutMs: number): ConnectOptions {
  return {timeoutMs, ...(password !== undefined && {password})}
}
