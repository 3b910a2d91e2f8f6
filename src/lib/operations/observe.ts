import {throwIfAborted, untilAborted} from '../client/abort.js'
import {parseClusterNodes, parseInfo} from '../client/cluster-nodes.js'
import type {ConnectOptions} from '../client/connect-options.js'
import {mapAddress} from '../client/connect-options.js'
import {type Command, connectNode, type NodeConnection} from '../client/node-connection.js'
import {NodeReplyError} from '../client/reply-error.js'
import {CliError, messageOf} from '../kernel/errors.js'
import type {Address} from '../model/address.js'
import {renderAddress} from '../model/address.js'
import {ownRecord} from '../model/cluster-map.js'
import type {ClusterView, NodeRecord, NodeView, UnreachableNode} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {shortId} from '../model/node-id.js'

/** Where a node stands, learnt from another's view. */
interface Target {
  readonly id: NodeId
  readonly address: Address
  readonly hostname?: string
}

/**
 * A cluster under observation: the last view and one open connection per node that answered.
 * `close()` is the owner's duty.
 */
export class ObservedCluster {
  private readonly links = new Map<NodeId, NodeConnection>()
  private readonly answers = new Map<NodeId, NodeAnswer['extras']>()
  private lastView: ClusterView | undefined

  /**
   * @param also - further commands for every node, sent in the same write as its view is asked for
   * @param seedName - what the certificate of the seed is checked against
   */
  constructor(
    readonly seed: Address,
    readonly options: ConnectOptions,
    private readonly also: readonly Command[] = [],
    private readonly seedName = seed.host,
  ) {}

  /** The replies to the further commands, by node, as of its last answer; error replies in their place. */
  get extras(): ReadonlyMap<NodeId, NodeAnswer['extras']> {
    return this.answers
  }

  /** What the last observation saw. */
  get view(): ClusterView {
    if (!this.lastView) throw new Error('observe() has not been called')
    return this.lastView
  }

  get connections(): ReadonlyMap<NodeId, NodeConnection> {
    return this.links
  }

  /** @throws {CliError} UNREACHABLE if that node did not answer the last observation */
  connectionTo(id: NodeId): NodeConnection {
    const link = this.links.get(id)
    if (!link) throw new CliError('UNREACHABLE', `no connection to node ${shortId(id)}`, {details: {nodeId: id}})
    return link
  }

  /**
   * Asks every node, all in parallel, for its own view. Nodes that only a later answer names are asked in turn.
   *
   * Once the cluster is known, it is entered by another node if the seed does not answer any more.
   *
   * @returns the new view, which is also kept as `view`
   * @throws {CliError} of the seed, if nobody answers, or it is not in cluster mode
   */
  async observe(signal?: AbortSignal): Promise<ClusterView> {
    const views = new Map<NodeId, NodeView>()
    const unreachable = new Map<NodeId, UnreachableNode>()
    const asked = new Set<NodeId>()

    const ask = async (target: Target): Promise<void> => {
      asked.add(target.id)
      try {
        await follow(await this.viewOf(target, signal))
      } catch (error) {
        throwIfAborted(signal)
        this.drop(target.id)
        unreachable.set(target.id, {id: target.id, address: target.address, reason: messageOf(error)})
      }
    }
    const follow = async (view: NodeView): Promise<void> => {
      views.set(view.id, view)
      asked.add(view.id)
      const fresh = targetsIn(view).filter(({id}) => !asked.has(id))
      await Promise.all(fresh.map(ask))
    }

    await untilAborted(this.entryView(signal).then(follow), signal)
    this.lastView = {
      seed: this.seed,
      nodes: [...views.values()].sort((a, b) => compareAddresses(a.address, b.address)),
      unreachable: [...unreachable.values()].sort((a, b) => compareAddresses(a.address, b.address)),
    }
    return this.lastView
  }

  close(): void {
    for (const link of this.links.values()) link.close()
    this.links.clear()
  }

  private async entryView(signal: AbortSignal | undefined): Promise<NodeView> {
    try {
      return await this.seedView(signal)
    } catch (error) {
      throwIfAborted(signal)
      const known = this.lastView?.nodes.map((node) => ({id: node.id, address: node.address})) ?? []
      const others = known.filter(({id}) => this.links.get(id)?.isOpen)
      return Promise.any(others.map((target) => this.viewOf(target, signal))).catch(() => {
        throw error
      })
    }
  }

  private async seedView(signal: AbortSignal | undefined): Promise<NodeView> {
    const address = mapAddress(this.seed, this.options.addressMap)
    const known = [...this.links].find(([, link]) => link.isOpen && link.name === renderAddress(address))
    if (known) return this.ask(known[1])
    const link = await connectNode(address, this.options, {signal, tlsName: this.seedName})
    try {
      const view = await this.ask(link)
      this.links.get(view.id)?.close()
      this.links.set(view.id, link)
      return view
    } catch (error) {
      link.close()
      throw error
    }
  }

