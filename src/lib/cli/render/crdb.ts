import type {DatabaseInstance, KnownDatabase} from '../../operations/crdb/known.js'
import {instancesOf} from '../../operations/crdb/known.js'
import type {TaskSummary} from '../../operations/crdb/task-list.js'
import {PORT_STEP} from '../../plan/crdb/create.js'
import {renderTable} from './table.js'

/** Databases and tasks as crdb-cli prints them: scripts read these lines. */

export const NO_DATABASES = 'No active-active databases. Make one with: shoal crdb create'
const NONE = 'None'

export function renderDatabaseList(databases: readonly KnownDatabase[]): string {
  if (databases.length === 0) return NO_DATABASES
  const rows = databases.flatMap(({config: {guid, instances, name}}) =>
    instances.map(({cluster, id}) => [guid, name, String(id), cluster]),
  )
  return renderTable(
    ['CRDB-GUID', 'NAME', 'REPL-ID', 'CLUSTER-FQDN'].map((title) => ({title})),
    rows,
  ).join('\n')
}

/** All there is to say of a database, as `crdb get`. */
export function renderDatabase(known: KnownDatabase): string {
  const {config, port} = known
  const {guid, name, settings} = config
  return [
    `CRDB-GUID: ${guid}`,
    `Name: ${name}`,
    `Encryption: ${word(settings.encryption)}`,
    `Causal consistency: ${word(settings.causalConsistency)}`,
    'Protocol version: 1',
    'FeatureSet version: 5',
    'Modules: []',
    'Default-DB-Config:',
    ...configLines(known, port),
    ...instancesOf(known).flatMap((instance) => instanceLines(known, instance)),
  ].join('\n')
}

function instanceLines(known: KnownDatabase, {config, id, place, seeds}: DatabaseInstance): string[] {
  const {cluster, compression, endpoints} = config
  const port =
    known.port === undefined || place.kind !== 'region' ? portOf(seeds[0]) : known.port + PORT_STEP * (id - 1)
  return [
    'Instance:',
    `  Id: ${id}`,
    '  Cluster:',
    `    FQDN: ${cluster}`,
    `    URL: ${NONE}`,
    `    Replication-Endpoint: ${endpoints.length === 0 ? '<Default>' : endpoints.join(',')}`,
    '    Replication TLS SNI: <Default>',
    `  Compression: ${compression}`,
    '  DB-Config:',
    ...configLines(known, port).map((line) => `  ${line}`),
  ]
}

function portOf(seed: string | undefined): number | undefined {
  const port = Number(seed?.slice(seed.lastIndexOf(':') + 1))
  return Number.isInteger(port) ? port : undefined
}

/** The keys of the product, in its order; then those of Shoal's own. */
function configLines({config: {settings}, password}: KnownDatabase, port: number | undefined): string[] {
  const {more} = settings
  const values: Record<string, unknown> = {
    memory_size: settings.memorySize,
    port,
    replication: settings.replication,
    shard_key_regex: more['shard_key_regex'],
    sharding: more['sharding'] ?? true,
    shards_count: settings.shardsCount,
    tls_mode: more['tls_mode'],
    rack_aware: more['rack_aware'],
    data_persistence: more['data_persistence'],
    authentication_redis_pass: password === undefined ? undefined : '********',
    authentication_admin_pass: undefined,
    oss_sharding: more['oss_sharding'],
    oss_cluster: settings.ossCluster,
    proxy_policy: more['proxy_policy'],
    shards_placement: more['shards_placement'],
    oss_cluster_api_preferred_ip_type: more['oss_cluster_api_preferred_ip_type'],
    bigstore: more['bigstore'],
    bigstore_ram_size: more['bigstore_ram_size'],
    aof_policy: more['aof_policy'],
    snapshot_policy: more['snapshot_policy'],
    max_aof_load_time: more['max_aof_load_time'],
    max_aof_file_size: more['max_aof_file_size'],
    eviction_policy: settings.evictionPolicy,
    crdt_repl_backlog_size: settings.backlogBytes === 0 ? 'auto' : settings.backlogBytes,
    crdt_xadd_id_uniqueness_mode: settings.streamIdMode,
    crdt_hincrby_on_fields: settings.hincrbyOnFields,
    crdt_counter_type: settings.counterType,
  }
  const rest = Object.entries(more).filter(([key]) => !Object.hasOwn(values, key))
  return [...Object.entries(values), ...rest].map(([key, value]) => `  ${key}: ${word(value)}`)
}

/** As Python prints it: that is what crdb-cli is written in. */
function word(value: unknown): string {
  if (value === undefined || value === null) return NONE
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return String(value)
}

export function renderTaskList(tasks: readonly TaskSummary[]): string {
  return renderTable(
    ['TASK-ID', 'CRDB-GUID', 'OPERATION', 'STATUS', 'WORKER-NAME', 'STARTED', 'ENDED'].map((title) => ({title})),
    tasks.map(({ended, guid, id, operation, started, status, worker}) => [
      id,
      guid,
      operation,
      status,
      worker,
      time(started),
      time(ended),
    ]),
  ).join('\n')
}

export function renderTask(task: TaskSummary, verbose: boolean): string {
  const {ended, errors, guid, id, operation, started, status, steps, worker} = task
  return [
    `Task-ID: ${id}`,
    `CRDB-GUID: ${guid}`,
    `Operation: ${operation}`,
    `Status: ${status}`,
    `Worker-Name: ${worker}`,
    `Started: ${time(started)}`,
    `Ended: ${time(ended)}`,
    ...(verbose && steps.length > 0
      ? ['Steps:', ...steps.map(({done, step}) => `  ${step}: ${done ? 'done' : 'begun'}`)]
      : []),
    ...(errors.length > 0 && (verbose || status === 'failed') ? ['Errors:'] : []),
    ...(verbose || status === 'failed'
      ? errors.flatMap(({cluster, code, description}) => [
          `  - cluster_name: ${cluster ?? '-'}`,
          `    description: ${description}`,
          `    error_code: ${code}`,
        ])
      : []),
  ].join('\n')
}

/** `2022-10-12T09:33:41Z` */
function time(text: string | undefined): string {
  return text === undefined ? '-' : text.replace(/\.\d+Z$/, 'Z')
}
