import {CliError} from '../../kernel/errors.js'
import {nearest} from '../../kernel/nearest.js'
import {type CrdbSettings, STREAM_ID_MODES} from '../../model/crdb.js'
import {parseSize} from './values.js'

/** Keys of `default_db_config`, as crdb-cli and the REST API name them, and what Shoal's nodes make of them. */

export const EVICTION_POLICIES = [
  'noeviction',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
] as const
export const PROXY_POLICIES = ['single', 'all-master-shards', 'all-nodes'] as const
export const PERSISTENCES = ['disabled', 'snapshot', 'aof'] as const
export const SHARDS_MAX = 512
const MEGABYTE = 2 ** 20

type Kind = 'boolean' | 'list' | 'size' | 'string' | readonly string[] | {readonly min: number; readonly max: number}

interface KeyFacts {
  readonly kind: Kind
  /** Equal at all instances, or as each likes. */
  readonly scope: 'equal' | 'local'
  /** Only at creation. */
  readonly fixed?: true
  /** Kept and shown, and without effect here. */
  readonly idle?: true
}

const PORT = {max: 65_535, min: 1}
const ANY_COUNT = {max: Number.MAX_SAFE_INTEGER, min: 0}

export const DATABASE_KEYS: Readonly<Record<string, KeyFacts>> = {
  aof_policy: {kind: ['appendfsync-every-sec', 'appendfsync-always'], scope: 'local'},
  authentication_admin_pass: {idle: true, kind: 'string', scope: 'local'},
  authentication_redis_pass: {fixed: true, kind: 'string', scope: 'equal'},
  bigstore: {idle: true, kind: 'boolean', scope: 'equal'},
  bigstore_ram_size: {idle: true, kind: 'size', scope: 'equal'},
  crdt_counter_type: {kind: 'boolean', scope: 'equal'},
  crdt_hincrby_on_fields: {kind: 'boolean', scope: 'equal'},
  crdt_repl_backlog_size: {kind: 'string', scope: 'local'},
  crdt_xadd_id_uniqueness_mode: {kind: STREAM_ID_MODES, scope: 'equal'},
  data_persistence: {fixed: true, kind: PERSISTENCES, scope: 'local'},
  eviction_policy: {kind: EVICTION_POLICIES, scope: 'equal'},
  max_aof_file_size: {idle: true, kind: 'size', scope: 'local'},
  max_aof_load_time: {idle: true, kind: ANY_COUNT, scope: 'local'},
  memory_size: {kind: 'size', scope: 'equal'},
  module_list: {fixed: true, idle: true, kind: 'list', scope: 'equal'},
  name: {fixed: true, kind: 'string', scope: 'equal'},
  oss_cluster: {kind: 'boolean', scope: 'equal'},
  oss_cluster_api_preferred_ip_type: {idle: true, kind: ['internal', 'external'], scope: 'local'},
  oss_sharding: {fixed: true, idle: true, kind: 'boolean', scope: 'equal'},
  port: {fixed: true, kind: PORT, scope: 'local'},
  proxy_policy: {idle: true, kind: PROXY_POLICIES, scope: 'equal'},
  rack_aware: {idle: true, kind: 'boolean', scope: 'equal'},
  redis_version: {fixed: true, idle: true, kind: 'string', scope: 'equal'},
  repl_backlog_size: {idle: true, kind: 'string', scope: 'local'},
  replication: {fixed: true, kind: 'boolean', scope: 'local'},
  replication_oom_threshold_percent: {idle: true, kind: {max: 20, min: 0}, scope: 'local'},
  shard_key_regex: {fixed: true, idle: true, kind: 'list', scope: 'equal'},
  sharding: {fixed: true, kind: 'boolean', scope: 'equal'},
  shards_count: {fixed: true, kind: {max: SHARDS_MAX, min: 1}, scope: 'equal'},
  shards_placement: {idle: true, kind: ['dense', 'sparse'], scope: 'equal'},
  snapshot_policy: {idle: true, kind: 'list', scope: 'local'},
  tls_mode: {fixed: true, idle: true, kind: ['enabled', 'disabled', 'replica_ssl'], scope: 'equal'},
}

export type DatabaseValue = string | number | boolean | null
/** Keys that are known, each with a value of its kind. Lists are JSON. */
export type DatabaseConfig = Readonly<Record<string, DatabaseValue>>

/**
 * Reads the JSON of `--default-db-config`, or the object of a program.
 *
 * @throws {CliError} BAD_FLAG for what is no object, and for keys that there are not, with the nearest ones
 */