  private async viewOf({id, address, hostname}: Target, signal: AbortSignal | undefined): Promise<NodeView> {
    let link = this.links.get(id)
    if (!link?.isOpen) {
      link?.close()
      link = await connectNode(mapAddress(address, this.options.addressMap), this.options, {signal, tlsName: hostname})
      this.links.set(id, link)
    }
    const view = await this.ask(link)
    if (view.id === id) return view
    throw new CliError('UNREACHABLE', `${link.name} answers as another node, ${shortId(view.id)}`, {
      suggestions: ['Nodes behind address translation need --address-map FROM=TO.'],
    })
  }

  private async ask(link: NodeConnection): Promise<NodeView> {
    const {extras, view} = await askNode(link, this.also)
    this.answers.set(view.id, extras)
    return view
  }

  private drop(id: NodeId): void {
    this.links.get(id)?.close()
    this.links.delete(id)
    this.answers.delete(id)
  }
}

/**
 * Connects to the cluster that `seed` belongs to and looks at every node once.
 *
 * @param also - further commands for every node; see `ObservedCluster.extras`
 * @throws {CliError} UNREACHABLE, TIMED_OUT, AUTH_FAILED or NOT_CLUSTER_MODE of the seed; other nodes' failures are part
 *   of the view
 */
export async function observeCluster(
  seed: Address,
  options: ConnectOptions,
  signal?: AbortSignal,
  also: readonly Command[] = [],
): Promise<ObservedCluster> {
  const cluster = new ObservedCluster(seed, options, also)
  try {
    await cluster.observe(signal)
    return cluster
  } catch (error) {
    cluster.close()
    throw error
  }
}

/**
 * One node's own view, in one round trip.
 *
 * @throws {CliError} NOT_CLUSTER_MODE; PREFLIGHT_FAILED if the user may not ask; UNREACHABLE
 */
export async function readView(link: NodeConnection): Promise<NodeView> {
  return (await askNode(link, [])).view
}

const VIEW_COMMANDS: readonly Command[] = [['CLUSTER', 'NODES'], ['CLUSTER', 'INFO'], ['INFO']]

interface NodeAnswer {
  readonly view: NodeView
  /** One reply per further command; error replies in their place. */
  readonly extras: readonly (unknown | NodeReplyError)[]
}

async function askNode(link: NodeConnection, also: readonly Command[]): Promise<NodeAnswer> {
  const replies = await link.pipeline([...VIEW_COMMANDS, ...also])
  const [nodes, clusterInfo, info] = replies.slice(0, VIEW_COMMANDS.length).map((reply) => {
    if (reply instanceof NodeReplyError) throw viewError(link, reply)
    return String(reply)
  }) as [string, string, string]
  let records: NodeRecord[]
  try {
    records = parseClusterNodes(nodes, link.address)
  } catch (error) {
    throw new CliError('UNREACHABLE', `${link.name}: ${messageOf(error)}`, {cause: error})
  }
  const view = {address: link.address, records, clusterInfo: parseInfo(clusterInfo), info: parseInfo(info)}
  const own = ownRecord({...view, id: '' as NodeId})
  if (!own) throw new CliError('UNREACHABLE', `${link.name} does not name itself in CLUSTER NODES`)
  return {view: {...view, id: own.id}, extras: replies.slice(VIEW_COMMANDS.length)}
}

function viewError(link: NodeConnection, {code, message}: NodeReplyError): CliError {
  const details = {address: link.name}
  if (/cluster support disabled|unknown command.*cluster/i.test(message)) {
    return new CliError('NOT_CLUSTER_MODE', `${link.name} does not run in cluster mode`, {
      details,
      suggestions: ['Start it with cluster-enabled yes.'],
    })
  }
  if (code === 'NOPERM') {
    return new CliError('PREFLIGHT_FAILED', `the user has no permission on ${link.name}: ${message}`, {
      details,
      suggestions: ['The user needs +cluster +info and, for changes, +migrate +config.'],
    })
  }
  return new CliError('UNREACHABLE', `${link.name} answered: ${message}`, {details})
}

/** Whom a view names, with an address to try. A handshake's id is made up, so it cannot be asked for. */
function targetsIn({records}: NodeView): Target[] {
  return records
    .filter(({myself, handshake, noaddr, address}) => !myself && !handshake && !noaddr && address.host !== '')
    .map(({id, address, hostname}) => ({id, address, ...(hostname !== undefined && {hostname})}))
}

function compareAddresses(a: Address, b: Address): number {
  if (a.host !== b.host) return a.host < b.host ? -1 : 1
  return a.port - b.port
}
