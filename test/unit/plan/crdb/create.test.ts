import {describe, expect, it} from 'vitest'
import {type CreateRequest, type NodesRequest, planCreate, planNodes} from '../../../../src/lib/plan/crdb/create.js'
import {parseInstance} from '../../../../src/lib/plan/crdb/instance-list.js'

const GUID = 'd84f6fe4-5bb7-49d2-a188-8900e09c6f66'
const REQUEST: CreateRequest = {
  database: {},
  instances: ['fqdn=cluster1.local', 'fqdn=cluster2.local', 'endpoint=10.0.0.1:7000'].map(parseInstance),
  name: 'mycrdb',
  settings: {memorySize: 2 ** 29},
}

describe('a new database', () => {
  it('has its instances numbered in order, and the settings of the product', () => {
    const {config, instances} = planCreate(REQUEST, GUID)
    expect(config).toMatchObject({
      guid: GUID,
      instances: [
        {cluster: 'cluster1.local', compression: 3, id: 1},
        {cluster: 'cluster2.local', id: 2},
        {cluster: '10.0.0.1:7000', id: 3},
      ],
      removed: [],
      settings: {
        evictionPolicy: 'noeviction',
        memorySize: 2 ** 29,
        replication: false,
        shardsCount: 1,
        streamIdMode: 'strict',
      },
      version: 1,
    })
    expect(instances.map(({id}) => id)).toEqual([1, 2, 3])
  })

  it('takes what options say before what the configuration says', () => {
    const database = {authentication_redis_pass: 'a', memory_size: 1, port: 13_000, shards_count: 2}
    const both = planCreate({...REQUEST, database, password: 'b', port: 12_000}, GUID)
    expect([both.port, both.password, both.config.settings.memorySize, both.config.settings.shardsCount]).toEqual([
      12_000,
      'b',
      2 ** 29,
      2,
    ])
    const alone = planCreate({...REQUEST, database, settings: {}}, GUID)
    expect([alone.port, alone.password, alone.config.settings.memorySize]).toEqual([13_000, 'a', 1])
  })

  it.each([
    [{name: '-'}, 'cannot be the name'],
    [{instances: []}, 'has 2 instances at least, and none is named'],
    [{instances: REQUEST.instances.slice(1, 2)}, 'and one is named'],
    [{instances: [...REQUEST.instances, ...REQUEST.instances]}, 'cluster1.local is named twice'],
    [{instances: Array.from({length: 64}, (_, index) => parseInstance(`fqdn=c${index}`))}, '63 instances at most'],
    [{settings: {}}, '--memory-size is missing'],
    [{settings: {memorySize: 1, shardsCount: 0}}, '--shards-count 0 is not between 1 and 512'],
    [{compression: 7}, '--compression 7 is not between 0 and 6'],
    [{port: 55_534}, '--port 55534 is not between 1 and 55531'],
    [{password: ''}, 'the password is empty'],
    [{settings: {memorySize: 1, more: {sharding: false}, shardsCount: 2}}, '--sharding false has one shard'],
  ])('is refused: %j', (change, message) => {
    expect(() => planCreate({...REQUEST, ...change}, GUID)).toThrow(message)
  })
})

describe('its nodes', () => {
  const request: NodesRequest = {
    basePort: 12_000,
    database: 'mycrdb',
    ids: [1, 2, 3],
    isFree: () => true,
    port: 12_000,
    replicas: 0,
    shards: 1,
    taken: new Set(),
  }

  it('are at the ports of the published quick start', () => {
    expect(planNodes(request)).toEqual([
      [{name: 'mycrdb-1-1', port: 12_000}],
      [{name: 'mycrdb-2-1', port: 12_002}],
      [{name: 'mycrdb-3-1', port: 12_004}],
    ])
  })

  it('have free ports beyond those of instances to come, replicas after all primaries', () => {
    const [first, second] = planNodes({
      ...request,
      ids: [1, 2],
      isFree: (port) => port !== 12_021,
      replicas: 1,
      shards: 2,
    })
    expect(first).toEqual([
      {name: 'mycrdb-1-1', port: 12_000},
      {name: 'mycrdb-1-2', port: 12_020},
      {name: 'mycrdb-1-3', port: 12_022, replicaOf: 'mycrdb-1-1'},
      {name: 'mycrdb-1-4', port: 12_023, replicaOf: 'mycrdb-1-2'},
    ])
    expect(second?.map(({port}) => port)).toEqual([12_002, 12_024, 12_025, 12_026])
  })

  it('are placed at once where one is added', () => {
    expect(planNodes({...request, ids: [4]})).toEqual([[{name: 'mycrdb-4-1', port: 12_006}]])
  })

  it('look for ports where none is asked for, and refuse one that is taken', () => {
    const isFree = (port: number) => ![12_000, 12_003, 12_006].includes(port)
    const {port: _port, ...open} = {...request, isFree}
    expect(planNodes(open).map(([node]) => node?.port)).toEqual([12_005, 12_007, 12_009])
    expect(() => planNodes({...request, isFree})).toThrow('port 12000 is taken')
  })

  it('have names that a host can have, also of a database with a long one', () => {
    const [[node] = []] = planNodes({...request, database: 'a'.repeat(63), taken: new Set([`${'a'.repeat(40)}-1-1`])})
    expect(node?.name).toBe(`${'a'.repeat(40)}3-1-1`)
  })
})
