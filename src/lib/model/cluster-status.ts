import {renderAddress} from './address.js'
import {keyCountInAll, openSlotsOf, ownersOf, uncoveredSlots} from './cluster-map.js'
import {
  type CopyState,
  copyStateOf,
  lagBytesOf,
  type Member,
  type MemberState,
  membersOf,
  numberIn,
  placeOf,
  stateOf,
} from './cluster-members.js'
import type {ClusterView} from './cluster-view.js'
import type {NodeId} from './node-id.js'
import {countSlots, renderRanges, SLOT_COUNT} from './slot-set.js'

/**
 * A cluster in the terms of rladmin's tables. A plain cluster is one database, `db:1`; each of its nodes is one server that
 * runs at most one shard, so node:3, redis:3 and endpoint:1:3 are the same process. What a node does not tell is null.
 */
export interface ClusterStatus {
  readonly seed: string
  readonly nodes: readonly NodeStatus[]
  readonly databases: readonly DatabaseStatus[]
  readonly endpoints: readonly EndpointStatus[]
  readonly shards: readonly ShardStatus[]
  readonly modules: readonly ModuleStatus[]
}

export interface NodeStatus {
  readonly node: number
  readonly id: NodeId
  /** Whether it is the node that was asked first. */
  readonly asked: boolean
  readonly role: 'primary' | 'replica'
  readonly address: string
  /** Where it was reached, if that is another place than it announces. */
  readonly externalAddress: string | null
  readonly hostname: string | null
  /** 1 if it serves slots or copies a primary that does. */
  readonly shards: 0 | 1
  /** `maxmemory`; without one, the memory of its machine. */
  readonly memoryLimitBytes: number | null
  /** Of `maxmemory`; null without one, since nobody tells what else its machine runs. */
  readonly freeBytes: number | null
  /** Memory of its machine, and what of it no node of this cluster may take; null while one of them has no limit. */
  readonly hostMemoryBytes: number | null
  readonly unreservedBytes: number | null
  readonly server: string | null
  readonly version: string | null
  /** The Redis version it is compatible with; for Redis its own. */
  readonly redisVersion: string | null
  readonly buildId: string | null
  /** Its availability zone, where the server has such a setting. */
  readonly zone: string | null
  readonly state: MemberState
  readonly lastSeenMs: number | null
  readonly reason: string | null
  readonly suspectedBy: number
}

export interface DatabaseStatus {
  readonly db: 1
  readonly type: string
  readonly status: 'active' | 'active-change-pending' | 'partial' | 'down' | 'pending'
  /** Primaries with slots. */
  readonly shards: number
  readonly placement: 'dense' | 'sparse'
  readonly replication: 'enabled' | 'partial' | 'disabled'
  readonly persistence: 'aof' | 'snapshot' | 'disabled' | 'mixed' | null
  readonly endpoint: string
  /** Shards that write a snapshot at this moment. */
  readonly backupsRunning: number
  /** The age of the last snapshot of the primary whose is the oldest, in milliseconds; null while one has written none. */
  readonly snapshotAgeMs: number | null
  /** Each version that a node runs, once. */
  readonly redisVersions: readonly string[]
}

export interface EndpointStatus {
  readonly endpoint: number
  readonly node: number
  readonly address: string
  readonly tls: boolean
  readonly state: MemberState
}

export interface ShardStatus {
  readonly shard: number
  readonly node: number
  readonly id: NodeId
  readonly role: 'primary' | 'replica'
  readonly primary: number | null
  readonly slots: string
  readonly slotCount: number
  readonly usedBytes: number | null
  readonly state: CopyState
  readonly linkDownSeconds: number | null
  readonly fragmentation: number | null
  readonly backupRunning: boolean | null
  readonly keys: number | null
  readonly opsPerSecond: number | null
  readonly connections: number | null
  /** Bytes of the primary's stream that a replica lacks. */
  readonly lagBytes: number | null
}

export interface ModuleStatus {
  readonly module: string
  readonly version: string
  readonly nodes: readonly number[]
}

/** What a node tells beyond its view. A field is absent if it did not say. */
export interface NodeExtras {
  /** `CONFIG GET save`; empty for none. */
  readonly saveSchedule?: string
  readonly modules?: readonly {readonly name: string; readonly version: string}[]
}

