import {describe, expect, it} from 'vitest'
import {type CrdbDatabaseConfig, readCrdbConfig} from '../../../src/lib/embedded/crdb-settings.js'
import {CRDB_DEFAULTS} from '../../../src/lib/model/crdb.js'

function read(config: object) {
  return readCrdbConfig(config as CrdbDatabaseConfig)
}

describe('readCrdbConfig', () => {
  it('is what a database has by default, without any', () => {
    expect(read({})).toEqual(CRDB_DEFAULTS)
    expect(read({eviction_policy: undefined})).toEqual(CRDB_DEFAULTS)
  })

  it.each([
    [{crdt_xadd_id_uniqueness_mode: 'semi-strict'}, {streamIdMode: 'semi-strict'}],
    [{memory_size: '512mb'}, {memorySize: 512 * 1024 * 1024}],
    [{eviction_policy: 'volatile-ttl'}, {evictionPolicy: 'volatile-ttl'}],
    [{crdt_repl_backlog_size: 2}, {backlogBytes: 2 * 1024 * 1024}],
    [
      {crdt_counter_type: true, crdt_hincrby_on_fields: true},
      {counterType: true, hincrbyOnFields: true},
    ],
    [
      {replication: true, shards_count: 2},
      {replication: true, shardsCount: 2},
    ],
  ])('reads %j', (config, settings) => {
    expect(read(config)).toEqual({...CRDB_DEFAULTS, ...settings})
  })

  it.each([
    [{crdt_xadd_id_uniqueness: 'strict'}, /config has no key crdt_xadd_id_uniqueness; did you mean crdt_xadd_id_uniqu/],
    [{toString: 1}, /config has no key toString/],
    [{crdt_xadd_id_uniqueness_mode: 'strickt'}, /did you mean strict\?/],
    [{memory_size: '1 mile'}, /memory_size/],
  ])('refuses %j', (config, message) => {
    expect(() => read(config)).toThrow(message)
  })
})
