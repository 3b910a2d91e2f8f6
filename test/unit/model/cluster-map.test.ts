import {describe, expect, it} from 'vitest'
import {
  dissentsOf,
  findNode,
  highestEpoch,
  keyCountOf,
  nameNode,
  openSlotsOf,
  ownersOf,
  ownRecord,
  primariesOf,
  replicaStateAt,
  replicasOf,
  uncoveredSlots,
} from '../../../src/lib/model/cluster-map.js'
import {shardIndexOfSlots, summarizeCluster} from '../../../src/lib/model/cluster-summary.js'
import type {NodeView} from '../../../src/lib/model/cluster-view.js'
import {buildView, change, idOf, SIX} from './build-view.js'

const view = buildView(SIX)

describe('who is who', () => {
  it('goes by each node its own word', () => {
    expect(primariesOf(view).map(({node}) => node.id)).toEqual(['a', 'b', 'c'].map(idOf))
    expect(replicasOf(view).map(({own}) => own.primaryId)).toEqual(['a', 'b', 'c'].map(idOf))
    expect(findNode(view, idOf('d'))?.address.port).toBe(7003)
    expect(findNode(view, idOf('z'))).toBeUndefined()
    expect(ownRecord(view.nodes[1] as NodeView)?.id).toBe(idOf('b'))
    expect(nameNode(view.nodes[0] as NodeView)).toBe('10.0.0.1:7000 (aaaaaaaa)')
  })
})

describe('ownersOf', () => {
  it('takes the owners at their word, whatever others see', () => {
    const stale = buildView(SIX, {b: {a: {slots: ''}}, c: {a: {slots: '0-99'}}})
    expect(ownersOf(stale)[0]).toBe(idOf('a'))
    expect(ownersOf(stale)[5461]).toBe(idOf('b'))
    expect(ownersOf(stale)[16383]).toBe(idOf('c'))
  })

  it('gives a slot that two claim to the higher epoch', () => {
    const both = buildView(change(SIX, {a: {epoch: 9}, b: {slots: '5460-10922'}}))
    expect(ownersOf(both)[5460]).toBe(idOf('a'))
    expect(ownersOf(buildView(change(SIX, {b: {slots: '5460-10922', epoch: 9}})))[5460]).toBe(idOf('b'))
  })

  it('knows the slots of a primary that does not answer from the newest hearsay', () => {
    const down = buildView(change(SIX, {c: {down: true}}), {a: {c: {slots: '16383', epoch: 1}}})
    expect(ownersOf(down)[10923]).toBe(idOf('c'))
    expect(uncoveredSlots(ownersOf(down))).toEqual([])
  })

  it('leaves a slot that nobody claims to nobody', () => {
    const owners = ownersOf(buildView(change(SIX, {b: {slots: '5461-7999 8002-10922'}})))
    expect(uncoveredSlots(owners)).toEqual([{first: 8000, last: 8001}])
  })
})

describe('dissentsOf', () => {
  it('finds nobody in a cluster that agrees', () => {
    expect(dissentsOf(view)).toEqual([])
  })

  it('names each node that sees otherwise, and the slots', () => {
    const stale = {a: {slots: '0-5458'}, b: {slots: '5459-10922'}}
    const found = dissentsOf(buildView(SIX, {c: stale, f: stale, d: {a: {slots: '1-5460'}}}))
    expect(found.map(({node, slots}) => [node.id[0], slots])).toEqual([
      ['c', [{first: 5459, last: 5460}]],
      ['d', [{first: 0, last: 0}]],
      ['f', [{first: 5459, last: 5460}]],
    ])
  })
})

describe('openSlotsOf', () => {
  it('lists them by slot, with both ends', () => {
    const open = buildView(change(SIX, {a: {slots: '0-5460 [100->-b] [7->-b]'}, b: {slots: '5461-10922 [100-<-a]'}}))
    expect(openSlotsOf(open).map(({node, slot, state, peer}) => `${slot} ${node.id[0]} ${state} ${peer[0]}`)).toEqual([
      '7 a migrating b',
      '100 a migrating b',
      '100 b importing a',
    ])
  })
})

