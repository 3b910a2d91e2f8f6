import {assert, describe, it} from 'vitest'
import {exchange, type Region, regions} from '../regions.js'

function pair(): [Region, Region] {
  return regions(2) as [Region, Region]
}

/** All of them have heard of all, and see the same. */
function settle(all: readonly Region[]): void {
  exchange(all)
  for (const one of all) {
    assert.deepEqual(one.differences(), [])
    assert.deepEqual(one.dump(), all[0]!.dump())
  }
}

describe('what other regions do', () => {
  it('shows in lists where it belongs', () => {
    const all = pair()
    const [here, there] = all
    here.do('RPUSH l a b c d e')
    settle(all)
    for (const line of ['LINSERT l AFTER b x', 'LPOP l', 'LSET l 0 B']) here.do(line)
    for (const line of ['LREM l 0 d', 'RPUSH l f g', 'LPUSH l z']) there.do(line)
    settle(all)
    assert.sameMembers(here.do('LRANGE l 0 -1').slice(1, -1).split(' '), ['z', 'B', 'x', 'c', 'e', 'f', 'g'])
  })

  it('takes the place of a key that was made anew, entries with the same id included', () => {
    const all = pair()
    const [here, there] = all
    for (const line of ['XADD s 1 a b', 'XADD {s}2 1 c d', 'XADD {s}2 2 e f', 'SET k v', 'RPUSH {k}2 v']) here.do(line)
    settle(all)
    for (const line of ['RENAME {s}2 s', 'RENAME {k}2 k']) there.do(line)
    settle(all)
    assert.equal(here.do('XRANGE s - +'), '[[1-1 [c d]] [2-1 [e f]]]')
    assert.equal(here.do('TYPE k'), 'list')
  })

  it('shows the type that was there first, until somebody writes', () => {
    const all = pair()
    const [here, there] = all
    here.do('SADD k a')
    there.nowMs += 5
    there.do('LPUSH k b')
    settle(all)
    assert.deepEqual([here.do('TYPE k'), there.do('TYPE k')], ['set', 'set'])
    here.do('DEL k')
    settle(all)
    assert.equal(there.do('EXISTS k'), '0')
  })

  it('adds up, and leaves what the remover had not seen', () => {
    const all = pair()
    const [here, there] = all
    for (const line of ['INCRBY n 10', 'HINCRBY h f 1', 'ZADD z 4.1 m', 'SADD s a']) here.do(line)
    settle(all)
    for (const line of ['DEL n', 'ZREM z m', 'SREM s a', 'HINCRBYFLOAT h f 0.5']) here.do(line)
    for (const line of ['INCRBY n 5', 'ZINCRBY z 2 m', 'SADD s a', 'HINCRBY h f 2']) there.do(line)
    settle(all)
    assert.deepEqual(
      [here.do('GET n'), here.do('ZSCORE z m'), here.do('SMEMBERS s'), here.do('HGET h f')],
      ['5', '2', '[a]', '3.5'],
    )
  })

  it('reaches clients that track what they read', () => {
    const all = pair()
    const [here, there] = all
    here.do('SET k v')
    settle(all)
    const reader = there.connect()
    there.send(['HELLO', '3'], reader)
    there.send(['CLIENT', 'TRACKING', 'ON'], reader)
    there.send(['GET', 'k'], reader)
    here.do('SET k w')
    settle(all)
    assert.include(reader.reply.take(), 'invalidate')
  })
})
