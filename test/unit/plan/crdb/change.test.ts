import {describe, expect, it} from 'vitest'
import {
  planAdd,
  planRemove,
  planUpdate,
  requireInstance,
  type UpdateRequest,
} from '../../../../src/lib/plan/crdb/change.js'
import {planCreate} from '../../../../src/lib/plan/crdb/create.js'
import {parseInstance} from '../../../../src/lib/plan/crdb/instance-list.js'
import {shardSettings, startSettings} from '../../../../src/lib/plan/crdb/node-settings.js'

const {config} = planCreate(
  {
    database: {},
    instances: ['fqdn=a', 'fqdn=b', 'fqdn=c'].map(parseInstance),
    name: 'mycrdb',
    settings: {memorySize: 100},
  },
  'd84f6fe4-5bb7-49d2-a188-8900e09c6f66',
)
const NOTHING: UpdateRequest = {credentials: new Map(), database: {}, force: false, settings: {}}

describe('an update', () => {
  it('is the next version, and says what is another', () => {
    const change = planUpdate(config, {
      ...NOTHING,
      compression: 0,
      database: {rack_aware: true},
      settings: {memorySize: 200},
    })
    expect(change.config).toMatchObject({settings: {memorySize: 200, more: {rack_aware: true}}, version: 2})
    expect(change.config.instances.map(({compression}) => compression)).toEqual([0, 0, 0])
    expect(change.changes).toEqual(['memorySize: 100 -> 200', 'rack_aware: None -> true', 'compression: 3 -> 0'])
  })

  it('is none where nothing is another, unless it is forced', () => {
    expect(planUpdate(config, {...NOTHING, settings: {memorySize: 100}})).toEqual({changes: [], config})
    expect(planUpdate(config, {...NOTHING, force: true}).config.version).toBe(2)
  })

  it.each([
    [{name: 'other'}, 'name of a database cannot be changed'],
    [{port: 1}, 'port of a database cannot be changed: clients know it'],
    [{shards_count: 2}, 'shards_count'],
    [{replication: true}, 'replication'],
    [{sharding: false}, 'sharding of a database cannot be changed: keys would be looked for'],
    [{shard_key_regex: '[]'}, 'shard_key_regex'],
    [{module_list: '[]'}, 'module_list'],
  ])('cannot change %j', (database, message) => {
    expect(() => planUpdate(config, {...NOTHING, database})).toThrow(message)
  })

  it('may say again what is so', () => {
    const database = {name: 'mycrdb', replication: false, shards_count: 1}
    expect(planUpdate(config, {...NOTHING, database}).changes).toEqual([])
  })

  it('knows the instances whose credentials change', () => {
    const credentials = new Map([[2, {password: 'p'}]])
    expect(planUpdate(config, {...NOTHING, credentials}).changes).toEqual(['credentials of instance 2'])
    expect(() => planUpdate(config, {...NOTHING, credentials: new Map([[9, {}]])})).toThrow(
      'no instance 9. There are 1 (a)',
    )
  })
})

describe('instances', () => {
  it('are added under an id that none had', () => {
    const without = planRemove(config, 3)
    expect(without).toMatchObject({instances: [{id: 1}, {id: 2}], removed: [3], version: 2})
    const {config: again, instance} = planAdd(without, parseInstance('fqdn=c'), 0)
    expect(instance.id).toBe(4)
    expect(again).toMatchObject({instances: [{id: 1}, {id: 2}, {cluster: 'c', compression: 0, id: 4}], version: 3})
  })

  it('are refused twice, and the last one stays', () => {
    expect(() => planAdd(config, parseInstance('fqdn=b'))).toThrow('b is instance 2 of database mycrdb already')
    expect(() => planRemove(config, 4)).toThrow('has no instance 4')
    const one = planRemove(planRemove(config, 3), 2)
    expect(() => planRemove(one, 1)).toThrow('the last one')
    expect(() => requireInstance(one, 2)).toThrow('no instance 2: it was removed')
  })

  it('never have more ids than fit into a dot', () => {
    expect(() => planAdd({...config, removed: [63]}, parseInstance('fqdn=d'))).toThrow('used up')
  })
})

describe('what nodes are told', () => {
  const {settings} = config

  it('is a share of the memory', () => {
    expect(shardSettings({...settings, shardsCount: 3})).toEqual({maxmemory: '33', 'maxmemory-policy': 'noeviction'})
  })

  it('is what they keep, where the database says it', () => {
    expect(startSettings(settings)).toEqual({})
    expect(startSettings({...settings, more: {data_persistence: 'disabled'}})).toEqual({appendonly: 'no', save: ''})
    expect(startSettings({...settings, more: {aof_policy: 'appendfsync-always', data_persistence: 'aof'}})).toEqual({
      appendfsync: 'always',
      appendonly: 'yes',
      save: '',
    })
  })
})
