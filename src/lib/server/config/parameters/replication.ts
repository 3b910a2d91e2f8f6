import {bool, choice, clamped, int, long, memory, type ParameterOptions, text} from '../parameter.js'
import {primaryAddress} from '../special.js'

const was = (alias: string): ParameterOptions => ({alias})

const BACKLOG_BYTES_MIN = 16_384

/** Replication. The `slave-...` spellings are aliases. */
export const replicationParameters = {
  replicaof: primaryAddress({alias: 'slaveof', immutable: true}),
  masterauth: text('masterauth'),
  masteruser: text('masteruser'),
  replicaServeStaleData: bool('replica-serve-stale-data', true, was('slave-serve-stale-data')),
  replicaReadOnly: bool('replica-read-only', true, was('slave-read-only')),
  replicaLazyFlush: bool('replica-lazy-flush', false, was('slave-lazy-flush')),
  replicaIgnoreMaxmemory: bool('replica-ignore-maxmemory', true, was('slave-ignore-maxmemory')),
  replicaIgnoreDiskWriteErrors: bool('replica-ignore-disk-write-errors', false),
  replicaPriority: int('replica-priority', 100, 0, undefined, was('slave-priority')),
  replicaAnnounced: bool('replica-announced', true),
  replicaAnnounceIp: text('replica-announce-ip', '', was('slave-announce-ip')),
  replicaAnnouncePort: int('replica-announce-port', 0, 0, 65_535, was('slave-announce-port')),
  replDisklessSync: bool('repl-diskless-sync', true),
  replDisklessSyncDelay: int('repl-diskless-sync-delay', 5),
  replDisklessSyncMaxReplicas: int('repl-diskless-sync-max-replicas', 0),
  replDisklessLoad: choice('repl-diskless-load', 'disabled', ['disabled', 'on-empty-db', 'swapdb']),
  replPingReplicaPeriod: int('repl-ping-replica-period', 10, 1, undefined, was('repl-ping-slave-period')),
  replTimeout: int('repl-timeout', 60, 1),
  replDisableTcpNodelay: bool('repl-disable-tcp-nodelay', false),
  replBacklogSize: clamped(memory('repl-backlog-size', 1_048_576, 1), BACKLOG_BYTES_MIN, Number.POSITIVE_INFINITY),
  replBacklogTtl: long('repl-backlog-ttl', 3600),
  minReplicasToWrite: int('min-replicas-to-write', 0, 0, undefined, was('min-slaves-to-write')),
  minReplicasMaxLag: int('min-replicas-max-lag', 10, 0, undefined, was('min-slaves-max-lag')),
} as const
