import type {Rng} from '../../../src/lib/kernel/rng.js'
import {comparePayloads} from '../../../src/lib/protocol/rdb/compare.js'
import {element} from '../corpus/packed.js'
import {drawValue, sealed} from '../corpus/values.js'
import {extremeDecimal} from '../mutate.js'
import {FuzzedServer} from '../server.js'
import type {FuzzTarget, OpenTarget} from '../target.js'
import {must} from '../target.js'

/**
 * RESTORE of payloads whose checksum is right whatever is in them, and then life with what was restored: a value that is
 * wrong inside shows when it is walked, changed, counted and written again.
 */

/** `K` is the key, `E` an element, `N` a number, `I` an id of a stream. */
const USES: Readonly<Record<string, readonly string[]>> = {
  string: [
    'APPEND K E',
    'GETRANGE K N N',
    'INCR K',
    'INCRBYFLOAT K N',
    'BITCOUNT K',
    'BITPOS K 1',
    'STRLEN K',
    'PFCOUNT K',
    'GETBIT K 77',
  ],
  list: [
    'LRANGE K 0 -1',
    'LPUSH K E E',
    'RPOP K 2',
    'LINSERT K BEFORE E E',
    'LREM K N E',
    'LSET K N E',
    'LPOS K E COUNT 0',
    'LTRIM K 1 -2',
    'LINDEX K N',
    'LMOVE K K LEFT RIGHT',
    'SORT K ALPHA',
    'SORT K',
  ],
  set: [
    'SMEMBERS K',
    'SADD K E E',
    'SREM K E',
    'SPOP K',
    'SRANDMEMBER K 5',
    'SISMEMBER K E',
    'SSCAN K 0 COUNT 100',
    'SINTER K K',
    'SMOVE K other E',
    'SORT K ALPHA',
    'SUNIONSTORE other K',
    'SCARD K',
  ],
  zset: [
    'ZRANGE K 0 -1 WITHSCORES',
    'ZADD K N E',
    'ZINCRBY K N E',
    'ZREM K E',
    'ZRANK K E',
    'ZPOPMIN K',
    'ZPOPMAX K',
    'ZRANGEBYSCORE K -inf +inf WITHSCORES',
    'ZRANGEBYLEX K - +',
    'ZSCAN K 0 COUNT 100',
    'ZCOUNT K N +inf',
    'ZREVRANGE K 0 -1',
    'ZREMRANGEBYRANK K 1 1',
    'ZUNIONSTORE other 2 K K',
    'ZRANDMEMBER K 4 WITHSCORES',
    'GEOPOS K E',
    'GEOHASH K E',
  ],
  hash: [
    'HGETALL K',
    'HSET K E E',
    'HDEL K E',
    'HINCRBY K E 1',
    'HINCRBYFLOAT K E N',
    'HSCAN K 0 COUNT 100',
    'HKEYS K',
    'HVALS K',
    'HRANDFIELD K 4 WITHVALUES',
    'HLEN K',
    'HSTRLEN K E',
    'HMGET K E E',
  ],
  stream: [
    'XRANGE K - +',
    'XREVRANGE K + -',
    'XLEN K',
    'XADD K * E E',
    'XADD K I E E',
    'XDEL K I',
    'XTRIM K MAXLEN 2',
    'XTRIM K MINID I',
    'XINFO STREAM K',
    'XINFO STREAM K FULL',
    'XINFO GROUPS K',
    'XINFO CONSUMERS K g0',
    'XREAD COUNT 3 STREAMS K I',
    'XREADGROUP GROUP g0 c0 COUNT 2 STREAMS K >',
    'XREADGROUP GROUP g0 c1 STREAMS K 0',
    'XACK K g0 I',
    'XPENDING K g0',
    'XPENDING K g0 - + 10',
    'XCLAIM K g0 c9 0 I',
    'XAUTOCLAIM K g0 c8 0 0-0',
    'XGROUP DELCONSUMER K g0 c0',
    'XGROUP SETID K g0 I',
    'XGROUP DESTROY K g1',
    'XSETID K I',
  ],
}
const ALWAYS = [
  'OBJECT ENCODING K',
  'MEMORY USAGE K SAMPLES 0',
  'DEBUG DIGEST-VALUE K',
  'TYPE K',
  'COPY K other REPLACE',
]

