import {describe, expect, it} from 'vitest'
import {type CrdbDatabaseConfig, readCrdbConfig} from '../../../src/lib/embedded/crdb-settings.js'
import {CRDB_DEFAULTS} from '../../../src/lib/model/crdb.js'

function read(config: object) {
  return readCrdbConfig(config as CrdbDatabaseConfig)
}

describe('readCrdbConfig', () => {
  it('is what a database has by default, without any', () => {
    expect(read({})).toEqual(CRDB_DEFAULTS)
    expect(read({causal_consistency: undefined})).toEqual(CRDB_DEFAULTS)
  })

  it.each([
    [{crdt_xadd_id_uniqueness_mode: 'semi-strict'}, {streamIdMode: 'semi-strict'}],
    [{causal_consistency: true}, {causalConsistency: true}],
    [{memory_size: 1000}, {memorySize: 1000}],
    [{memory_size: '512mb'}, {memorySize: 512 * 1024 * 1024}],
    [{memory_size: '1GB'}, {memorySize: 1024 ** 3}],
    [{memory_size: '10g'}, {memorySize: 10 * 1024 ** 3}],
    [{eviction_policy: 'volatile-ttl'}, {evictionPolicy: 'volatile-ttl'}],
    [{crdt_repl_backlog_size: 'auto'}, {backlogBytes: 0}],
    [{crdt_repl_backlog_size: 2}, {backlogBytes: 2 * 1024 * 1024}],
    [
      {crdt_counter_type: true, crdt_hincrby_on_fields: true},
      {counterType: true, hincrbyOnFields: true},
    ],
  ])('reads %j', (config, settings) => {
    expect(read(config)).toEqual({...CRDB_DEFAULTS, ...settings})
  })

  it.each([
    [
      {crdt_xadd_id_uniqueness: 'strict'},
      /no database setting crdt_xadd_id_uniqueness; did you mean crdt_xadd_id_uniqu/,
    ],
    [{tls_mode: 'enabled'}, /no database setting tls_mode\. There are .*memory_size/],
    [{toString: 1}, /no database setting toString/],
    [
      {crdt_xadd_id_uniqueness_mode: 'strickt'},
      /one of strict, semi-strict, liberal, not "strickt"; did you mean strict\?/,
    ],
    [{causal_consistency: 'yes'}, /causal_consistency is true or false, not "yes"/],
    [{memory_size: '1 mile'}, /memory_size is a number of bytes/],
    [{memory_size: -1}, /memory_size is a number of bytes/],
    [{crdt_repl_backlog_size: 0}, /auto or a number of MB/],
  ])('refuses %j', (config, message) => {
    expect(() => read(config)).toThrow(message)
  })
})
