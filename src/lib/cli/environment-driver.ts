import {throwIfAborted} from '../client/abort.js'
import type {ConnectOptions} from '../client/connect-options.js'
import {type Command, connectNode} from '../client/node-connection.js'
import type {ClusterAccess, ClusterDriver, NodeFacts} from '../environment/cluster-driver.js'
import {CliError} from '../kernel/errors.js'
import type {Address} from '../model/address.js'
import {renderAddress} from '../model/address.js'
import {ownRecord} from '../model/cluster-map.js'
import type {ClusterView} from '../model/cluster-view.js'
import {SLOT_COUNT} from '../model/slot-set.js'
import {ObservedCluster, readView} from '../operations/observe.js'
import {judgeReady, requireSettled} from '../operations/settle.js'

const TIMEOUT_MS = 5000
const DESCRIBE_TIMEOUT_MS = 1500
const SETTLE_TIMEOUT_MS = 30_000
/** Up to here each node is told of each other, which is quicker than waiting for gossip; beyond, of the first alone. */
const MESH_MAX = 16

/**
 * Environments' way to speak to their nodes. The nodes are new and empty, and nobody else knows them, so that forming a
 * cluster needs no preflight, no plan to confirm and no journal, unlike `create`.
 */
export const clusterDriver: ClusterDriver = {
  async form(access, signal) {
    const options = optionsOf(access, TIMEOUT_MS)
    await Promise.all(
      access.addresses.map(async (address, index) => {
        const link = await connectNode(address, options, {signal})
        try {
          const replies = await link.pipeline(formingCommands(access.addresses, index))
          const refused = replies.find((reply) => reply instanceof Error)
          if (refused) throw refused
        } catch (error) {
          throwIfAborted(signal)
          throw new CliError('NODE_START_FAILED', `${renderAddress(address)} would not join: ${String(error)}`, {
            cause: error,
          })
        } finally {
          link.close()
        }
      }),
    )
    await settleAll(access, signal)
  },

  settle: settleAll,

  async describe(access, signal) {
    const options = optionsOf(access, DESCRIBE_TIMEOUT_MS)
    const facts = await Promise.all(access.addresses.map((address) => factsOf(address, options, signal)))
    return facts.filter((fact) => fact !== undefined)
  },
}

/** Own epoch first, so that no two primaries ever collide; then own slots; then the others. */
function formingCommands(addresses: readonly Address[], index: number): Command[] {
  const edge = (share: number) => Math.round((share * SLOT_COUNT) / addresses.length)
  const others = addresses.slice(index + 1)
  const met = addresses.length <= MESH_MAX || index === 0 ? others : []
  return [
    ['CLUSTER', 'SET-CONFIG-EPOCH', index + 1],
    ['CLUSTER', 'ADDSLOTSRANGE', edge(index), edge(index + 1) - 1],
    ...met.map(({host, port}): Command => ['CLUSTER', 'MEET', host, port]),
  ]
}

async function settleAll(access: ClusterAccess, signal: AbortSignal): Promise<void> {
  const [seed] = access.addresses
  if (!seed) return
  const cluster = new ObservedCluster(seed, optionsOf(access, TIMEOUT_MS))
  try {
    await requireSettled('agreement of all nodes', () => cluster.observe(signal), judgeJoined(access.addresses), {
      signal,
      timeoutMs: SETTLE_TIMEOUT_MS,
    })
  } finally {
    cluster.close()
  }
}

/** Judge: every node is there, knows all others for good, and is ready. */
function judgeJoined(addresses: readonly Address[]): (view: ClusterView) => string[] {
  return (view) => {
    const seen = new Set(view.nodes.map(({address}) => renderAddress(address)))
    const missing = addresses.map(renderAddress).filter((name) => !seen.has(name))
    const alone = view.nodes
      .filter(({records}) => records.filter(({handshake}) => !handshake).length !== addresses.length)
      .map(({address}) => `${renderAddress(address)} does not know all others yet`)
    return [...missing.map((name) => `${name} has not joined`), ...alone, ...judgeReady(view)]
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
