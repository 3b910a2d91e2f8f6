import {bool, choice, int, memory, text} from '../parameter.js'
import {savePoints} from '../special.js'

function fileName(setting: string, mayBeEmpty: boolean): (value: string) => string | undefined {
  return (value) => {
    if (value === '' && !mayBeEmpty) return `${setting} can't be empty`
    return value.includes('/') ? `${setting} can't be a path, just a filename` : undefined
  }
}

/** Snapshots and the append-only file. */
export const persistenceParameters = {
  save: savePoints([
    {seconds: 3600, changes: 1},
    {seconds: 300, changes: 100},
    {seconds: 60, changes: 10_000},
  ]),
  dbfilename: text('dbfilename', 'dump.rdb', {check: fileName('dbfilename', true), protected: true}),
  rdbcompression: bool('rdbcompression', true),
  rdbchecksum: bool('rdbchecksum', true, {immutable: true}),
  rdbDelSyncFiles: bool('rdb-del-sync-files', false),
  rdbSaveIncrementalFsync: bool('rdb-save-incremental-fsync', true),
  sanitizeDumpPayload: choice('sanitize-dump-payload', 'no', ['no', 'yes', 'clients']),
  stopWritesOnBgsaveError: bool('stop-writes-on-bgsave-error', true),

  appendonly: bool('appendonly', false),
  appendfilename: text('appendfilename', 'appendonly.aof', {
    check: fileName('appendfilename', false),
    immutable: true,
  }),
  appenddirname: text('appenddirname', 'appendonlydir', {check: fileName('appenddirname', false), immutable: true}),
  appendfsync: choice('appendfsync', 'everysec', ['everysec', 'always', 'no']),
  noAppendfsyncOnRewrite: bool('no-appendfsync-on-rewrite', false),
  autoAofRewritePercentage: int('auto-aof-rewrite-percentage', 100),
  autoAofRewriteMinSize: memory('auto-aof-rewrite-min-size', 67_108_864),
  aofLoadTruncated: bool('aof-load-truncated', true),
  aofUseRdbPreamble: bool('aof-use-rdb-preamble', true),
  aofTimestampEnabled: bool('aof-timestamp-enabled', false),
  aofRewriteIncrementalFsync: bool('aof-rewrite-incremental-fsync', true),
  aofDisableAutoGc: bool('aof-disable-auto-gc', false),
} as const
