import {describe, expect, it} from 'vitest'
import {renderRam} from '../../../src/lib/cli/render/numbers.js'
import {
  type EXTRAS,
  renderNodeState,
  renderStatus,
  SECTIONS,
  type StatusLayout,
  selectStatus,
  sortableColumns,
} from '../../../src/lib/cli/render/status.js'
import {styleOf} from '../../../src/lib/cli/render/style.js'
import {statusOf} from '../../../src/lib/model/cluster-status.js'
import {buildView, change, idOf, type NodeSpec} from '../model/build-view.js'

const PLAIN = styleOf(false)
const LAYOUT: StatusLayout = {sections: SECTIONS, extras: new Set(), sort: [], issuesOnly: false}

const SPECS: readonly NodeSpec[] = [
  {name: 'a', slots: '0-4095', info: 'used_memory:1635778\r\nmaxmemory:4294967296\r\ntotal_system_memory:20981358592'},
  {name: 'b', slots: '4096-16383', info: 'used_memory:912'},
  {name: 'c', of: 'a', epoch: 1, info: 'master_link_status:up'},
  {name: 'd', epoch: 0},
]

const status = (specs = SPECS) => statusOf({view: buildView(specs), extras: new Map(), askedId: idOf('c'), tls: false})

describe('renderStatus', () => {
  it('prints the four tables with rladmin’s columns and cells', () => {
    expect(renderStatus(status(), LAYOUT, PLAIN).split('\n')).toEqual([
      'CLUSTER NODES:',
      'NODE:ID  ROLE    ADDRESS         EXTERNAL_ADDRESS  HOSTNAME  SHARDS  CORES  FREE_RAM       PROVISIONAL_RAM  VERSION  STATUS',
      'node:1   master  127.0.0.1:7000  -                 -         1/1     -      4.00GB/4.00GB  -/19.54GB        7.0.15   OK',
      'node:2   master  127.0.0.1:7001  -                 -         1/1     -      -              -                7.0.15   OK',
      '*node:3  slave   127.0.0.1:7002  -                 -         1/1     -      -              -                7.0.15   OK',
      'node:4   master  127.0.0.1:7003  -                 -         0/1     -      -              -                7.0.15   OK',
      '',
      'DATABASES:',
      'DB:ID  NAME  TYPE   STATUS  SHARDS  PLACEMENT  REPLICATION  PERSISTENCE  ENDPOINT',
      'db:1   -     redis  active  2       dense      partial      -            127.0.0.1:7000',
      '',
      'ENDPOINTS:',
      'DB:ID  NAME  ID            NODE    ROLE               SSL',
      'db:1   -     endpoint:1:1  node:1  all-master-shards  No',
      'db:1   -     endpoint:1:2  node:2  all-master-shards  No',
      '',
      'SHARDS:',
      'DB:ID  NAME  ID       NODE    ROLE    SLOTS       USED_MEMORY  STATUS',
      'db:1   -     redis:1  node:1  master  0-4095      1.56MB       OK',
      'db:1   -     redis:2  node:2  master  4096-16383  912B         OK',
      'db:1   -     redis:3  node:3  slave   0-4095      1.00MB       OK',
    ])
  })

  it('adds the columns of an extra, and no other', () => {
    const titles = (extra: (typeof EXTRAS)[number], section: 'nodes' | 'databases' | 'shards') => {
      const layout = {...LAYOUT, sections: [section], extras: new Set([extra])}
      return (renderStatus(status(), layout, PLAIN).split('\n')[1] ?? '').split(/ +/)
    }
    expect(titles('nodestats', 'nodes')).toEqual(expect.arrayContaining(['MASTERS', 'SLAVES']))
    expect(titles('rack_id', 'nodes')).toContain('RACK-ID')
    expect(titles('redis_version', 'databases')).toContain('REDIS_VERSION')
    expect(titles('backup', 'databases')).toEqual(expect.arrayContaining(['BACKUP_PROGRESS', 'MISSING_BACKUP_TIME']))
    expect(titles('frag', 'shards')).toContain('RAM_FRAG')
    expect(titles('shardstats', 'shards')).toEqual(expect.arrayContaining(['KEYS', 'OPS_SEC', 'LAG_BYTES']))
    expect(titles('frag', 'shards')).not.toContain('KEYS')
  })

  it('sorts by value, not by text, what is unknown last', () => {
    const order = (sort: string, section: 'nodes' | 'shards') => {
      const rows = selectStatus(status(), {...LAYOUT, sections: [section], sort: [sort]})[section] ?? []
      return rows.map(({node}) => node)
    }
    expect(order('USED_MEMORY', 'shards')).toEqual([2, 3, 1])
    expect(order('SLOTS', 'shards')).toEqual([1, 3, 2])
    const limited = status(change(SPECS, {a: {info: ''}, b: {info: 'maxmemory:2097152'}}))
    const byFree = selectStatus(limited, {...LAYOUT, sort: ['FREE_RAM']}).nodes
    expect(byFree?.map(({node}) => node)).toEqual([2, 1, 3, 4])
    expect(order('ROLE', 'nodes')).toEqual([1, 2, 4, 3])
    expect(order('HOSTNAME', 'nodes')).toEqual([1, 2, 3, 4])
  })

  it('offers to sort by what is shown', () => {
    expect(sortableColumns(['shards'], new Set())).not.toContain('RAM_FRAG')
    expect(sortableColumns(['shards'], new Set(['frag']))).toContain('RAM_FRAG')
  })

  it('keeps to issues, and says if there are none', () => {
    const layout = {...LAYOUT, issuesOnly: true}
    expect(renderStatus(status(), layout, PLAIN)).toBe('No issues.')
    const sick = status(change(SPECS, {b: {down: true}}))
    const text = renderStatus(sick, layout, PLAIN)
    expect(text).toContain('node:2')
    expect(text).not.toContain('node:1 ')
    expect(selectStatus(sick, layout)).toMatchObject({databases: [], endpoints: [{node: 2}], shards: [{shard: 2}]})
  })

  it('shows modules where there are some, or where they are asked for', () => {
    expect(renderStatus(status(), {...LAYOUT, sections: ['modules']}, PLAIN)).toBe('MODULES:\nMODULE  VERSION  NODES')
  })

  it('tells why a node does not answer', () => {
    const sick = status(change(SPECS, {b: {down: true}}))
    const lines = renderStatus(sick, {...LAYOUT, sections: ['nodes']}, PLAIN).split('\n')
    expect(lines.at(-1)).toMatch(/^node:2 does not answer: ./)
    expect(renderStatus(sick, {...LAYOUT, sections: ['shards']}, PLAIN)).not.toContain('does not answer')
  })

  it('paints what is not well', () => {
    const sick = status(change(SPECS, {b: {down: true}}))
    expect(renderStatus(sick, {...LAYOUT, sections: ['nodes']}, styleOf(true))).toContain('\u001B[31mDOWN')
  })
})

describe('cells', () => {
  it('are in rladmin’s words', () => {
    expect(renderNodeState({state: 'down', lastSeenMs: 33_200, suspectedBy: 0})).toBe('DOWN, last seen 33s ago')
    expect(renderNodeState({state: 'down', lastSeenMs: null, suspectedBy: 0})).toBe('DOWN')
    expect(renderNodeState({state: 'suspected', lastSeenMs: null, suspectedBy: 2})).toBe('SUSPECTED by 2')
    expect([0, 1023, 1024, 16_009_580_000].map(renderRam)).toEqual(['0B', '1023B', '1.00KB', '14.91GB'])
  })
})
