import {readFile} from 'node:fs/promises'
import {parseInfo} from '../../client/cluster-nodes.js'
import type {ConnectOptions, TlsSettings} from '../../client/connect-options.js'
import {dropPart, readPart, setPart} from '../../client/crdt.js'
import {connectNode, type NodeConnection} from '../../client/node-connection.js'
import {CliError, messageOf} from '../../kernel/errors.js'
import {parseAddress, renderAddress} from '../../model/address.js'
import {ownRecord, primariesOf} from '../../model/cluster-map.js'
import type {CrdbConfig} from '../../model/crdb.js'
import {ObservedCluster} from '../observe.js'
import type {KnownInstance, Login} from './known.js'

const TIMEOUT_MS = 5000

/** The nodes of an instance that could be reached. To be closed by whoever opened it. */
export interface InstanceNodes {
  readonly primaries: readonly NodeConnection[]
  readonly all: readonly NodeConnection[]
  close(): void
}

/** What stands in the way of an instance: it cannot be reached, or it does not let this machine in. */
export async function optionsOf({
  clientCert,
  clientKey,
  password,
  trustedCa,
  username,
}: Login): Promise<ConnectOptions> {
  const tls: TlsSettings | undefined =
    clientCert === undefined || clientKey === undefined
      ? undefined
      : {
          cert: await pem(clientCert),
          key: await pem(clientKey),
          ...(trustedCa !== undefined && {ca: await pem(trustedCa)}),
        }
  return {
    timeoutMs: TIMEOUT_MS,
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
 * Connects to the nodes of an instance, by the first of its seeds that answers.
 *
 * @throws {CliError} of the seed tried last: UNREACHABLE, TIMED_OUT, CREDENTIALS_REFUSED, NOT_CLUSTER_MODE, INTERRUPTED
 */
export async function openInstance(
  {login, place, seeds}: Pick<KnownInstance, 'login' | 'place' | 'seeds'>,
  signal: AbortSignal,
): Promise<InstanceNodes> {
  const options = await optionsOf(login)
  // Nodes of an environment are where they are for this machine, whatever they announce to each other.
  if (place.kind === 'region') return openEach(seeds, options, signal)
  let failure: unknown
  for (const seed of seeds) {
    const cluster = new ObservedCluster(parseAddress(seed), options)
    try {
      const view = await cluster.observe(signal)
      const primaries = new Set(primariesOf(view).map(({node}) => node.id))
      const links = view.nodes.map((node) => ({id: node.id, link: cluster.connectionTo(node.id)}))
      return {
        all: links.map(({link}) => link),
        close: () => cluster.close(),
        primaries: links.filter(({id}) => primaries.has(id)).map(({link}) => link),
      }
    } catch (error) {
      cluster.close()
      failure = refusalOf(error)
      if (!(error instanceof CliError) || !['TIMED_OUT', 'UNREACHABLE'].includes(error.code)) throw failure
    }
  }
  throw failure
}

async function openEach(
  seeds: readonly string[],
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<InstanceNodes> {
  const outcomes = await Promise.allSettled(seeds.map((seed) => connectNode(parseAddress(seed), options, {signal})))
  const all = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const close = () => {
    for (const link of all) link.close()
  }
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (all.length === 0) throw refusalOf(failed?.reason)
  try {
    const infos = await Promise.all(all.map((link) => link.call('INFO', 'replication')))
    const isPrimary = (_: NodeConnection, index: number) => parseInfo(String(infos[index])).get('role') === 'master'
    return {all, close, primaries: all.filter(isPrimary)}
  } catch (error) {
    close()
    throw error
  }
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
