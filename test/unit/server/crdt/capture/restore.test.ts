import {assert, describe, it} from 'vitest'
import {exchange, type Region, regions} from '../regions.js'

/** @returns what DUMP says of a key, as it came */
function dumped(region: Region, key: string): string {
  const reply = region.send(['DUMP', key])
  return reply.slice(reply.indexOf('\r\n') + 2, -2)
}

/** A payload of a key that these lines make, at a node of its own. */
function payloadOf(...lines: string[]): string {
  const [region] = regions(1)
  for (const line of lines) assert.notMatch(region!.do(line), /^[A-Z]+ /, line)
  return dumped(region!, 'k')
}

function requireAlike(all: readonly Region[]): void {
  exchange(all)
  for (const one of all) assert.deepEqual(one.differences(), [])
  for (const one of all) assert.deepEqual(one.dump(), all[0]!.dump())
}

describe('RESTORE in an active-active database', () => {
  const pair = () => regions(2) as [Region, Region]

  it.each([
    ['string', ['SET k text'], 'GET n'],
    ['set', ['SADD k 1 2 x'], 'SMEMBERS n'],
    ['hash', ['HSET k a 1 b x'], 'HGETALL n'],
    ['sorted set', ['ZADD k 1.5 a -3 b'], 'ZRANGE n 0 -1 WITHSCORES'],
    ['list', ['RPUSH k a b c'], 'LRANGE n 0 -1'],
    ['stream', ['XADD k 5 a b', 'XADD k 6 c d'], 'XRANGE n - +'],
    ['sketch', ['PFADD k a b c'], 'PFCOUNT n'],
  ])('brings a %s, which goes on as one that was made here', (_, lines, read) => {
    const all = pair()
    const [here, there] = all
    assert.equal(here.send(['RESTORE', 'n', '100000', payloadOf(...lines)]), '+OK\r\n')
    requireAlike(all)
    assert.equal(there.do(read), here.do(read))
    assert.equal(there.do('PEXPIRETIME n'), String(here.nowMs + 100_000))
    there.do('PFADD n d')
    there.do('SADD n more')
    requireAlike(all)
    there.do('DEL n')
    requireAlike(all)
    assert.equal(here.do('EXISTS n'), '0')
  })

  it('takes the place of what its region has seen, of whatever type; what was added elsewhere meanwhile stays', () => {
    const all = pair()
    const [here, there] = all
    here.do('SADD n old')
    exchange(all)
    assert.equal(
      here.send(['RESTORE', 'n', '0', payloadOf('SADD k new')]),
      '-BUSYKEY Target key name already exists.\r\n',
    )
    there.do('SADD n meanwhile')
    here.send(['RESTORE', 'n', '0', payloadOf('SADD k new'), 'REPLACE'])
    requireAlike(all)
    assert.equal(there.do('SISMEMBER n old'), '0')
    assert.equal(there.do('SCARD n'), '2')
    there.send(['RESTORE', 'n', '0', payloadOf('HSET k f v'), 'REPLACE'])
    requireAlike(all)
    assert.equal(here.do('HGETALL n'), '[f v]')
  })

  it('deletes where the deadline has passed, and holds no deadline beyond the last', () => {
    const all = pair()
    const [here, there] = all
    here.do('SET n old')
    exchange(all)
    assert.equal(here.send(['RESTORE', 'n', '1', payloadOf('SET k v'), 'REPLACE', 'ABSTTL']), '+OK\r\n')
    requireAlike(all)
    assert.equal(there.do('EXISTS n'), '0')
    here.send(['RESTORE', 'far', '9000000000000000', payloadOf('SET k v'), 'ABSTTL'])
    requireAlike(all)
    assert.equal(there.do('PEXPIRETIME far'), String(2 ** 49))
  })

  it('brings groups up to where all is acknowledged; what is open stays with the region, its replicas and its disk', () => {
    const all = pair()
    const [here, there] = all
    const payload = payloadOf(
      ...['XADD k 5 a b', 'XADD k 6 c d', 'XADD k 7 e f', 'XGROUP CREATE k g 0'],
      ...['XREADGROUP GROUP g c COUNT 2 STREAMS k >', 'XACK k g 5-1'],
    )
    here.send(['RESTORE', 'n', '0', payload])
    requireAlike(all)
    assert.equal(here.do('XPENDING n g'), '[1 6-1 6-1 [[c 1]]]')
    assert.equal(there.do('XPENDING n g'), '[0 nil nil nil]')
    assert.equal(there.do('XREADGROUP GROUP g d STREAMS n >'), '[[n [[6-1 [c d]] [7-1 [e f]]]]]')
    const passed = here.passed.map(([name, key]) => [name, key])
    assert.deepEqual(passed.slice(-2), [
      ['CRDT.EFFECT', passed.at(-2)![1]],
      ['CRDT.STREAM', 'n'],
    ])
    const empty = payloadOf('XADD k 5 a b', 'XDEL k 5-1')
    here.send(['RESTORE', 'empty', '0', empty])
    requireAlike(all)
    assert.equal(here.do('EXISTS empty'), '0')
  })

  it('is one effect of a transaction or a script, and refuses what is no payload', () => {
    const all = pair()
    const [here, there] = all
    const payload = payloadOf('RPUSH k a b')
    for (const argv of [['MULTI'], ['RESTORE', 'n', '0', payload], ['RPUSH', 'n', 'c'], ['EXEC']]) here.send(argv)
    assert.equal(here.outbox.length, 1)
    requireAlike(all)
    assert.equal(there.do('LRANGE n 0 -1'), '[a b c]')
    here.send(['EVAL', 'return redis.call("RESTORE", KEYS[1], 0, ARGV[1], "REPLACE")', '1', 'n', payload])
    requireAlike(all)
    assert.equal(there.do('LRANGE n 0 -1'), '[a b]')
    assert.match(here.do('RESTORE x 0 payload'), /^ERR DUMP payload version or checksum are wrong/)
    assert.equal(here.outbox.length, 0)
  })
})