export interface StatusInput {
  readonly view: ClusterView
  readonly extras: ReadonlyMap<NodeId, NodeExtras>
  /** The node that the seed's address led to. */
  readonly askedId: NodeId | undefined
  readonly tls: boolean
}

/** The tables of a cluster as one value, from the nodes' own words; dead nodes are rows too. */
export function statusOf({askedId, extras, tls, view}: StatusInput): ClusterStatus {
  const members = membersOf(view)
  const serving = members.filter(({served}) => served.length > 0)
  const primaries = serving.filter(({record}) => record.role === 'primary')
  return {
    seed: renderAddress(view.seed),
    nodes: members.map((member) => nodeStatus(member, members, askedId)),
    databases: [databaseStatus(view, members, primaries, extras)],
    endpoints: primaries.map((member) => ({
      endpoint: member.number,
      node: member.number,
      address: placeOf(member),
      tls,
      state: stateOf(member),
    })),
    shards: serving.map((member) => shardStatus(member, members)),
    modules: modulesOf(members, extras),
  }
}

function nodeStatus(member: Member, members: readonly Member[], askedId: NodeId | undefined): NodeStatus {
  const {id, lastSeenMs, number, reason, record, served, suspectedBy, view} = member
  const info = view?.info ?? new Map<string, string>()
  const hostBytes = numberIn(info, 'total_system_memory')
  const limitBytes = numberIn(info, 'maxmemory') || undefined
  const usedBytes = numberIn(info, 'used_memory')
  const reached = view && renderAddress(view.address)
  const isValkey = info.has('valkey_version')
  return {
    node: number,
    id,
    asked: id === askedId,
    role: record.role,
    address: placeOf(member),
    externalAddress: reached !== undefined && reached !== placeOf(member) ? reached : null,
    hostname: record.hostname ?? null,
    shards: served.length > 0 ? 1 : 0,
    memoryLimitBytes: limitBytes ?? hostBytes ?? null,
    freeBytes: limitBytes !== undefined && usedBytes !== undefined ? Math.max(0, limitBytes - usedBytes) : null,
    hostMemoryBytes: hostBytes ?? null,
    unreservedBytes: unreservedOf(member, members),
    server: view ? (info.get('server_name') ?? (isValkey ? 'valkey' : 'redis')) : null,
    version: info.get('valkey_version') ?? info.get('redis_version') ?? null,
    redisVersion: info.get('redis_version') ?? null,
    buildId: info.get('redis_build_id') ?? null,
    zone: info.get('availability_zone') || null,
    state: stateOf(member),
    lastSeenMs: lastSeenMs === undefined ? null : Math.round(lastSeenMs),
    reason: reason ?? null,
    suspectedBy,
  }
}

/** Of the memory of its machine, what the limits of this cluster's nodes there leave. */
function unreservedOf({address, view}: Member, members: readonly Member[]): number | null {
  const hostBytes = view && numberIn(view.info, 'total_system_memory')
  if (hostBytes === undefined) return null
  let reserved = 0
  for (const neighbour of members) {
    if (neighbour.address.host !== address.host) continue
    const limit = neighbour.view && numberIn(neighbour.view.info, 'maxmemory')
    if (!limit) return null
    reserved += limit
  }
  return Math.max(0, hostBytes - reserved)
}

function databaseStatus(
  view: ClusterView,
  members: readonly Member[],
  primaries: readonly Member[],
  extras: ReadonlyMap<NodeId, NodeExtras>,
): DatabaseStatus {
  const replicated = new Set(members.flatMap(({record}) => (record.role === 'replica' ? [record.primaryId] : [])))
  const withReplica = primaries.filter(({id}) => replicated.has(id)).length
  const answering = members.flatMap((member) => (member.view ? [{...member, view: member.view}] : []))
  const ages = answering.filter(({record}) => record.role === 'primary').map(({view: {info}}) => snapshotAgeOf(info))
  return {
    db: 1,
    type: answering.every(({view: {info}}) => info.has('valkey_version')) ? 'valkey' : 'redis',
    status: databaseState(view),
    shards: primaries.length,
    placement: new Set(primaries.map(({address}) => address.host)).size > 1 ? 'sparse' : 'dense',
    replication: withReplica === 0 ? 'disabled' : withReplica < primaries.length ? 'partial' : 'enabled',
    persistence: persistenceOf(answering, extras),
    endpoint: renderAddress(view.seed),
    backupsRunning: answering.filter(({view: {info}}) => info.get('rdb_bgsave_in_progress') === '1').length,
    snapshotAgeMs: ages.length > 0 && ages.every((age) => age !== null) ? Math.round(Math.max(...ages)) : null,
    redisVersions: [...new Set(answering.flatMap(({view: {info}}) => info.get('redis_version') ?? []))].sort(),
  }
}

