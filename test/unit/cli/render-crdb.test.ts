import {describe, expect, it} from 'vitest'
import {documentOf} from '../../../src/lib/cli/crdb/documents.js'
import {renderDatabase, renderDatabaseList, renderTask, renderTaskList} from '../../../src/lib/cli/render/crdb.js'
import type {KnownDatabase} from '../../../src/lib/operations/crdb/known.js'
import type {TaskSummary} from '../../../src/lib/operations/crdb/task-list.js'
import {planCreate} from '../../../src/lib/plan/crdb/create.js'
import {parseInstance} from '../../../src/lib/plan/crdb/instance-list.js'

const GUID = 'd84f6fe4-5bb7-49d2-a188-8900e09c6f66'
const {config} = planCreate(
  {
    database: {},
    instances: ['fqdn=cluster1.local', 'endpoint=10.0.0.1:7000'].map(parseInstance),
    name: 'mycrdb',
    settings: {memorySize: 2 ** 29, more: {max_aof_load_time: 3600, oss_sharding: false}},
  },
  GUID,
)
const KNOWN: KnownDatabase = {
  config: {...config, instances: config.instances.map((each) => ({...each, password: 'hush'}))},
  instances: [
    {
      id: 1,
      login: {password: 'hush'},
      place: {environment: 'default', kind: 'region', region: 'cluster1.local'},
      seeds: ['127.0.0.1:12000'],
    },
    {id: 2, login: {}, place: {endpoint: '10.0.0.1:7000', kind: 'endpoint'}, seeds: ['10.0.0.1:7000']},
  ],
  password: 'hush',
  port: 12_000,
  version: 1,
}

describe('databases as crdb-cli prints them', () => {
  it('list one line per instance', () => {
    expect(renderDatabaseList([KNOWN])).toBe(
      [
        'CRDB-GUID                             NAME    REPL-ID  CLUSTER-FQDN',
        `${GUID}  mycrdb  1        cluster1.local`,
        `${GUID}  mycrdb  2        10.0.0.1:7000`,
      ].join('\n'),
    )
    expect(renderDatabaseList([])).toContain('shoal crdb create')
  })

  it('get: the layout, with None for what is not set, and no secret', () => {
    const lines = renderDatabase(KNOWN).split('\n')
    expect(lines.slice(0, 13)).toEqual([
      `CRDB-GUID: ${GUID}`,
      'Name: mycrdb',
      'Encryption: False',
      'Causal consistency: False',
      'Protocol version: 1',
      'FeatureSet version: 5',
      'Modules: []',
      'Default-DB-Config:',
      '  memory_size: 536870912',
      '  port: 12000',
      '  replication: False',
      '  shard_key_regex: None',
      '  sharding: True',
    ])
    expect(lines).toEqual(
      expect.arrayContaining(['  oss_sharding: False', '  max_aof_load_time: 3600', '  Compression: 3']),
    )
    expect(lines.filter((line) => /^Instance:|Id:|FQDN|^ {4}port/.test(line))).toEqual([
      'Instance:',
      '  Id: 1',
      '    FQDN: cluster1.local',
      '    port: 12000',
      'Instance:',
      '  Id: 2',
      '    FQDN: 10.0.0.1:7000',
      '    port: 7000',
    ])
    expect(lines.join()).not.toContain('hush')
    expect(JSON.stringify(documentOf({heardFrom: [], known: KNOWN, notes: []}))).not.toContain('hush')
  })
})

describe('tasks as crdb-cli prints them', () => {
  const task: TaskSummary = {
    ended: '2022-10-12T09:33:45.120Z',
    errors: [{cluster: 'cluster2.local', code: 'UNREACHABLE', description: 'gone'}],
    guid: GUID,
    id: '633aaea3-97ee-4bcb-af39-a9cb25d7d4da',
    operation: 'create_crdb',
    started: '2022-10-12T09:33:41.001Z',
    status: 'failed',
    steps: [{done: true, step: 'start'}],
    worker: 'crdb_worker:1:0',
  }

  it('status', () => {
    expect(renderTask({...task, errors: [], status: 'finished'}, false)).toBe(
      [
        `Task-ID: ${task.id}`,
        `CRDB-GUID: ${GUID}`,
        'Operation: create_crdb',
        'Status: finished',
        'Worker-Name: crdb_worker:1:0',
        'Started: 2022-10-12T09:33:41Z',
        'Ended: 2022-10-12T09:33:45Z',
      ].join('\n'),
    )
    expect(renderTask(task, true).split('\n').slice(7)).toEqual([
      'Steps:',
      '  start: done',
      'Errors:',
      '  - cluster_name: cluster2.local',
      '    description: gone',
      '    error_code: UNREACHABLE',
    ])
  })

  it('list', () => {
    const {ended: _ended, ...running} = {...task, status: 'started' as const}
    const [titles, line] = renderTaskList([running]).split('\n')
    expect(titles?.split(/ +/)).toEqual([
      'TASK-ID',
      'CRDB-GUID',
      'OPERATION',
      'STATUS',
      'WORKER-NAME',
      'STARTED',
      'ENDED',
    ])
    expect(line?.split(/ {2,}/)).toEqual([
      task.id,
      GUID,
      'create_crdb',
      'started',
      'crdb_worker:1:0',
      '2022-10-12T09:33:41Z',
      '-',
    ])
  })
})
