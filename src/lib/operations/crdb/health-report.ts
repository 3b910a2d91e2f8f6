import {type NodePart, readPart, readPeers} from '../../client/crdt.js'
import {messageOf} from '../../kernel/errors.js'
import {LOOK_MS} from './instance-nodes.js'
import {type DatabaseInstance, instancesOf, type KnownDatabase} from './known.js'
import {type OpenInstance, openInstances} from './sync.js'

/** What one participating cluster says of a database, in the words of crdb-cli (crdb.md 4.1). */
export interface ClusterHealth {
  readonly active_config_version: number | null
  readonly cluster_name: string
  readonly guid: string
  readonly name: string
  /** Why it could not be asked. */
  readonly connection_error: string | null
  readonly configurations: readonly HealthConfiguration[]
  readonly connections: readonly HealthConnection[]
}

export interface HealthConfiguration {
  readonly causal_consistency: boolean
  readonly encryption: boolean
  readonly featureset_version: number
  readonly instances: readonly {
    readonly id: number
    /** Of the cluster that answers alone. */
    readonly db_uid: string
    readonly cluster: {readonly name: string; readonly url: string}
  }[]
  readonly name: string
  readonly protocol_version: number
  /** `commit-completed`: all nodes of the cluster have it. */
  readonly status: 'commit-completed' | 'posted'
  readonly version: number
}

export interface HealthConnection {
  readonly name: string
  /** `ok`, or what is wrong. */
  readonly status: string
  /** Slots that differ although both clusters have applied the same, as of the last comparison. */
  readonly diverged_slots: number
  readonly replication_links: readonly {readonly link_uid: string; readonly status: 'down' | 'up'}[]
}

const FEATURESET_VERSION = 5
const PROTOCOL_VERSION = 1

/** @returns one for each instance, in their order @throws {CliError} CREDENTIALS_REFUSED, INTERRUPTED */
export async function reportHealth(known: KnownDatabase, signal: AbortSignal): Promise<ClusterHealth[]> {
  const instances = instancesOf(known)
  const {away, close, open} = await openInstances(instances, signal, LOOK_MS)
  try {
    return await Promise.all(
      instances.map(async (instance) => {
        const {guid, name} = known.config
        const facts = {cluster_name: instance.config.cluster, guid, name}
        const opened = open.find((each) => each.instance.id === instance.id)
        const silent = away.find((each) => each.instance.id === instance.id)
        try {
          if (opened) {
            const {gap} = opened.nodes
            return {...facts, ...(await healthOf(opened, instances)), connection_error: gap?.message ?? null}
          }
          return unheard(facts, silent?.error.message ?? '')
        } catch (error) {
          return unheard(facts, messageOf(error))
        }
      }),
    )
  } finally {
    close()
  }
}

function unheard(facts: Pick<ClusterHealth, 'cluster_name' | 'guid' | 'name'>, error: string): ClusterHealth {
  return {...facts, active_config_version: null, configurations: [], connection_error: error, connections: []}
}

async function healthOf({instance, nodes}: OpenInstance, instances: readonly DatabaseInstance[]) {
  const parts = (await Promise.all(nodes.all.map((node) => readPart(node)))).flatMap((part) => part ?? [])
  const versions = [...new Set(parts.map(({config}) => config.version))].sort((a, b) => a - b)
  const reports = await Promise.all(nodes.primaries.map(readPeers))
  const connections = instances
    .filter(({id}) => id !== instance.id)
    .map(({config, id}) => {
      const peers = reports.map((report) => report.find(({region}) => region === id))
      const links = peers.map((peer, shard) => ({
        link_uid: `${shard + 1}:${id}`,
        status: peer?.status === 'in-sync' || peer?.status === 'syncing' ? ('up' as const) : ('down' as const),
      }))
      const bad = peers.find((peer) => peer?.status !== 'in-sync')
      const isUp = links.every(({status}) => status === 'up')
      const diverged = peers.reduce((sum, peer) => sum + (peer?.divergedSlots ?? 0), 0)
      const status = isUp ? statusOf(diverged) : bad?.lastError || 'down'
      return {diverged_slots: diverged, name: config.cluster, replication_links: links, status}
    })
  return {
    active_config_version: versions[0] ?? null,
    configurations: versions.map((version) => configurationOf(parts, version, instance.id, nodes.all.length)),
    connections,
  }
}

function statusOf(diverged: number): string {
  if (diverged === 0) return 'ok'
  return `${diverged} ${diverged === 1 ? 'slot differs' : 'slots differ'} although both have applied the same`
}

function configurationOf(
  parts: readonly NodePart[],
  version: number,
  id: number,
  nodeCount: number,
): HealthConfiguration {
  const having = parts.filter(({config}) => config.version === version)
  const {instances, name, settings} = having[0]!.config
  return {
    causal_consistency: settings.causalConsistency,
    encryption: settings.encryption,
    featureset_version: FEATURESET_VERSION,
    instances: instances.map((each) => ({
      cluster: {name: each.cluster, url: each.endpoints[0] ?? ''},
      db_uid: each.id === id ? String(id) : '',
      id: each.id,
    })),
    name,
    protocol_version: PROTOCOL_VERSION,
    status: having.length === nodeCount ? 'commit-completed' : 'posted',
    version,
  }
}
