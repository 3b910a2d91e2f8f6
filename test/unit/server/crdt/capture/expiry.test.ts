import {assert, describe, it} from 'vitest'
import type {Peers} from '../../../../../src/lib/server/crdt/peers/peers.js'
import {exchange, type Region, regions} from '../regions.js'

function pair(): [Region, Region] {
  return regions(2) as [Region, Region]
}

function pass(all: readonly Region[], ms: number): void {
  for (const one of all) {
    one.nowMs += ms
    one.server.state.setTime(one.nowMs)
  }
}

function expire(...all: readonly Region[]): void {
  for (const one of all) one.server.activeExpire(one.nowMs, 1000)
}

describe('what runs out', () => {
  it('is hidden everywhere and deleted by the region whose deadline it is', () => {
    const all = pair()
    const [here, there] = all
    for (const line of ['SET k v PX 100', 'SADD s a', 'PEXPIRE s 100']) here.do(line)
    exchange(all)
    pass(all, 200)
    expire(there)
    assert.deepEqual([there.do('GET k'), there.do('EXISTS s'), there.do('TTL k')], ['nil', '0', '-2'])
    assert.equal(there.outbox.length, 0)
    assert.equal(there.do('DBSIZE'), '2')
    expire(here)
    assert.equal(here.outbox.length, 2)
    exchange(all)
    assert.equal(there.do('DBSIZE'), '0')
    assert.deepEqual([...here.differences(), ...there.differences()], [])
  })

  it('begins anew when it is written to elsewhere', () => {
    const all = pair()
    const [here, there] = all
    for (const line of ['INCRBY n 5', 'PEXPIRE n 100', 'SADD s a', 'PEXPIRE s 100']) here.do(line)
    exchange(all)
    pass(all, 200)
    assert.equal(there.do('INCR n'), '1')
    assert.equal(there.do('SADD s b'), '1')
    assert.deepEqual(there.differences(), [])
    expire(here)
    exchange(all)
    for (const one of all) {
      assert.equal(one.do('GET n'), '1')
      assert.equal(one.do('SMEMBERS s'), '[b]')
      assert.equal(one.do('TTL n'), '-1')
      assert.deepEqual(one.differences(), [])
    }
  })

  it('stays while another region may have put the deadline off', () => {
    const all = pair()
    const [here, there] = all
    here.do('SET k v PX 100')
    exchange(all)
    there.do('PEXPIRE k 100000')
    let heard = 0
    here.crdt.peers = {heardUntil: () => heard} as unknown as Peers
    pass(all, 200)
    expire(here)
    assert.equal(here.do('GET k'), 'nil')
    assert.equal(here.do('DBSIZE'), '1')
    exchange(all)
    heard = Number.POSITIVE_INFINITY
    expire(here)
    assert.equal(here.do('GET k'), 'v')
    assert.deepEqual(here.dump(), there.dump())
  })

  it('lives as long as the longest of concurrent deadlines', () => {
    const all = pair()
    const [here, there] = all
    for (const key of ['a', 'b', 'c']) here.do(`SET ${key} v`)
    exchange(all)
    for (const line of ['PEXPIREAT a 4102444800000', 'PEXPIREAT b 4102444800000', 'EXPIRE c 100']) here.do(line)
    for (const line of ['PEXPIREAT a 4102444900000', 'PEXPIREAT b 4102444700000', 'PERSIST c']) there.do(line)
    exchange(all)
    for (const one of all) {
      assert.equal(one.do('PEXPIRETIME a'), '4102444900000')
      assert.equal(one.do('PEXPIRETIME b'), '4102444800000')
      assert.deepEqual(one.differences(), [])
    }
    assert.deepEqual(here.dump(), there.dump())
  })

  it('does not change when the only element of a list moves round it', () => {
    const [here, there] = regions(2) as [Region, Region]
    for (const line of ['RPUSH l a', `PEXPIREAT l ${here.nowMs + 1000}`, 'LMOVE l l LEFT RIGHT', 'RPOPLPUSH l l'])
      here.do(line)
    exchange([here, there])
    for (const one of [here, there]) {
      assert.deepEqual(one.differences(), [])
      assert.equal(one.do('PTTL l'), '1000')
      assert.equal(one.do('LRANGE l 0 -1'), '[a]')
    }
  })

  it('is evicted in all regions', () => {
    const all = pair()
    const [here, there] = all
    here.do('SET k v')
    exchange(all)
    const db = here.server.databases[0]!
    db.evict(db.store.find('k'))
    exchange(all)
    assert.equal(there.do('EXISTS k'), '0')
  })
})