export function parseDatabaseConfig(source: string | object, flag = '--default-db-config'): DatabaseConfig {
  const config: Record<string, DatabaseValue> = {}
  for (const [key, value] of Object.entries(objectIn(source, flag))) {
    const facts = Object.hasOwn(DATABASE_KEYS, key) ? DATABASE_KEYS[key] : undefined
    if (!facts) {
      const meant = nearest(key, Object.keys(DATABASE_KEYS))
      throw new CliError('BAD_FLAG', `${flag} has no key ${key}${meant ? `; did you mean ${meant}?` : ''}`, {
        details: {keys: Object.keys(DATABASE_KEYS)},
        suggestions: [`Keys are ${Object.keys(DATABASE_KEYS).join(', ')}.`],
      })
    }
    if (value !== null && value !== undefined) config[key] = readValue(key, value, facts.kind, flag)
  }
  return config
}

function objectIn(source: string | object, flag: string): object {
  let value: unknown = source
  try {
    if (typeof source === 'string') value = JSON.parse(source)
  } catch {
    value = undefined
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new CliError('BAD_FLAG', `${flag} is no JSON object`, {
    suggestions: [`${flag} '{"eviction_policy": "noeviction"}'`],
  })
}

function readValue(key: string, value: unknown, kind: Kind, flag: string): DatabaseValue {
  const wrong = (what: string) => new CliError('BAD_FLAG', `${flag}: ${key} is ${JSON.stringify(value)}, not ${what}`)
  if (kind === 'boolean') {
    if (typeof value !== 'boolean') throw wrong('true or false')
    return value
  }
  if (kind === 'size') return parseSize(String(value), `${flag}: ${key}`)
  if (kind === 'list') return typeof value === 'string' ? value : JSON.stringify(value)
  if (kind === 'string') {
    if (typeof value !== 'string' && typeof value !== 'number') throw wrong('text')
    return String(value)
  }
  if ('min' in kind) {
    const {max, min} = kind
    if (!Number.isInteger(value) || (value as number) < min || (value as number) > max)
      throw wrong(`a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}`)
    return value as number
  }
  if (typeof value === 'string' && kind.includes(value)) return value
  const meant = nearest(String(value), kind)
  throw wrong(`one of ${kind.join(', ')}${meant ? `; did you mean ${meant}?` : ''}`)
}

/** What of the settings the keys say; the keys that the settings have no place for are `more`. */
export function settingsFrom(config: DatabaseConfig): Partial<CrdbSettings> {
  const settings: {-readonly [K in keyof CrdbSettings]?: CrdbSettings[K]} = {}
  const more: Record<string, DatabaseValue> = {}
  for (const [key, value] of Object.entries(config)) {
    if (key === 'memory_size') settings.memorySize = value as number
    else if (key === 'eviction_policy') settings.evictionPolicy = value as string
    else if (key === 'replication') settings.replication = value as boolean
    else if (key === 'shards_count') settings.shardsCount = value as number
    else if (key === 'oss_cluster') settings.ossCluster = value as boolean
    else if (key === 'crdt_xadd_id_uniqueness_mode') settings.streamIdMode = value as CrdbSettings['streamIdMode']
    else if (key === 'crdt_hincrby_on_fields') settings.hincrbyOnFields = value as boolean
    else if (key === 'crdt_counter_type') settings.counterType = value as boolean
    else if (key === 'crdt_repl_backlog_size') settings.backlogBytes = backlogBytes(value as string)
    else if (!NOT_KEPT.has(key)) more[key] = value
  }
  return {...settings, ...(Object.keys(more).length > 0 && {more})}
}

/** They have a place of their own: the configuration goes to all nodes, and a password is no matter of theirs. */
const NOT_KEPT = new Set(['authentication_redis_pass', 'authentication_admin_pass', 'name', 'port'])

/** `auto`, or megabytes. */
function backlogBytes(text: string): number {
  if (text === 'auto') return 0
  const megabytes = /^\d{1,6}(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (megabytes > 0) return Math.round(megabytes * MEGABYTE)
  throw new CliError('BAD_FLAG', `crdt_repl_backlog_size ${text} is neither auto nor a number of megabytes`)
}

/** Keys that are accepted and change nothing here. */
export function idleKeys(config: DatabaseConfig): string[] {
  return Object.keys(config).filter((key) => DATABASE_KEYS[key]?.idle)
}
