import {expect, it} from 'vitest'
import {describeWithPeers} from '../../support/peers.js'
import type {RawConnection} from '../../support/raw-resp.js'
import {bothServers} from '../differential/harness.js'
import {heard} from '../differential/listener.js'

/** What redis-py sends at connect and for its features, to the byte; every reply must be the same bytes. */

/** Of the lock's objects: release, extend and reacquire if the token is still ours. */
const RELEASE =
  "local token = redis.call('get', KEYS[1]) if not token or token ~= ARGV[1] then return 0 end redis.call('del', KEYS[1]) return 1"
const EXTEND =
  "local token = redis.call('get', KEYS[1]) if not token or token ~= ARGV[1] then return 0 end local expiration = redis.call('pttl', KEYS[1]) if not expiration then expiration = 0 end if expiration < 0 then return 0 end local newttl = ARGV[2] if ARGV[3] == '0' then newttl = ARGV[2] + expiration end redis.call('pexpire', KEYS[1], newttl) return 1"
const RELEASE_SHA = '9ac7ed0a6abfd9f3a5a3ef2fb7aa0d6b0e6e0a37'

type Step = readonly string[] | {readonly pipeline: readonly (readonly string[])[]}

const words = (...lines: string[]): string[][] => lines.map((line) => line.split(' '))