/** Null unless a snapshot was written since the start: until then `rdb_last_save_time` is the time of the start. */
function snapshotAgeOf(info: ReadonlyMap<string, string>): number | null {
  const [nowUs, savedAt] = [numberIn(info, 'server_time_usec'), numberIn(info, 'rdb_last_save_time')]
  const hasSaved = (numberIn(info, 'rdb_last_bgsave_time_sec') ?? -1) >= 0
  return !hasSaved || nowUs === undefined || savedAt === undefined ? null : Math.max(0, nowUs / 1000 - savedAt * 1000)
}

function databaseState(view: ClusterView): DatabaseStatus['status'] {
  const uncovered = countSlots(uncoveredSlots(ownersOf(view)))
  if (uncovered === SLOT_COUNT) return 'pending'
  if (view.nodes.some(({clusterInfo}) => clusterInfo.get('cluster_state') === 'fail')) return 'down'
  // Possible with cluster-require-full-coverage no.
  if (uncovered > 0) return 'partial'
  return openSlotsOf(view).length > 0 ? 'active-change-pending' : 'active'
}

function persistenceOf(
  answering: readonly (Member & {readonly view: NonNullable<Member['view']>})[],
  extras: ReadonlyMap<NodeId, NodeExtras>,
): DatabaseStatus['persistence'] {
  const kinds = new Set(
    answering.map(({id, view: {info}}) => {
      if (info.get('aof_enabled') === '1') return 'aof'
      const schedule = extras.get(id)?.saveSchedule
      return schedule === undefined ? null : schedule === '' ? 'disabled' : 'snapshot'
    }),
  )
  const [only = null] = kinds
  return kinds.size > 1 ? (kinds.has(null) ? null : 'mixed') : only
}

function shardStatus(member: Member, members: readonly Member[]): ShardStatus {
  const {id, number, record, served, view} = member
  const info = view?.info ?? new Map<string, string>()
  const down = numberIn(info, 'master_link_down_since_seconds')
  const saving = info.get('rdb_bgsave_in_progress')
  return {
    shard: number,
    node: number,
    id,
    role: record.role,
    primary: members.find((other) => other.id === record.primaryId)?.number ?? null,
    slots: renderRanges(served),
    slotCount: countSlots(served),
    usedBytes: numberIn(info, 'used_memory') ?? null,
    state: copyStateOf(member),
    // -1 until it has been up for the first time.
    linkDownSeconds: down !== undefined && down >= 0 ? down : null,
    fragmentation: numberIn(info, 'mem_fragmentation_ratio') ?? null,
    backupRunning: saving === undefined ? null : saving === '1',
    keys: view ? keyCountInAll(view) : null,
    opsPerSecond: numberIn(info, 'instantaneous_ops_per_sec') ?? null,
    connections: numberIn(info, 'connected_clients') ?? null,
    lagBytes: record.role === 'replica' ? (lagBytesOf(member, members) ?? null) : null,
  }
}

function modulesOf(members: readonly Member[], extras: ReadonlyMap<NodeId, NodeExtras>): ModuleStatus[] {
  const found = new Map<string, {module: string; version: string; nodes: number[]}>()
  for (const {id, number} of members) {
    for (const {name, version} of extras.get(id)?.modules ?? []) {
      const key = `${name} ${version}`
      const entry = found.get(key) ?? {module: name, version, nodes: []}
      entry.nodes.push(number)
      found.set(key, entry)
    }
  }
  return [...found.values()].sort((a, b) => (a.module < b.module ? -1 : a.module > b.module ? 1 : 0))
}
