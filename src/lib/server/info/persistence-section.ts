import type {InfoFacts, InfoField} from './facts.js'

/** Snapshots are made without a fork: nothing is copied on write. */
export function renderPersistence({nowMs, server}: InfoFacts): InfoField[] {
  const {appendOnly, loadedBytes, loadedKeys, loading, saving, state} = server
  const fields: InfoField[] = [
    ['loading', loading === undefined ? 0 : 1],
    ['async_loading', 0],
    ['current_cow_peak', 0],
    ['current_cow_size', 0],
    ['current_cow_size_age', 0],
    ['current_fork_perc', '0.00'],
    ['current_save_keys_processed', 0],
    ['current_save_keys_total', 0],
    ['rdb_changes_since_last_save', state.dirty],
    ['rdb_bgsave_in_progress', saving.isRunning ? 1 : 0],
    ['rdb_last_save_time', saving.lastSaveSeconds],
    ['rdb_last_bgsave_status', saving.isOk ? 'ok' : 'err'],
    ['rdb_last_bgsave_time_sec', saving.lastDurationSeconds],
    ['rdb_current_bgsave_time_sec', saving.isRunning ? Math.floor((nowMs - saving.startedMs) / 1000) : -1],
    ['rdb_saves', saving.saves],
    ['rdb_last_cow_size', 0],
    ['rdb_last_load_keys_expired', loadedKeys.expired],
    ['rdb_last_load_keys_loaded', loadedKeys.loaded],
    ['aof_enabled', appendOnly.state === 'off' ? 0 : 1],
    ['aof_rewrite_in_progress', appendOnly.isRewriting ? 1 : 0],
    ['aof_rewrite_scheduled', appendOnly.isScheduled ? 1 : 0],
    ['aof_last_rewrite_time_sec', appendOnly.lastRewriteSeconds],
    [
      'aof_current_rewrite_time_sec',
      appendOnly.isRewriting ? Math.floor((nowMs - appendOnly.rewriteStartedMs) / 1000) : -1,
    ],
    ['aof_last_bgrewrite_status', appendOnly.isRewriteOk ? 'ok' : 'err'],
    ['aof_rewrites', appendOnly.rewrites],
    ['aof_rewrites_consecutive_failures', appendOnly.failures],
    ['aof_last_write_status', appendOnly.writeError === undefined ? 'ok' : 'err'],
    ['aof_last_cow_size', 0],
    ['module_fork_in_progress', 0],
    ['module_fork_last_cow_size', 0],
  ]
  if (appendOnly.state !== 'off') {
    fields.push(
      ['aof_current_size', appendOnly.currentBytes],
      ['aof_base_size', appendOnly.baseBytes],
      ['aof_pending_rewrite', 0],
      ['aof_buffer_length', appendOnly.gatheredBytes],
      ['aof_pending_bio_fsync', appendOnly.pendingSyncs],
      ['aof_delayed_fsync', appendOnly.delayedSyncs],
    )
  }
  if (loading !== undefined) {
    const share = (loadedBytes / Math.max(1, loading.bytes)) * 100
    fields.push(
      ['loading_start_time', Math.floor(loading.startedMs / 1000)],
      ['loading_total_bytes', loading.bytes],
      ['loading_rdb_used_mem', 0],
      ['loading_loaded_bytes', loadedBytes],
      ['loading_loaded_perc', share.toFixed(2)],
      ['loading_eta_seconds', etaSeconds(nowMs - loading.startedMs, share)],
    )
  }
  return fields
}

function etaSeconds(elapsedMs: number, percent: number): number {
  return percent === 0 ? 1 : Math.floor((elapsedMs / 1000) * (100 / percent - 1))
}
