import {describe, expect, it} from 'vitest'
import {membersOf} from '../../../src/lib/model/cluster-members.js'
import {type NodeExtras, statusOf} from '../../../src/lib/model/cluster-status.js'
import type {ClusterView} from '../../../src/lib/model/cluster-view.js'
import type {NodeId} from '../../../src/lib/model/node-id.js'
import {filterStatus} from '../../../src/lib/plan/status-filter.js'
import {buildView, change, idOf, SIX} from './build-view.js'

const NOW_MS = 1_700_000_000_000

/** All nodes have the time, and heard of `name` so long ago, each 1 s later than the one before. */
function heardOf(view: ClusterView, name: string, agoMs: number): ClusterView {
  return {
    ...view,
    nodes: view.nodes.map((node, index) => ({
      ...node,
      info: new Map([...node.info, ['server_time_usec', String(NOW_MS * 1000)]]),
      records: node.records.map((record) =>
        record.id === idOf(name) ? {...record, pongAtMs: NOW_MS - agoMs - index * 1000} : record,
      ),
    })),
  }
}

const statusFor = (view: ClusterView, extras = new Map<NodeId, NodeExtras>()) =>
  statusOf({view, extras, askedId: idOf('b'), tls: false})

const every = (extra: NodeExtras) => new Map(SIX.map(({name}) => [idOf(name), extra]))

describe('membersOf', () => {
  it('numbers nodes in order of address, dead ones included', () => {
    const specs = [
      {name: 'a', host: '10.0.0.10', port: 7000, slots: '0-8191'},
      {name: 'b', host: '10.0.0.9', port: 7001, slots: '8192-16383', down: true},
      {name: 'c', host: '10.0.0.9', port: 7000},
    ]
    const numbers = membersOf(buildView(specs)).map(({id, number, view}) => [id[0], number, view !== undefined])
    expect(numbers).toEqual([
      ['c', 1, true],
      ['b', 2, false],
      ['a', 3, true],
    ])
  })

  it('takes the slots of a dead node from the newest record of it, and leaves introductions out', () => {
    const specs = [...change(SIX, {c: {down: true}}), {name: 'x', down: true}]
    const stranger = {x: {flags: 'handshake'}}
    const view = buildView(specs, {
      ...Object.fromEntries(SIX.map(({name}) => [name, stranger])),
      a: {...stranger, c: {slots: '1-2', epoch: 1}},
    })
    const members = membersOf(view)
    expect(members).toHaveLength(6)
    expect(members.find(({id}) => id === idOf('c'))?.served).toEqual([{first: 10923, last: 16383}])
  })

  it('tells when a dead node was last seen by the observers’ clocks', () => {
    const view = heardOf(buildView(change(SIX, {c: {down: true}})), 'c', 33_000)
    expect(membersOf(view).find(({id}) => id === idOf('c'))?.lastSeenMs).toBe(33_000)
    const silent = membersOf(buildView(change(SIX, {c: {down: true}})))
    expect(silent.find(({id}) => id === idOf('c'))).not.toHaveProperty('lastSeenMs')
  })
})

