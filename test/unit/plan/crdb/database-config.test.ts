import {describe, expect, it} from 'vitest'
import {idleKeys, parseDatabaseConfig, settingsFrom} from '../../../../src/lib/plan/crdb/database-config.js'

describe('default_db_config', () => {
  it('becomes settings; what they have no place for is kept', () => {
    const config = parseDatabaseConfig(
      JSON.stringify({
        crdt_repl_backlog_size: '64',
        crdt_xadd_id_uniqueness_mode: 'semi-strict',
        data_persistence: 'aof',
        eviction_policy: 'allkeys-lru',
        memory_size: '1gb',
        oss_cluster: true,
        rack_aware: false,
        shards_count: 3,
        snapshot_policy: null,
      }),
    )
    expect(settingsFrom(config)).toEqual({
      backlogBytes: 64 * 2 ** 20,
      evictionPolicy: 'allkeys-lru',
      memorySize: 2 ** 30,
      more: {data_persistence: 'aof', rack_aware: false},
      ossCluster: true,
      shardsCount: 3,
      streamIdMode: 'semi-strict',
    })
    expect(idleKeys(config)).toEqual(['rack_aware'])
  })

  it('keeps no secret among the settings, which all nodes hold', () => {
    expect(settingsFrom(parseDatabaseConfig({authentication_redis_pass: 'hush', name: 'x', port: 1}))).toEqual({})
  })

  it('knows auto', () => {
    expect(settingsFrom(parseDatabaseConfig({crdt_repl_backlog_size: 'auto'}))).toEqual({backlogBytes: 0})
    expect(() => settingsFrom(parseDatabaseConfig({crdt_repl_backlog_size: 'much'}))).toThrow('neither auto nor')
  })

  it.each([
    ['{', 'is no JSON object'],
    ['[]', 'is no JSON object'],
    ['{"evicton_policy": "noeviction"}', 'has no key evicton_policy; did you mean eviction_policy?'],
    ['{"eviction_policy": "allkeys-lur"}', 'did you mean allkeys-lru?'],
    ['{"replication": "yes"}', 'replication is "yes", not true or false'],
    ['{"shards_count": 0}', 'shards_count is 0, not a whole number from 1 to 512'],
    ['{"replication_oom_threshold_percent": 21}', 'from 0 to 20'],
    ['{"memory_size": "much"}', 'memory_size much is not an amount of memory'],
    ['{"redis_version": {}}', 'redis_version is {}, not text'],
  ])('refuses %s: %s', (text, message) => {
    expect(() => parseDatabaseConfig(text)).toThrow(message)
  })
})
