/** An active-active database: what all of its instances agree on. Words as in crdb-cli (crdb.md 0 and 1). */
export interface CrdbConfig {
  /** UUID. */
  readonly guid: string
  readonly name: string
  /** Grows with each change; nodes take up a later one from each other. */
  readonly version: number
  readonly instances: readonly CrdbInstance[]
  /** Ids of instances that were taken out: nothing of theirs is taken any more, and no id is given twice. */
  readonly removed: readonly number[]
  readonly settings: CrdbSettings
}

/** One region's part. Its id, 1..63, is the region in dots and in tie-breaks. */
export interface CrdbInstance {
  readonly id: number
  /** FQDN of the participating cluster, or the endpoint it was named by. */
  readonly cluster: string
  /** `HOST:PORT` as nodes of other regions reach it: any node of the cluster, the others are found from there. */
  readonly endpoints: readonly string[]
  readonly username?: string
  readonly password?: string
  /** 0..6; of what it sends. */
  readonly compression: number
}

export const STREAM_ID_MODES = ['strict', 'semi-strict', 'liberal'] as const
export type StreamIdMode = (typeof STREAM_ID_MODES)[number]

export interface CrdbSettings {
  readonly causalConsistency: boolean
  readonly encryption: boolean
  /** Bytes, of each instance; 0: no limit. */
  readonly memorySize: number
  readonly evictionPolicy: string
  readonly replication: boolean
  readonly shardsCount: number
  readonly ossCluster: boolean
  readonly streamIdMode: StreamIdMode
  /** HINCRBY of a field that HSET made: the product refuses it. */
  readonly hincrbyOnFields: boolean
  /** TYPE of what INCR made: `string`, or `counter` as old releases said. */
  readonly counterType: boolean
  /** Bytes of effects that each shard keeps for regions that were away; 0: 1 % of the memory size, 1 to 250 MB. */
  readonly backlogBytes: number
  /** Further keys of `default_db_config`, as they were given. */
  readonly more: Readonly<Record<string, string | number | boolean | null>>
}

export const REGION_MAX = 63

export const CRDB_DEFAULTS: CrdbSettings = {
  backlogBytes: 0,
  causalConsistency: false,
  counterType: false,
  encryption: false,
  evictionPolicy: 'noeviction',
  hincrbyOnFields: false,
  memorySize: 0,
  more: {},
  ossCluster: false,
  replication: false,
  shardsCount: 1,
  streamIdMode: 'strict',
}
