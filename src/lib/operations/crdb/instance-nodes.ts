import {readFile} from 'node:fs/promises'
import {parseClusterNodes} from '../../client/cluster-nodes.js'
import type {ConnectOptions, TlsSettings} from '../../client/connect-options.js'
import {dropPart, readPart, setPart} from '../../client/crdt.js'
import {connectNode, type NodeConnection} from '../../client/node-connection.js'
import {CliError, messageOf} from '../../kernel/errors.js'
import {parseAddress, renderAddress} from '../../model/address.js'
import {ownRecord} from '../../model/cluster-map.js'
import type {NodeRecord} from '../../model/cluster-view.js'
import type {CrdbConfig} from '../../model/crdb.js'
import {SLOT_COUNT, slotsOf} from '../../model/slot-set.js'
import {ObservedCluster} from '../observe.js'
import type {KnownInstance, Login} from './known.js'

/** A node that is to change something may be busy. */
const TIMEOUT_MS = 5000
/** Whoever only looks at a database goes on without a node that is frozen. */
export const LOOK_MS = 2000

/** The nodes of an instance that could be reached. To be closed by whoever opened it. */
export interface InstanceNodes {
  readonly primaries: readonly NodeConnection[]
  readonly all: readonly NodeConnection[]
  /** Why not each slot has a primary among them; undefined: each has. */
  readonly gap?: CliError
  close(): void
}

/** What stands in the way of an instance: it cannot be reached, or it does not let this machine in. */
export async function optionsOf(
  {clientCert, clientKey, password, trustedCa, username}: Login,
  timeoutMs = TIMEOUT_MS,
): Promise<ConnectOptions> {
  const tls: TlsSettings | undefined =
    clientCert === undefined || clientKey === undefined
      ? undefined
      : {
          cert: await pem(clientCert),
          key: await pem(clientKey),
          ...(trustedCa !== undefined && {ca: await pem(trustedCa)}),
        }
  return {
    timeoutMs,
    ...(username !== undefined && {username}),
    ...(password !== undefined && {password}),
    ...(tls && {tls}),
  }
}

/** What is in a file, or what was given itself. */
async function pem(text: string): Promise<string> {
  if (text.includes('-----BEGIN')) return text
  return readFile(text, 'utf8').catch((error) => {
    throw new CliError('BAD_FLAG', `${text} cannot be read: ${messageOf(error)}`, {cause: error})
  })
}

/**
 * Connects to the nodes of an instance that answer.
 *
 * @param timeoutMs - of each connection, and of each call then
 * @throws {CliError} if none does: UNREACHABLE, TIMED_OUT, CREDENTIALS_REFUSED, NOT_CLUSTER_MODE, INTERRUPTED
 */
export async function openInstance(
  {login, place, seeds}: Pick<KnownInstance, 'login' | 'place' | 'seeds'>,
  signal: AbortSignal,
  timeoutMs = TIMEOUT_MS,
): Promise<InstanceNodes> {
  const options = await optionsOf(login, timeoutMs)
  const opened = await openSeeds(seeds, options, signal)
  // Nodes of an environment are where they are for this machine, whatever they announce to each other.
  if (place.kind === 'region') return withRoles(opened)
  const {links} = opened
  const cluster = new ObservedCluster(links[0]!.address, options)
  try {
    const view = await cluster.observe(signal)
    const found = view.nodes.map((node) => ({link: cluster.connectionTo(node.id), own: ownRecord(node)}))
    const [silent] = view.unreachable
    const failure = silent && new CliError('UNREACHABLE', silent.reason)
    return nodesOf(found, failure, () => cluster.close())
  } catch (error) {
    cluster.close()
    throw refusalOf(error)
  } finally {
    for (const link of links) link.close()
  }
}

interface OpenedSeeds {
  /** One at least. */
  readonly links: readonly NodeConnection[]
  readonly failure: unknown
}

async function openSeeds(seeds: readonly string[], options: ConnectOptions, signal: AbortSignal): Promise<OpenedSeeds> {
  if (seeds.length === 0) throw new CliError('UNREACHABLE', 'it is not known where its nodes are')
  const outcomes = await Promise.allSettled(seeds.map((seed) => connectNode(parseAddress(seed), options, {signal})))
  const links = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [refusalOf(outcome.reason)] : []))
  if (links.length === 0) throw failures.find((error) => !isAway(error)) ?? failures[0]
  return {failure: failures[0], links}
}

