import type {Command} from '../commands/command.js'
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
    ['rejected_connections', stats.rejectedConnections],
    ['sync_full', 0],
    ['sync_partial_ok', 0],
    ['sync_partial_err', 0],
    ['expired_keys', state.expiredKeys],
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
    ['tracking_total_keys', tracking.table.size],
    ['tracking_total_items', tracking.table.items],
    ['tracking_total_prefixes', tracking.broadcasts.size],
    ['unexpected_error_replies', 0],
    ['total_error_replies', stats.errorReplies],
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
      const mean = db.expiresSize === 0 ? 0 : meanTtl(db.expiring, nowMs)
      return [`db${db.index}`, `keys=${db.size},expires=${db.expiresSize},avg_ttl=${mean}`]
    })
}

/** INFO must not walk a million deadlines: some of the first are enough for a mean. */
const TTL_SAMPLES = 100

function meanTtl(stores: Iterable<{readonly expires: ReadonlyMap<string, number> | undefined}>, nowMs: number): number {
  let sum = 0
  let count = 0
  for (const {expires} of stores) {
    for (const atMs of expires?.values() ?? []) {
      if (count === TTL_SAMPLES) return Math.round(sum / count)
      sum += Math.max(0, atMs - nowMs)
      count++
    }
  }
  return count === 0 ? 0 : Math.round(sum / count)
}
