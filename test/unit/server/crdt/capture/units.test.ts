import {assert, describe, it} from 'vitest'
import {hashSlot} from '../../../../../src/lib/protocol/hash-slot.js'
import {allCommands} from '../../../../../src/lib/server/commands/index.js'
import {REFUSED} from '../../../../../src/lib/server/crdt/capture/behavior.js'
import {hasTranslator} from '../../../../../src/lib/server/crdt/capture/translators.js'
import {exchange, type Region, regions} from '../regions.js'

function pair(): [Region, Region] {
  return regions(2) as [Region, Region]
}

describe('what a unit becomes', () => {
  it('knows every command that writes, or refuses it', () => {
    const unknown = allCommands()
      .flatMap((command) => [command, ...(command.subcommands?.values() ?? [])])
      .filter(({changesData, run}) => changesData && run !== undefined)
      .filter(({fullName}) => !REFUSED.has(fullName) && !hasTranslator(fullName.split('|')[0]!))
    assert.deepEqual(
      unknown.map(({fullName}) => fullName),
      [],
    )
  })

  it('is one effect per command, transaction and script, and nothing for what only reads', () => {
    const [here] = pair()
    here.do('GET k')
    here.do('SREM s a')
    here.do('DEL k')
    assert.equal(here.outbox.length, 0)
    here.do('SET k v')
    assert.equal(here.outbox.length, 1)
    for (const line of ['MULTI', 'INCR {k}a', 'SADD {k}b x', 'GET k', 'EXEC']) here.do(line)
    assert.equal(here.outbox.length, 2)
    here.send(['EVAL', "redis.call('incr', '{k}a') redis.call('del', 'k') redis.call('rpush', '{k}l', 'a')", '1', 'k'])
    assert.equal(here.outbox.length, 3)
    assert.deepEqual(here.differences(), [])
  })

  it('is one effect with those of a pipeline that follow it in its slot', () => {
    const [here, there] = pair()
    assert.equal(here.doAll('SADD s a', 'SADD s b', 'SREM s a', 'SADD s a', 'INCR {s}n', 'INCR {s}n'), '1 1 1 1 1 2')
    assert.equal(here.outbox.length, 1)
    // Another slot ends it, and so does coming back.
    here.doAll('INCR a', 'INCR b', 'INCR b', 'INCR a', 'MULTI', 'INCR a', 'INCR a', 'EXEC', 'INCR b')
    assert.deepEqual(
      here.outbox.slice(1).map((effect) => here.crdt.core.slotOf(effect)),
      ['a', 'b', 'a', 'a', 'b'].map((key) => hashSlot(key)),
    )
    exchange([here, there])
    assert.equal(there.doAll('SMEMBERS s', 'GET {s}n', 'GET a', 'GET b'), '[b a] 2 4 3')
    assert.deepEqual(here.dump(), there.dump())
    assert.deepEqual([...here.differences(), ...there.differences()], [])
  })

  it('goes out before the next command of a pipeline that may tell of it, or be long', () => {
    const [here] = pair()
    for (const line of ['GET k', 'CRDT.DEBUG CHECK', 'INFO crdt', 'PUBLISH c m', 'EVAL return{} 0', 'WAIT 0 0']) {
      here.outbox.length = 0
      here.doAll('RPUSH k a', 'RPUSH k b', line, 'RPUSH k c', 'RPUSH k d')
      const own = here.outbox.filter((effect) => here.crdt.core.slotOf(effect) === hashSlot('k'))
      assert.equal(own.length, 2, line)
    }
    assert.equal(here.do('LRANGE k -4 -1'), '[a b c d]')
  })

  it('goes out with the pipeline, before anything else comes', () => {
    const [here, there] = pair()
    there.do('SADD s theirs')
    here.doAll('SADD s a', 'SADD s b', 'NONSENSE', 'HSET s f v')
    assert.equal(here.outbox.length, 1)
    exchange([here, there])
    here.doAll('SADD s c', 'SADD s d')
    here.do('SADD s e')
    assert.equal(here.outbox.length, 2)
    exchange([here, there])
    assert.equal(there.do('SCARD s'), '6')
    assert.deepEqual([...here.differences(), ...there.differences()], [])
  })

  it('stands alone in a pipeline where replicas count what each adds to their stream', () => {
    const [here] = pair()
    here.server.state.propagation.setReplicas({feed: () => undefined})
    here.doAll('SADD s a', 'SADD s b', 'SADD s c')
    assert.equal(here.outbox.length, 3)
  })

  it('stands alone where it has become long', () => {
    const [here, there] = pair()
    const text = 'x'.repeat(10_000)
    here.doAll(...Array.from({length: 6}, (_, i) => `SADD s ${i}${text}`))
    assert.equal(here.outbox.length, 3)
    exchange([here, there])
    assert.deepEqual(here.dump(), there.dump())
  })

  it('does not wait for a script of its pipeline that is paused, nor cuts that in two', () => {
    const [here] = pair()
    let us = 0
    here.server.effects.monotonicUs = () => {
      us += 1000
      return us
    }
    here.server.config.set([['busy-reply-threshold', '20']])
    const long = "redis.call('sadd', 's', 'early') for i = 1, 2e7 do end redis.call('sadd', 's', 'late')"
    const client = here.connect()
    here.sendAll(
      [
        ['SADD', 's', 'a'],
        ['SADD', 's', 'b'],
        ['EVAL', long, '1', 's'],
        ['SADD', 's', 'c'],
      ],
      client,
    )
    assert.equal(here.outbox.length, 1)
    assert.match(here.send(['GET', 'k']), /^-BUSY/)
    assert.equal(here.outbox.length, 1)
    for (let turn = 0; turn < 200 && here.outbox.length < 3; turn++) here.turn(client)
    assert.equal(here.outbox.length, 3)
    assert.deepEqual(here.differences(), [])
  })

  it('goes to replicas and disk as effects alone', () => {
    const [here] = pair()
    here.do('SET k v')
    here.do('XADD s 1 a b')
    here.do('XGROUP CREATE s g 0')
    here.do('XREADGROUP GROUP g c STREAMS s >')
    here.do('XACK s g 1-1')
    assert.deepEqual(
      here.passed.map((argv) => argv[0]),
      ['CRDT.EFFECT', 'CRDT.EFFECT', 'CRDT.EFFECT', 'XCLAIM', 'CRDT.EFFECT', 'XACK'],
    )
  })

  it('is made by writes that change nothing here, for an addition wins over a removal elsewhere', () => {
    const [here] = pair()
    for (const line of ['SADD s a', 'HSET h f v', 'ZADD z 1 m', 'GEOADD g 13 38 p', 'SETBIT b 7 1']) here.do(line)
    here.outbox.length = 0
    const repeated = ['SADD s a', 'HSET h f v', 'ZADD z 1 m', 'GEOADD g 13 38 p', 'SETBIT b 7 1']
    for (const [i, line] of repeated.entries()) {
      here.do(line)
      assert.equal(here.outbox.length, i + 1, line)
    }
  })

  it('is not made by conditions that do not hold, nor by errors', () => {
    const [here] = pair()
    for (const line of ['SET k v', 'SADD s a', 'HSET h f v', 'ZADD z 5 m']) here.do(line)
    here.outbox.length = 0
    const idle = ['SETNX k w', 'SET k w NX', 'SET n w XX', 'MSETNX k a', 'HSETNX h f w', 'ZADD z NX 7 m', 'LPUSHX n a']
    const more = ['ZADD z XX 1 n', 'ZADD z GT 5 m', 'ZADD z LT 6 m', 'ZADD z GT INCR -1 m', 'EXPIRE n 10', 'PERSIST k']
    const wrong = ['SADD k a', 'INCR s', 'HSET h f', 'ZADD k 1 m', 'RENAME n m', 'INCRBYFLOAT k 1', 'XADD k * a b']
    for (const line of [...idle, ...more, ...wrong]) {
      here.do(line)
      assert.equal(here.outbox.length, 0, line)
    }
  })

  it('wakes who is blocked in another region', () => {
    const [here, there] = pair()
    const [list, zset, stream] = [there.connect(), there.connect(), there.connect()]
    there.send(['BLPOP', 'l', '0'], list)
    there.send(['BZPOPMIN', 'z', '0'], zset)
    there.send(['XREAD', 'BLOCK', '0', 'STREAMS', 's', '0'], stream)
    for (const line of ['RPUSH l a', 'ZADD z 1 m', 'XADD s 5 f v']) here.do(line)
    exchange([here, there])
    assert.deepEqual(
      [list, zset, stream].map(({parked}) => parked),
      [false, false, false],
    )
    assert.equal(here.do('LLEN l'), '0')
    assert.deepEqual(here.dump(), there.dump())
    assert.deepEqual([...here.differences(), ...there.differences()], [])
  })

  it('breaks WATCH and tells events in another region', () => {
    const [here, there] = pair()
    there.server.config.set([['notify-keyspace-events', 'KEA']])
    const [watcher, subscriber] = [there.connect(), there.connect()]
    there.send(['PSUBSCRIBE', '*'], subscriber)
    there.send(['WATCH', 'k'], watcher)
    there.send(['MULTI'], watcher)
    here.do('SET k v')
    exchange([here, there])
    assert.equal(there.send(['EXEC'], watcher), '*-1\r\n')
    assert.include(subscriber.reply.take(), '__keyevent@0__:set')
  })

  it('carries messages to all regions, once', () => {
    const [here, there] = pair()
    const subscriber = there.connect()
    there.send(['SUBSCRIBE', 'news'], subscriber)
    here.do('PUBLISH news hello')
    exchange([here, there])
    assert.include(subscriber.reply.take(), 'hello')
    assert.deepEqual(there.announced, ['news hello'])
    here.do('PUBLISH news again')
    // As a replica, or from a file.
    there.server.state.isApplying = true
    exchange([here, there])
    there.server.state.isApplying = false
    assert.equal(subscriber.reply.take(), '')
    assert.deepEqual(here.announced, ['news hello', 'news again'])
  })
})
