import type {CrdbSettings} from '../../model/crdb.js'

/** Of one shard, in redis.conf's words: what nodes are told at their start, and by CONFIG SET when it changes. */
export function shardSettings({evictionPolicy, memorySize, shardsCount}: CrdbSettings): Record<string, string> {
  return {
    maxmemory: String(Math.floor(memorySize / shardsCount)),
    'maxmemory-policy': evictionPolicy,
  }
}

/** What nodes are only told at their start: what they keep on disk, where the database says it. */
export function startSettings({more}: CrdbSettings): Record<string, string> {
  const policy = more['aof_policy'] === 'appendfsync-always' ? {appendfsync: 'always'} : {}
  switch (more['data_persistence']) {
    case 'disabled':
      return {appendonly: 'no', save: ''}
    case 'snapshot':
      return {appendonly: 'no', save: '3600 1 300 100 60 10000'}
    case 'aof':
      return {appendonly: 'yes', save: '', ...policy}
    default:
      return policy
  }
}
