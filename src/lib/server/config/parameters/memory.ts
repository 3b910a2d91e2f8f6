import {bool, choice, int, long, memory, memoryOrPercent} from '../parameter.js'

const acts = true

/** Memory, eviction, and when a value changes its encoding. */
export const memoryParameters = {
  maxmemory: memory('maxmemory', 0, 0, {acts}),
  maxmemoryClients: memoryOrPercent('maxmemory-clients', 0, {acts}),
  maxmemoryPolicy: choice(
    'maxmemory-policy',
    'noeviction',
    [
      'volatile-lru',
      'volatile-lfu',
      'volatile-random',
      'volatile-ttl',
      'allkeys-lru',
      'allkeys-lfu',
      'allkeys-random',
      'noeviction',
    ],
    {acts},
  ),
  maxmemorySamples: int('maxmemory-samples', 5, 1, undefined, {acts}),
  maxmemoryEvictionTenacity: int('maxmemory-eviction-tenacity', 10, 0, 100, {acts}),
  lfuLogFactor: int('lfu-log-factor', 10, 0, undefined, {acts}),
  lfuDecayTime: int('lfu-decay-time', 1, 0, undefined, {acts}),

  lazyfreeLazyEviction: bool('lazyfree-lazy-eviction', false),
  lazyfreeLazyExpire: bool('lazyfree-lazy-expire', false),
  lazyfreeLazyServerDel: bool('lazyfree-lazy-server-del', false),
  lazyfreeLazyUserDel: bool('lazyfree-lazy-user-del', false),
  lazyfreeLazyUserFlush: bool('lazyfree-lazy-user-flush', false),

  activedefrag: bool('activedefrag', false),
  activeDefragCycleMax: int('active-defrag-cycle-max', 25, 1, 99),
  activeDefragCycleMin: int('active-defrag-cycle-min', 1, 1, 99),
  activeDefragIgnoreBytes: memory('active-defrag-ignore-bytes', 104_857_600, 1),
  activeDefragMaxScanFields: long('active-defrag-max-scan-fields', 1000, 1),
  activeDefragThresholdLower: int('active-defrag-threshold-lower', 10, 0, 1000),
  activeDefragThresholdUpper: int('active-defrag-threshold-upper', 100, 0, 1000),

  hashMaxListpackEntries: long('hash-max-listpack-entries', 512, 0, {
    acts,
    alias: 'hash-max-ziplist-entries',
  }),
  hashMaxListpackValue: memory('hash-max-listpack-value', 64, 0, {acts, alias: 'hash-max-ziplist-value'}),
  listMaxListpackSize: int('list-max-listpack-size', -2, -2_147_483_648, undefined, {
    acts,
    alias: 'list-max-ziplist-size',
  }),
  listCompressDepth: int('list-compress-depth', 0),
  setMaxIntsetEntries: long('set-max-intset-entries', 512, 0, {acts}),
  zsetMaxListpackEntries: long('zset-max-listpack-entries', 128, 0, {
    acts,
    alias: 'zset-max-ziplist-entries',
  }),
  zsetMaxListpackValue: memory('zset-max-listpack-value', 64, 0, {acts, alias: 'zset-max-ziplist-value'}),
  hllSparseMaxBytes: memory('hll-sparse-max-bytes', 3000, 0, {acts}),
  streamNodeMaxBytes: memory('stream-node-max-bytes', 4096, 0, {acts}),
  streamNodeMaxEntries: long('stream-node-max-entries', 100, 0, {acts}),
} as const