describe('figures', () => {
  it('finds the highest epoch anywhere', () => {
    expect(highestEpoch(view)).toBe(6)
    expect(highestEpoch(buildView(SIX, {e: {c: {epoch: 41}}}))).toBe(41)
  })

  it('counts keys from INFO', () => {
    const withKeys = buildView(change(SIX, {a: {info: 'db0:keys=1008,expires=0,avg_ttl=0'}}))
    expect(keyCountOf(withKeys.nodes[0] as NodeView)).toBe(1008)
    expect(keyCountOf(withKeys.nodes[1] as NodeView)).toBe(0)
  })

  it('knows how far a replica is from its primary', () => {
    const info = 'slave0:ip=10.0.0.3,port=7003,state=wait_bgsave,offset=0,lag=0'
    const [a, , , d] = buildView(change(SIX, {a: {info}})).nodes as NodeView[]
    expect(replicaStateAt(a as NodeView, ownRecord(d as NodeView)!)).toBe('wait_bgsave')
    expect(replicaStateAt(view.nodes[0] as NodeView, ownRecord(d as NodeView)!)).toBeUndefined()
  })

  it.each<[name: string, lines: string[], state: string | undefined]>([
    ['listed by where they come from', ['172.17.0.1,port=6379,state=online'], 'online'],
    [
      'of which one is listed as announced',
      ['10.0.0.3,port=7006,state=online', '172.17.0.1,port=1,state=send_bulk'],
      'send_bulk',
    ],
    [
      'of which one is behind',
      ['172.17.0.1,port=1,state=online', '172.17.0.1,port=2,state=wait_bgsave'],
      'wait_bgsave',
    ],
    ['not all of which are connected', ['172.17.0.1,port=1,state=online'], undefined],
    [
      'not all of which are connected, while a backup is taken',
      ['172.17.0.1,port=1,state=online', '172.17.0.9,port=0,state=send_bulk'],
      undefined,
    ],
    ['none of which are connected', ['10.0.0.3,port=7006,state=online'], undefined],
  ])('knows it behind address translation, of replicas %s', (name, lines, state) => {
    const specs = name.startsWith('listed') ? SIX : [...SIX, {name: 'g', host: '10.0.0.3', port: 7006, of: 'a'}]
    const info = lines.map((line, index) => `slave${index}:ip=${line},offset=0,lag=0`).join('\r\n')
    const {nodes} = buildView(change(specs, {a: {info}}))
    const [a, d] = ['a', 'd'].map((letter) => nodes.find(({id}) => id === idOf(letter)) as NodeView)
    expect(replicaStateAt(a as NodeView, ownRecord(d as NodeView)!)).toBe(state)
  })
})

describe('summarizeCluster', () => {
  it('sums up each shard and the whole', () => {
    const summary = summarizeCluster(buildView(change(SIX, {b: {info: 'db0:keys=7,expires=0'}, f: {down: true}})))
    expect(summary.shards.map(({address}) => address)).toEqual(['10.0.0.1:7000', '10.0.0.2:7001', '10.0.0.3:7002'])
    expect(summary.shards[1]).toEqual({
      id: idOf('b'),
      address: '10.0.0.2:7001',
      configEpoch: 2,
      keys: 7,
      slotCount: 5462,
      slots: '5461-10922',
      memoryBytes: 1_048_576,
      replicas: [{id: idOf('e'), address: '10.0.0.1:7004'}],
    })
    expect(summary.totals).toEqual({primaries: 3, replicas: 2, keys: 7, slotsCovered: 16384, memoryBytes: 3_145_728})
    expect(summary.unreachable).toEqual([{id: idOf('f'), address: '10.0.0.2:7005', reason: 'refuses connections'}])
  })

  it('orders primaries by their first slot, empty ones last', () => {
    const specs = change(SIX.slice(0, 3), {a: {slots: ''}, b: {slots: '8192-16383'}, c: {slots: '0-8191'}})
    expect(summarizeCluster(buildView(specs)).shards.map(({id}) => id[0])).toEqual(['c', 'b', 'a'])
  })

  it('maps slots to shards, nobody and strangers', () => {
    const partial = buildView(change(SIX, {a: {slots: '1-5460'}, c: {down: true}}))
    const index = shardIndexOfSlots(ownersOf(partial), summarizeCluster(partial).shards)
    expect([index[0], index[1], index[5461], index[16383]]).toEqual([-1, 0, 1, -2])
    expect(index).toHaveLength(16384)
  })
})