async function withRoles({failure, links}: OpenedSeeds): Promise<InstanceNodes> {
  const close = () => {
    for (const link of links) link.close()
  }
  const outcomes = await Promise.allSettled(links.map((link) => link.call('CLUSTER', 'NODES')))
  const found = outcomes.flatMap((outcome, index) => {
    const link = links[index]!
    if (outcome.status === 'rejected') return []
    return [{link, own: parseClusterNodes(String(outcome.value), link.address).find(({myself}) => myself)}]
  })
  const lost = outcomes.find((outcome) => outcome.status === 'rejected')?.reason
  if (found.length > 0) return nodesOf(found, failure ?? lost, close)
  close()
  throw lost
}

function nodesOf(
  found: readonly {readonly link: NodeConnection; readonly own: NodeRecord | undefined}[],
  failure: unknown,
  close: () => void,
): InstanceNodes {
  const primaries = found.filter(({own}) => own?.role === 'primary')
  const count = new Set(primaries.flatMap(({own}) => slotsOf(own?.slots ?? []))).size
  const nodes = {all: found.map(({link}) => link), close, primaries: primaries.map(({link}) => link)}
  if (count === SLOT_COUNT) return nodes
  const why = failure === undefined ? 'no node of it says that it has them' : messageOf(failure)
  return {...nodes, gap: new CliError('UNREACHABLE', `no primary answers for ${SLOT_COUNT - count} slots: ${why}`)}
}

/** Who may not log in is not out of reach: nothing but other credentials helps. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof CliError && error.code === 'AUTH_FAILED')) return error
  return new CliError('CREDENTIALS_REFUSED', error.message, {
    cause: error,
    details: error.details,
    suggestions: ['--instance endpoint=HOST:PORT,username=NAME,password=PASSWORD'],
  })
}

/** Whether it is only not there, so that it may be back. */
export function isAway(error: unknown): error is CliError {
  return error instanceof CliError && (error.code === 'UNREACHABLE' || error.code === 'TIMED_OUT')
}

/** Tells all nodes of an instance what the database is from now on. */
export async function tellConfig({all}: InstanceNodes, id: number, config: CrdbConfig): Promise<void> {
  await Promise.all(all.map((node) => setPart(node, id, config)))
}

export async function dropFrom({all}: InstanceNodes, guid: string): Promise<void> {
  await Promise.all(all.map((node) => dropPart(node, guid)))
}

/**
 * Whether a cluster that stood before can become an instance: nodes of Shoal, all slots served, nothing in it, part of no
 * database.
 *
 * @returns `HOST:PORT` of its nodes as they announce themselves
 * @throws {CliError} NOT_SHOAL, NODE_NOT_EMPTY, CRDB_EXISTS, CLUSTER_UNHEALTHY, and what `openInstance` throws
 */
export async function requireUsable(endpoint: string, login: Login, signal: AbortSignal): Promise<string[]> {
  const cluster = new ObservedCluster(parseAddress(endpoint), await optionsOf(login), [['DBSIZE']])
  try {
    const view = await cluster.observe(signal).catch((error) => {
      throw refusalOf(error)
    })
    for (const node of view.nodes) {
      const part = await readPart(cluster.connectionTo(node.id))
      if (!part) continue
      throw new CliError(
        'CRDB_EXISTS',
        `${endpoint} is instance ${part.region} of database ${part.config.name} already`,
        {
          details: {guid: part.config.guid},
          suggestions: ['Give a cluster that is part of none.'],
        },
      )
    }
    const bad = view.nodes.filter(({clusterInfo}) => clusterInfo.get('cluster_state') !== 'ok')
    if (bad.length > 0) {
      throw new CliError('CLUSTER_UNHEALTHY', `the cluster at ${endpoint} reports itself as down`, {
        suggestions: [`shoal check ${endpoint}`, `shoal fix ${endpoint}`],
      })
    }
    const counts = view.nodes.map(({id}) => Number(cluster.extras.get(id)?.[0]))
    const keys = Math.max(0, ...counts.filter(Number.isFinite))
    if (keys > 0) {
      throw new CliError('NODE_NOT_EMPTY', `the cluster at ${endpoint} holds keys: an instance begins empty`, {
        suggestions: ['Give an empty cluster, and bring the keys in afterwards: shoal import'],
      })
    }
    return view.nodes.map((node) => renderAddress(ownRecord(node)?.address ?? node.address))
  } finally {
    cluster.close()
  }
}
