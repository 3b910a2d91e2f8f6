import {knownScripting} from '../scripting/known-scripting.js'
import {human, type InfoFacts, type InfoField} from './facts.js'
import {REDIS_VERSION, SHOAL_VERSION} from './version.js'

/** INFO's sections about the process itself. Fields without a counterpart here are left out, not invented. */

const DAY_SECONDS = 86_400
const LRU_CLOCK_LIMIT = 1 << 24

export function renderServer({host, nowMs, server}: InfoFacts): InfoField[] {
  const {config} = server
  const uptime = Math.max(0, Math.floor((nowMs - server.startedMs) / 1000))
  const fields: InfoField[] = [
    ['redis_version', REDIS_VERSION],
    ['shoal_version', SHOAL_VERSION],
    ['redis_git_sha1', '00000000'],
    ['redis_git_dirty', 0],
    ['redis_mode', server.isCluster ? 'cluster' : 'standalone'],
  ]
  if (host !== undefined) fields.push(['os', host.os])
  fields.push(['arch_bits', 64])
  if (host !== undefined) fields.push(['monotonic_clock', host.monotonicClock], ['multiplexing_api', host.polling])
  fields.push(
    ['process_id', server.processId],
    ['process_supervised', 'no'],
    ['run_id', server.runId],
    ['tcp_port', config.values.port || config.values.tlsPort],
    ['server_time_usec', nowMs * 1000],
    ['uptime_in_seconds', uptime],
    ['uptime_in_days', Math.floor(uptime / DAY_SECONDS)],
    ['hz', config.values.hz],
    ['configured_hz', config.values.hz],
    ['lru_clock', Math.floor(nowMs / 1000) % LRU_CLOCK_LIMIT],
  )
  if (host !== undefined) fields.push(['executable', host.executable])
  fields.push(['config_file', config.fileName ?? ''], ['io_threads_active', 0])
  return fields
}

export function renderClients({host, server}: InfoFacts): InfoField[] {
  let input = 0
  let output = 0
  for (const client of server.clients.values()) {
    input = Math.max(input, client.queryBufferBytes)
    output = Math.max(output, client.reply.out.length)
  }
  return [
    ['connected_clients', server.clients.size],
    ['cluster_connections', host?.clusterConnections ?? 0],
    ['maxclients', server.config.values.maxclients],
    ['client_recent_max_input_buffer', input],
    ['client_recent_max_output_buffer', output],
    ['blocked_clients', server.blocked.count + server.held.pausedCount],
    ['tracking_clients', server.tracking.clientCount],
    ['clients_in_timeout_table', server.blocked.countTimed],
  ]
}

function ratio(part: number, whole: number): string {
  return whole === 0 ? '0.00' : (part / whole).toFixed(2)
}

export function renderMemory({admin, host, memory, server}: InfoFacts): InfoField[] {
  const {heapTotal, peakRss, rss} = memory
  // With a limit what counts against it is shown, so that the two can be compared; else what the engine says.
  const used = server.memory.usedBytes ?? memory.heapUsed
  const {maxmemory, maxmemoryPolicy} = server.config.values
  const peak = server.memory.isSet ? server.memory.peakUsedBytes : Math.max(peakRss, used)
  const buffers = clientBytes(server)
  const startup = server.memory.isSet ? 0 : admin.startupBytes
  const dataset = server.memory.isSet ? server.memory.dataBytes : Math.max(0, used - startup - buffers)
  const fields: InfoField[] = [
    ['used_memory', used],
    ['used_memory_human', human(used)],
    ['used_memory_rss', rss],
    ['used_memory_rss_human', human(rss)],
    ['used_memory_peak', peak],
    ['used_memory_peak_human', human(peak)],
    ['used_memory_peak_perc', percent(used, peak)],
    ['used_memory_overhead', used - dataset],
    ['used_memory_startup', startup],
    ['used_memory_dataset', dataset],
    ['used_memory_dataset_perc', percent(dataset, used - startup)],
    ['allocator_allocated', memory.heapUsed],
    ['allocator_active', heapTotal],
    ['allocator_resident', rss],
  ]
  if (host !== undefined) {
    fields.push(['total_system_memory', host.totalMemoryBytes])
    fields.push(['total_system_memory_human', human(host.totalMemoryBytes)])
  }
  fields.push(
    ...renderScripts(server),
    ['maxmemory', maxmemory],
    ['maxmemory_human', human(maxmemory)],
    ['maxmemory_policy', maxmemoryPolicy],
    ['allocator_frag_ratio', ratio(heapTotal, memory.heapUsed)],
    ['allocator_frag_bytes', heapTotal - memory.heapUsed],
    ['allocator_rss_ratio', ratio(rss, heapTotal)],
    ['allocator_rss_bytes', rss - heapTotal],
    ['rss_overhead_ratio', '1.00'],
    ['rss_overhead_bytes', 0],
    ['mem_fragmentation_ratio', ratio(rss, used)],
    ['mem_fragmentation_bytes', rss - used],
    ['mem_not_counted_for_evict', 0],
    ['mem_replication_backlog', 0],
    ['mem_total_replication_buffers', 0],
    ['mem_clients_slaves', 0],
    ['mem_clients_normal', buffers],
    ['mem_cluster_links', 0],
    ['mem_aof_buffer', 0],
    ['mem_allocator', 'v8'],
    ['active_defrag_running', 0],
    ['lazyfree_pending_objects', 0],
    ['lazyfreed_objects', 0],
  )
  return fields
}

function renderScripts(server: InfoFacts['server']): InfoField[] {
  const scripting = knownScripting(server)
  const usedBytes = scripting?.usedBytes ?? {eval: 0, functions: 0}
  const textBytes = scripting?.textBytes ?? {scripts: 0, libraries: 0}
  const total = usedBytes.eval + usedBytes.functions
  const texts = textBytes.scripts + textBytes.libraries
  return [
    ['used_memory_lua', usedBytes.eval],
    ['used_memory_vm_eval', usedBytes.eval],
    ['used_memory_lua_human', human(usedBytes.eval)],
    ['used_memory_scripts_eval', textBytes.scripts],
    ['number_of_cached_scripts', scripting?.cachedCount ?? 0],
    ['number_of_functions', scripting?.functions.functionCount ?? 0],
    ['number_of_libraries', scripting?.functions.all().length ?? 0],
    ['used_memory_vm_functions', usedBytes.functions],
    ['used_memory_vm_total', total],
    ['used_memory_vm_total_human', human(total)],
    ['used_memory_functions', textBytes.libraries],
    ['used_memory_scripts', texts],
    ['used_memory_scripts_human', human(texts)],
  ]
}

function percent(part: number, whole: number): string {
  return `${((part / Math.max(1, whole)) * 100).toFixed(2)}%`
}

function clientBytes(server: InfoFacts['server']): number {
  let bytes = 0
  for (const client of server.clients.values()) bytes += client.queryBufferBytes + client.reply.out.length
  return bytes
}

export function renderCpu({cpu}: InfoFacts): InfoField[] {
  return [
    ['used_cpu_sys', cpu.system.toFixed(6)],
    ['used_cpu_user', cpu.user.toFixed(6)],
    ['used_cpu_sys_children', '0.000000'],
    ['used_cpu_user_children', '0.000000'],
  ]
}
