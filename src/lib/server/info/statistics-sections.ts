import type {Command} from '../commands/command.js'
import type {Store} from '../keyspace/store.js'
import type {InfoFacts, InfoField} from './facts.js'
import {everyCommand} from './statistics.js'

export function renderStats({admin, server}: InfoFacts): InfoField[] {
  const {pubsub, state, stats, tracking} = server
  const rates = admin.rates.rates()
  const exceeded = server.memory.exceededTime(server.effects.monotonicUs())
  return [
    ['total_connections_received', stats.connections],
    ['total_commands_processed', stats.commands],
    ['instantaneous_ops_per_sec', rates.opsPerSecond],
    ['total_net_input_bytes', stats.inputBytes],
    ['total_net_output_bytes', stats.outputBytes],
    ['total_net_repl_input_bytes', 0],
    ['total_net_repl_output_bytes', 0],
    ['instantaneous_input_kbps', rates.inputKbps.toFixed(2)],
    ['instantaneous_output_kbps', rates.outputKbps.toFixed(2)],
    ['instantaneous_input_repl_kbps', '0.00'],
    ['instantaneous_output_repl_kbps', '0.00'],
    ['rejected_connections', stats.rejectedConnections],
    ['sync_full', server.replication.replicas.fullSyncs],
    ['sync_partial_ok', server.replication.replicas.partialSyncs],
    ['sync_partial_err', server.replication.replicas.failedPartialSyncs],
    ['expired_keys', state.expiredKeys],
    ['expired_time_cap_reached_count', stats.expiryCapsReached],
    ['expire_cycle_cpu_milliseconds', Math.round(stats.expiryMs)],
    ['evicted_keys', state.evictedKeys],
    ['evicted_clients', server.memory.evictedClients],
    ['total_eviction_exceeded_time', exceeded.total],
    ['current_eviction_exceeded_time', exceeded.current],
    ['keyspace_hits', state.hits],
    ['keyspace_misses', state.misses],
    ['pubsub_channels', pubsub.count('channels')],
    ['pubsub_patterns', pubsub.count('patterns')],
    ['pubsubshard_channels', pubsub.count('shardChannels')],
    ['latest_fork_usec', 0],
    ['total_forks', 0],
    ['migrate_cached_sockets', 0],
    ['slave_expires_tracked_keys', 0],
    ['active_defrag_hits', 0],
    ['active_defrag_misses', 0],
    ['active_defrag_key_hits', 0],
    ['active_defrag_key_misses', 0],
    ['total_active_defrag_time', 0],
    ['current_active_defrag_time', 0],
    ['tracking_total_keys', tracking.table.size],
    ['tracking_total_items', tracking.table.items],
    ['tracking_total_prefixes', tracking.broadcasts.size],
    ['unexpected_error_replies', 0],
    ['total_error_replies', stats.errorReplies],
    ['dump_payload_sanitizations', 0],
    ['total_reads_processed', stats.reads],
    ['total_writes_processed', stats.writes],
    ['io_threaded_reads_processed', 0],
    ['io_threaded_writes_processed', 0],
    ['reply_buffer_shrinks', 0],
    ['reply_buffer_expands', 0],
  ]
}

function commandStat(command: Command): InfoField {
  const {calls, failedCalls, rejectedCalls, usec} = command
  const mean = calls === 0 ? '0.00' : (usec / calls).toFixed(2)
  return [
    `cmdstat_${command.fullName}`,
    `calls=${calls},usec=${Math.round(usec)},usec_per_call=${mean},` +
      `rejected_calls=${rejectedCalls},failed_calls=${failedCalls}`,
  ]
}

/** Commands never asked for are left out. */
export function renderCommandStats({server}: InfoFacts): InfoField[] {
  return [...everyCommand(server.commands)]
    .filter(({calls, failedCalls, rejectedCalls}) => calls + failedCalls + rejectedCalls > 0)
    .map(commandStat)
}

export function renderErrorStats({server}: InfoFacts): InfoField[] {
  return [...server.errorCounts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, count]) => [`errorstat_${code}`, `count=${count}`])
}

/** Databases without keys are left out. */
export function renderKeyspace({nowMs, server}: InfoFacts): InfoField[] {
  return server.databases
    .filter(({size}) => size > 0)
    .map((db) => {
      return [`db${db.index}`, `keys=${db.size},expires=${db.expiresSize},avg_ttl=${meanTtl(db.store, nowMs)}`]
    })
}

/** INFO must not walk a million deadlines: some of the last are enough for a mean. */
const TTL_SAMPLES = 100

function meanTtl({deadlines, size}: Store, nowMs: number): number {
  let sum = 0
  let count = 0
  for (let place = size - 1; deadlines !== undefined && count < TTL_SAMPLES; place--) {
    place = deadlines.findDown(place, 0)
    if (place < 0) break
    sum += Math.max(0, deadlines.at(place) - nowMs)
    count++
  }
  return count === 0 ? 0 : Math.round(sum / count)
}