const CONVERSATIONS: Readonly<Record<string, readonly Step[]>> = {
  'connects in RESP3, whatever the server does not know yet': words(
    'HELLO 3',
    'CLIENT SETNAME worker',
    'CLIENT SETINFO LIB-NAME redis-py',
    'CLIENT SETINFO LIB-VER 7.0.0',
    'CLIENT MAINT_NOTIFICATIONS ON moving-endpoint-type internal-ip',
    'SELECT 2',
    'CLIENT GETNAME',
    'CLIENT NO-EVICT ON',
    'CLIENT NO-EVICT OFF',
    'CLIENT NO-TOUCH ON',
    'CLIENT TRACKING ON',
    'CLIENT TRACKINGINFO',
    'PING',
    'ACL WHOAMI',
    'RESET',
  ),
  'connects in RESP2 with a password that is not needed': words(
    'AUTH secret',
    'AUTH default secret',
    'HELLO 2 AUTH default secret',
    'HELLO 3 AUTH nobody secret',
    'HELLO 5',
    'HELLO two',
    'CLIENT SETINFO LIB-NAME redis-py',
    'PING',
  ),
  'asks about commands': [
    ...words('COMMAND INFO get set xreadgroup nope', 'COMMAND GETKEYS MSET a 1 b 2'),
    ...words(
      'COMMAND GETKEYSANDFLAGS LMOVE a b LEFT RIGHT',
      'COMMAND LIST FILTERBY PATTERN xreadg*',
      'COMMAND GETKEYS PING',
    ),
    ...words('COMMAND DOCS nope', 'COMMAND NOPE', 'MEMORY USAGE none', 'OBJECT ENCODING none', 'WAIT 0 10'),
  ],
  'checks the health of a subscription': words(
    'PING redis-py-health-check',
    'SUBSCRIBE a',
    'PING redis-py-health-check',
    'PING',
    'PSUBSCRIBE p*',
    'SSUBSCRIBE s',
    'GET k',
    'UNSUBSCRIBE',
    'PUNSUBSCRIBE p* q*',
    'PING redis-py-health-check',
    'SUNSUBSCRIBE',
    'PING redis-py-health-check',
    'UNSUBSCRIBE',
    'GET k',
  ),
  'holds a lock by scripts': [
    ...words('SET lock token-1 NX PX 60000', 'SET lock token-2 NX PX 60000', `EVALSHA ${RELEASE_SHA} 1 lock token-1`),
    ['SCRIPT', 'LOAD', RELEASE],
    ['SCRIPT', 'LOAD', EXTEND],
    ['EVAL', EXTEND, '1', 'lock', 'token-1', '1000', '0'],
    ['EVAL', EXTEND, '1', 'lock', 'token-2', '1000', '0'],
    ['EVAL', EXTEND, '1', 'lock', 'token-1', '90000', '1'],
    ['EVAL', RELEASE, '1', 'lock', 'token-2'],
    ['EVAL', RELEASE, '1', 'lock', 'token-1'],
    ...words('EXISTS lock', 'SCRIPT EXISTS nope', 'SET lock token NX EX 10', 'GET lock', 'DEL lock'),
  ],
  'sends a pipeline as one transaction, errors and all': [
    {pipeline: words('MULTI', 'SET a 1', 'INCR a', 'LPUSH a x', 'GET a', 'EXEC')},
    {pipeline: words('MULTI', 'SET a 1', 'NOPE x', 'GET a b', 'EXEC')},
    {pipeline: words('MULTI', 'EXEC', 'MULTI', 'DISCARD', 'EXEC', 'DISCARD')},
    {pipeline: words('SET a 5', 'LPOP a', 'GET a', 'GETSET a 6', 'OBJECT FREQ a')},
    {pipeline: words('WATCH a b', 'MULTI', 'INCR a', 'EXEC', 'UNWATCH')},
    {pipeline: words('WATCH a', 'SET a 9', 'MULTI', 'GET a', 'EXEC')},
    {pipeline: words('MULTI', 'WATCH a', 'MULTI', 'GET a', 'EXEC')},
  ],
  'iterates and reads with a group': [
    {pipeline: words('SET a 1', 'HSET h f v g w', 'SADD s 1', 'ZADD z 1.5 m', 'XADD x 1-1 f v', 'RPUSH l 1')},
    ...words(
      'SCAN 0 MATCH h* COUNT 1000',
      'SCAN 0 TYPE stream COUNT 1000',
      'HSCAN h 0',
      'SSCAN s 0',
      'ZSCAN z 0 COUNT 9',
    ),
    ...words('XGROUP CREATE x g 0 MKSTREAM', 'XGROUP CREATE x g 0', 'XREADGROUP GROUP g c COUNT 5 STREAMS x >'),
    ...words(
      'XREADGROUP GROUP g c BLOCK 5 STREAMS x >',
      'XREADGROUP GROUP g c STREAMS x 0',
      'XACK x g 1-1',
      'XPENDING x g',
    ),
    ...words('XREADGROUP GROUP nope c STREAMS x >', 'XAUTOCLAIM x g d 0 0-0 COUNT 10', 'XREAD BLOCK 5 STREAMS x $'),
    ...words('BLPOP none 0.01', 'BRPOP l none 0', 'BZPOPMIN z 0', 'BLMOVE none l LEFT RIGHT 0.01', 'LMPOP 1 none LEFT'),
    ...words('ZADD z 1 a 2 b', 'ZRANGE z 0 -1 WITHSCORES', 'ZRANDMEMBER z 1 WITHSCORES NOPE', 'ZPOPMIN z', 'HGETALL h'),
    ...words('GEOADD g 13.36 38.11 P', 'GEOPOS g P', 'SMISMEMBER s 1 2', 'HRANDFIELD none', 'CONFIG GET maxmemory-p*'),
  ],
}

async function say(connection: RawConnection, step: Step): Promise<string[]> {
  if ('pipeline' in step) return await connection.batch(step.pipeline)
  return [await connection.call(...step)]
}

/** The number of the connection differs. */
const withoutId = (reply: string): string => reply.replace(/(\$2\r\nid\r\n):\d+/, '$1:<id>')

describeWithPeers('redis-py at the embedded node', () => {
  const {both} = bothServers()

  for (const resp of ['2', '3']) {
    it.each(Object.entries(CONVERSATIONS))(`%s (RESP${resp})`, async (_name, steps) => {
      const pair = await both()
      for (const one of pair) await one.batch([['FLUSHALL'], ['SCRIPT', 'FLUSH'], ['HELLO', resp]])
      for (const step of steps) {
        const [theirs, ours] = await Promise.all(
          pair.map(async (one) => {
            const replies = await say(one, step)
            // Several confirmations of one command come after one another.
            return [...replies, ...(await heard(one))].map(withoutId)
          }),
        )
        expect({step, replies: ours}).toEqual({step, replies: theirs})
      }
      for (const one of pair) one.close()
    })
  }
})
