import {CRDB_DEFAULTS, type CrdbSettings, type StreamIdMode} from '../model/crdb.js'
import {parseDatabaseConfig, settingsFrom} from '../plan/crdb/database-config.js'

/** Database settings by the names that crdb-cli, rladmin and the REST API give them. */
export interface CrdbDatabaseConfig {
  /** Which ids XADD takes. Default `strict`: `*` or milliseconds; the rest of the id tells the region. */
  readonly crdt_xadd_id_uniqueness_mode?: StreamIdMode
  /** Bytes, or `512mb`, `1GB`, `10g`; of each region. No limit if absent. */
  readonly memory_size?: number | string
  /** `noeviction` (default), `allkeys-lru`, ... */
  readonly eviction_policy?: string
  /** Effects kept per shard for regions that are away: `auto` (1 % of the memory size, 1 to 250 MB), or a number of MB. */
  readonly crdt_repl_backlog_size?: number | string
  /** HINCRBY of a field that HSET made. Default false: refused, as the product does. */
  readonly crdt_hincrby_on_fields?: boolean
  /** TYPE answers `counter` for what INCR made, as old releases did. Default false. */
  readonly crdt_counter_type?: boolean
  /** `disabled` (default), `snapshot` or `aof`. */
  readonly data_persistence?: string
  /** A replica of each shard, unless the option `replicas` says how many. */
  readonly replication?: boolean
  /** Primaries of each region, unless the option `shards` says how many. */
  readonly shards_count?: number
  /** Other keys of `default_db_config`: those that mean nothing here are taken and have no effect. */
  readonly [key: string]: unknown
}

/** @throws {CliError} BAD_FLAG for a key that there is not, with the nearest one, and for a value that it does not take */
export function readCrdbConfig(config: CrdbDatabaseConfig): CrdbSettings {
  return {...CRDB_DEFAULTS, ...settingsFrom(parseDatabaseConfig(config, 'config'))}
}