function wordFor(rng: Rng, word: string): string {
  if (word === 'K') return 'k'
  if (word === 'E') return element(rng)
  if (word === 'N') return rng.chance(0.2) ? extremeDecimal(rng) : String(rng.below(10) - 4)
  if (word === 'I')
    return rng.pick(['100-0', '101-1', '200-0', '300', '1-1', '5000-0', '18446744073709551615-18446744073709551615'])
  return word
}

class Restored implements OpenTarget {
  private readonly server = new FuzzedServer(
    'list-max-listpack-size 4\nhash-max-listpack-entries 6\nzset-max-listpack-entries 6',
  )

  make(rng: Rng): string {
    const value = drawValue(rng)
    return rng.chance(0.02) ? `${value}${'\0'.repeat(10)}` : sealed(value, rng.pick([10, 10, 10, 9, 6, 11]))
  }

  run(payload: string, rng: Rng): boolean {
    return this.server.explain(() => this.restore(payload, rng))
  }

  private restore(payload: string, rng: Rng): boolean {
    const {server} = this
    server.call('FLUSHALL')
    const reply = server.call('RESTORE', 'k', '0', payload)
    if (reply !== '+OK\r\n') {
      must(/^-ERR (?:Bad data format|DUMP payload version or checksum are wrong)\r\n$/.test(reply), `RESTORE: ${reply}`)
      must(server.call('EXISTS', 'k') === ':0\r\n', 'a refused payload left a key')
      return false
    }
    this.writesWhatItRead(rng.chance(0.1), payload)
    const type = server.call('TYPE', 'k').slice(1, -2)
    for (let left = 3 + rng.below(6); left > 0; left--) {
      const line = rng.chance(0.15) ? rng.pick(ALWAYS) : rng.pick(USES[type]!)
      const reply = server.call(...line.split(' ').map((word) => wordFor(rng, word)))
      must(!reply.startsWith('-WRONGTYPE') || line.startsWith('PFCOUNT'), `${line}: ${reply}`)
    }
    if (server.call('EXISTS', 'k') === ':1\r\n') this.writesWhatItRead(rng.chance(0.1))
    return true
  }

  /** What DUMP gives is taken again, and is the same value: to its digest, its next DUMP, and to the tools. */
  private writesWhatItRead(withDigest: boolean, restored?: string): void {
    const {server} = this
    const payload = server.bulk('DUMP', 'k')!
    must(server.call('RESTORE', 'again', '0', payload, 'REPLACE') === '+OK\r\n', 'its own DUMP is refused')
    // Not the same bytes: what shrank is packed again.
    const again = server.bulk('DUMP', 'again')!
    must(comparePayloads(payload, again) === 'same', 'the tools find that the DUMP of a DUMP differs')
    // A packed score has no sign before 0: redis-server's neither.
    if (withDigest && !server.call('ZRANGE', 'k', '0', '-1', 'WITHSCORES').includes('\r\n-0\r\n')) {
      const [one, other] = server.call('DEBUG', 'DIGEST-VALUE', 'k', 'again').split('\r\n').slice(1)
      must(one === other, 'digests differ')
    }
    // Of streams the tools compare whole nodes, and those a stranger may have laid out in another way.
    if (restored === undefined || server.call('TYPE', 'k') === '+stream\r\n') return
    const comparison = comparePayloads(restored, payload)
    must(comparison === 'same', `the tools find the restored value ${comparison}`)
  }
}

export const restoreTarget: FuzzTarget = {name: 'restore', share: 14, open: () => new Restored()}