describe('statusOf', () => {
  it('maps a healthy cluster onto rladmin’s tables', () => {
    const status = statusFor(buildView(SIX), every({saveSchedule: ''}))
    expect(status.nodes.map(({node, asked, role, state}) => [node, asked, role, state])).toEqual([
      [1, false, 'primary', 'ok'],
      [2, false, 'replica', 'ok'],
      [3, true, 'primary', 'ok'],
      [4, false, 'replica', 'ok'],
      [5, false, 'primary', 'ok'],
      [6, false, 'replica', 'ok'],
    ])
    expect(status.databases[0]).toMatchObject({
      status: 'active',
      shards: 3,
      placement: 'sparse',
      replication: 'enabled',
      persistence: 'disabled',
    })
    expect(status.endpoints.map(({endpoint}) => endpoint)).toEqual([1, 3, 5])
    expect(status.shards.map(({shard, role, slots, primary}) => [shard, role, slots, primary])).toEqual([
      [1, 'primary', '0-5460', null],
      [2, 'replica', '5461-10922', 3],
      [3, 'primary', '5461-10922', null],
      [4, 'replica', '10923-16383', 5],
      [5, 'primary', '10923-16383', null],
      [6, 'replica', '0-5460', 1],
    ])
  })

  it('makes up nothing: what nodes do not tell is null', () => {
    const view = buildView(SIX)
    const bare = {...view, nodes: view.nodes.map((node) => ({...node, info: new Map<string, string>()}))}
    const status = statusFor(bare)
    expect(status.nodes[0]).toMatchObject({
      memoryLimitBytes: null,
      freeBytes: null,
      hostMemoryBytes: null,
      unreservedBytes: null,
      version: null,
      zone: null,
    })
    expect(status.databases[0]).toMatchObject({persistence: null, snapshotAgeMs: null})
    expect(status.shards[1]).toMatchObject({usedBytes: null, fragmentation: null, opsPerSecond: null, lagBytes: null})
  })

  it('counts memory against maxmemory, and on one machine against the limits of all its nodes', () => {
    const info = 'used_memory:100\r\nmaxmemory:400\r\ntotal_system_memory:10000'
    const on = (host: string) => ({host, info})
    const specs = change(SIX, {a: on('10.0.0.1'), e: on('10.0.0.1'), b: on('10.0.0.2'), f: {info: 'maxmemory:0'}})
    const {nodes} = statusFor(buildView(specs))
    const of = (name: string) => nodes.find(({id}) => id === idOf(name))
    expect(of('a')).toMatchObject({
      freeBytes: 300,
      memoryLimitBytes: 400,
      unreservedBytes: 9200,
      hostMemoryBytes: 10000,
    })
    // A neighbour without a limit may take it all.
    expect(of('b')).toMatchObject({freeBytes: 300, unreservedBytes: null})
  })

  it('has rows for the dead, suspected, loading and lagging', () => {
    const specs = change(SIX, {
      a: {info: 'master_repl_offset:5000'},
      b: {down: true},
      d: {info: 'master_link_status:up\r\nslave_repl_offset:4200'},
      e: {info: 'master_link_status:down\r\nmaster_sync_in_progress:0\r\nmaster_link_down_since_seconds:12'},
      f: {info: 'loading:1'},
    })
    const view = buildView(specs, {a: {c: {flags: 'master,fail?'}}})
    const {nodes, shards} = statusFor(heardOf(view, 'b', 9000))
    const of = (name: string) => ({
      ...nodes.find(({id}) => id === idOf(name)),
      shard: shards.find(({id}) => id === idOf(name)),
    })
    expect(of('b')).toMatchObject({state: 'down', lastSeenMs: 9000, version: null, shard: {slots: '5461-10922'}})
    expect(of('c')).toMatchObject({state: 'suspected', suspectedBy: 1})
    expect(of('d')).toMatchObject({shard: {lagBytes: 800, state: 'ok'}})
    expect(of('e')).toMatchObject({shard: {state: 'link-down', linkDownSeconds: 12, lagBytes: null}})
    expect(of('f')).toMatchObject({state: 'loading', shard: {state: 'loading'}})
  })

  const states: [name: string, changes: Parameters<typeof change>[1], status: string, replication?: string][] = [
    ['open slots', {a: {slots: `0-5460 [7->-b]`}}, 'active-change-pending'],
    ['slots of nobody', {a: {slots: '0-5459'}}, 'partial'],
    ['a node that calls it down', {d: {state: 'fail'}}, 'down'],
    ['no slots at all', {a: {slots: ''}, b: {slots: ''}, c: {slots: ''}}, 'pending', 'disabled'],
    ['a primary without replica', {d: {of: 'b'}}, 'active', 'partial'],
  ]
  for (const [name, changes, expected, replication = 'enabled'] of states) {
    it(`calls a database with ${name} ${expected}`, () => {
      expect(statusFor(buildView(change(SIX, changes))).databases[0]).toMatchObject({status: expected, replication})
    })
  }

  it('reads persistence from all nodes', () => {
    const aof = change(SIX, Object.fromEntries(SIX.map(({name}) => [name, {info: 'aof_enabled:1'}])))
    const persistence = (view: ClusterView, extras?: Map<NodeId, NodeExtras>) =>
      statusFor(view, extras).databases[0]?.persistence
    expect(persistence(buildView(aof))).toBe('aof')
    expect(persistence(buildView(SIX), every({saveSchedule: '3600 1'}))).toBe('snapshot')
    expect(persistence(buildView(change(SIX, {a: {info: 'aof_enabled:1'}})), every({saveSchedule: ''}))).toBe('mixed')
    expect(persistence(buildView(change(SIX, {a: {info: 'aof_enabled:1'}})))).toBe(null)
  })

  it('tells the age of the oldest last snapshot, once every primary has written one', () => {
    const saved = (agoSeconds: number, tookSeconds = 0) => ({
      info: `server_time_usec:${NOW_MS * 1000}\r\nrdb_last_save_time:${NOW_MS / 1000 - agoSeconds}\r\nrdb_last_bgsave_time_sec:${tookSeconds}`,
    })
    const ageOf = (changes: Parameters<typeof change>[1]) =>
      statusFor(buildView(change(SIX, changes))).databases[0]?.snapshotAgeMs
    expect(ageOf({a: saved(60), b: saved(3600), c: saved(5), d: saved(9999)})).toBe(3_600_000)
    // Redis counts its start as a save.
    expect(ageOf({a: saved(60), b: saved(3600, -1), c: saved(5)})).toBeNull()
  })

  it('lists modules with the nodes that loaded them', () => {
    const extras = every({modules: [{name: 'search', version: '20612'}]})
    extras.set(idOf('a'), {modules: [{name: 'search', version: '20610'}]})
    expect(statusFor(buildView(SIX), extras).modules).toEqual([
      {module: 'search', version: '20610', nodes: [1]},
      {module: 'search', version: '20612', nodes: [2, 3, 4, 5, 6]},
    ])
  })
})

describe('filterStatus', () => {
  const status = statusFor(buildView(SIX))

  it.each(['node:3', '*node:3', '3', '10.0.0.2:7001', 'bbbb', 'b'.repeat(40)])('finds a node by %s', (name) => {
    const filtered = filterStatus(status, name)
    expect(filtered.nodes.map(({id}) => id)).toEqual([idOf('b')])
    expect(filtered.shards.map(({shard}) => shard)).toEqual([3])
    expect(filtered.endpoints.map(({endpoint}) => endpoint)).toEqual([3])
  })

  it.each(['node:7', '10.0.0.2:9', 'bbb', '9999'])('finds none by %s', (name) => {
    expect(() => filterStatus(status, name)).toThrowError(expect.objectContaining({code: 'UNKNOWN_NODE'}))
  })
})
