import type {Rng} from '../../../src/lib/kernel/rng.js'
import {element} from '../corpus/packed.js'
import {extremeDecimal, mutateOnce, randomBytes} from '../mutate.js'
import {FuzzedServer} from '../server.js'
import type {FuzzTarget, OpenTarget} from '../target.js'

/** Arguments that are little languages: filters, intervals, ids, patterns, types of bits, positions on Earth. */

/**
 * `N` a number, `K` a key, `E` an element, `P` a pattern, `B` a type of bits, `I` an id of a stream, `S` an end of an
 * interval, `U` a unit, `G` what SORT fetches. A word in brackets is left out half of the time.
 */
const LINES = [
  ...[
    'CLIENT KILL ID N',
    'CLIENT KILL TYPE pubsub ADDR E [SKIPME] [yes]',
    'CLIENT KILL USER E LADDR E',
    'CLIENT LIST ID N N',
  ],
  ...[
    'CLIENT SETNAME E',
    'CLIENT TRACKING on BCAST PREFIX P PREFIX P',
    'CLIENT TRACKING off',
    'CLIENT UNBLOCK N',
    'CLIENT NO-EVICT on',
  ],
  ...[
    'BITFIELD K GET B N',
    'BITFIELD K SET B #7 N [OVERFLOW] [SAT] INCRBY B 3 N',
    'BITFIELD K OVERFLOW FAIL INCRBY B #2 N',
  ],
  ...[
    'BITCOUNT K N N [BIT]',
    'BITPOS K 0 N N [BYTE]',
    'BITOP XOR K K K',
    'SETBIT K 77 N',
    'GETBIT K N',
    'BITFIELD_RO K GET B N',
  ],
  ...[
    'ZADD K N E N E',
    'ZADD K XX GT CH N E',
    'ZRANGE K S S BYSCORE [LIMIT] N N',
    'ZRANGE K S S BYLEX LIMIT N N',
    'ZRANGE K N N REV',
  ],
  ...[
    'ZRANGEBYSCORE K S S LIMIT N N',
    'ZREVRANGEBYLEX K S S',
    'ZCOUNT K S S',
    'ZLEXCOUNT K S S',
    'ZREMRANGEBYSCORE K S S',
  ],
  ...[
    'ZUNIONSTORE K 2 K K WEIGHTS N N AGGREGATE MAX',
    'ZINTER N K K',
    'ZDIFF 2 K K WITHSCORES',
    'ZMPOP 1 K MIN COUNT N',
    'ZINTERCARD 2 K K LIMIT N',
  ],
  ...[
    'GEOADD K N N E',
    'GEOADD K NX CH N N E',
    'GEOPOS K E',
    'GEODIST K E E U',
    'GEOHASH K E',
    'GEOSEARCH K FROMLONLAT N N BYRADIUS N U ASC COUNT 5',
  ],
  ...[
    'GEOSEARCH K FROMMEMBER E BYBOX N N U WITHDIST WITHHASH',
    'GEORADIUS K N N N U [WITHCOORD] STORE K',
    'GEOSEARCHSTORE K K FROMLONLAT N N BYBOX N N U [STOREDIST]',
  ],
  ...[
    'SORT K BY G GET G GET # LIMIT N N',
    'SORT K ALPHA DESC',
    'SORT K BY nosort STORE K',
    'SORT_RO K BY G',
    'RPUSH K E E E',
    'SADD K E N',
    'HSET K E E N N',
  ],
  ...[
    'XADD K I E E',
    'XADD K MAXLEN ~ N LIMIT N I E E',
    'XRANGE K I I COUNT N',
    'XREAD COUNT N STREAMS K I',
    'XSETID K I [ENTRIESADDED] N',
    'XTRIM K MINID = I',
  ],
  ...[
    'XGROUP CREATE K E I MKSTREAM',
    'XPENDING K E IDLE N I I N',
    'XCLAIM K E E N I IDLE N JUSTID',
    'XAUTOCLAIM K E E N I COUNT N',
    'XGROUP SETID K E I ENTRIESREAD N',
  ],
  ...[
    'SET K E EX N',
    'SET K E PXAT N',
    'GETEX K EX N',
    'EXPIRE K N GT',
    'PEXPIREAT K N',
    'SETEX K N E',
    'SETRANGE K 20 E',
    'GETRANGE K N N',
    'INCRBY K N',
    'INCRBYFLOAT K N',
    'DECRBY K N',
    'HINCRBYFLOAT K E N',
    'LCS K K IDX MINMATCHLEN N',
  ],
  ...[
    'LINSERT K BEFORE E E',
    'LPOS K E RANK N COUNT N MAXLEN N',
    'LRANGE K N N',
    'LTRIM K N N',
    'LSET K N E',
    'LREM K N E',
    'LMPOP 1 K LEFT COUNT N',
    'SPOP K 3',
    'SRANDMEMBER K -5',
    'HRANDFIELD K 4 WITHVALUES',
  ],
  ...[
    'SCAN N MATCH P COUNT 9',
    'HSCAN K N MATCH P',
    'SSCAN K N',
    'ZSCAN K N MATCH P',
    'KEYS P',
    'OBJECT ENCODING K',
    'OBJECT FREQ K',
    'CONFIG GET P',
    'PUBSUB CHANNELS P',
    'COMMAND LIST FILTERBY PATTERN P',
    'COMMAND GETKEYS ZUNIONSTORE K N K K',
  ],
  ...[
    'COMMAND GETKEYSANDFLAGS E K N K',
    'COMMAND DOCS E',
    'COMMAND INFO E',
    'SLOWLOG GET N',
    'LATENCY RESET E',
    'INFO E',
    'MEMORY USAGE K SAMPLES N',
    'SELECT N',
    'SELECT 0',
    'SWAPDB N N',
    'MOVE K N',
    'COPY K K DB N',
    'EVAL E N K',
    'PUBLISH E E',
    'HELLO N',
    'ACL GENPASS N',
    'ACL CAT E',
    'ACL LOG N',
    'DEBUG OBJECT K',
    'DEBUG DIGEST',
    'LOLWUT',
    'TIME',
    'RESTORE K N E',
    'FLUSHALL',
  ],
]
const KEYS = ['k', 'k', 'k', 'k1', 'k2', '{k}3', '']
const UNITS = ['m', 'km', 'ft', 'mi', 'M', 'x']

function interval(rng: Rng): string {
  return rng.pick(['(', '[', '', '-', '+']) + (rng.chance(0.5) ? extremeDecimal(rng) : rng.pick(['a', 'inf', '', 'z']))
}

function pattern(rng: Rng): string {
  const parts = ['*', '?', '[a-c]', '[^a]', '\\', '[', 'k', 'a*', '**', '[z-a]', ']', '-', '^', '\0']
  return Array.from({length: rng.below(10)}, () => rng.pick(parts)).join('')
}

function wordFor(rng: Rng, word: string): string {
  switch (word) {
    case 'N':
      return rng.chance(0.4) ? String(rng.below(40) - 10) : extremeDecimal(rng)
    case 'K':
      return rng.pick(KEYS)
    case 'E':
      return element(rng)
    case 'P':
      return pattern(rng)
    case 'B':
      return rng.pick(['i', 'u', 'x', '']) + (rng.chance(0.7) ? String(1 + rng.below(64)) : extremeDecimal(rng))
    case 'I':
      return rng.pick([
        '*',
        '-',
        '+',
        '$',
        '>',
        '(5-1',
        '5-*',
        '1-1',
        '-',
        `${extremeDecimal(rng)}-${extremeDecimal(rng)}`,
        extremeDecimal(rng),
      ])
    case 'S':
      return interval(rng)
    case 'U':
      return rng.pick(UNITS)
    case 'G':
      return rng.pick(['w_*', 'k->*', 'k1->*->x', '*', '#', '->', '*->', 'w_*_*', 'nosort', pattern(rng)])
    default:
      return word
  }
}

function line(rng: Rng): string {
  const words = rng
    .pick(LINES)
    .split(' ')
    .flatMap((word) => {
      const optional = /^\[(.+)\]$/.exec(word)?.[1]
      return optional === undefined ? [wordFor(rng, word)] : rng.chance(0.5) ? [optional] : []
    })
  if (rng.chance(0.1))
    words.splice(1 + rng.below(words.length), rng.below(2), rng.pick(['GET', 'COUNT', 'LIMIT', 'STORE', '']))
  const at = 1 + rng.below(words.length)
  if (rng.chance(0.1) && at < words.length)
    words[at] = rng.chance(0.5) ? randomBytes(rng, 6) : mutateOnce(rng, words[at]!)
  return words.map((word) => word.replaceAll('\x1f', '')).join('\x1f')
}

/** Blocks, says nothing or says it in RESP3, or writes as much as it is told to: nothing to be asked here. */
const LEFT_OUT =
  /^(?:b[lz].*|hello 3.*|debug (?!object|digest).*|client (?:reply|pause).*|x.* block .*|setrange .*|setbit .*|append .*)$/

class Commands implements OpenTarget {
  private server = new FuzzedServer()

  make(rng: Rng): string {
    return Array.from({length: 4 + rng.below(8)}, () => line(rng)).join('\x1e')
  }

  run(input: string): boolean {
    let isTaken = false
    const {server} = this
    server.reconnect()
    server.call('FLUSHALL')
    server.explain(() => {
      for (const text of input.split('\x1e')) {
        const argv = text.split('\x1f')
        const plain = argv.join(' ').toLowerCase()
        const isLarge = /^(?:setrange|setbit|bitfield)/.test(plain) && /\d{8}/.test(plain)
        if (argv[0] === '' || isLarge || (LEFT_OUT.test(plain) && !/^set(?:range|bit)/.test(plain))) continue
        const reply = server.call(...argv)
        isTaken ||= !reply.startsWith('-')
      }
    })
    return isTaken
  }
}

export const commandsTarget: FuzzTarget = {name: 'commands', open: () => new Commands(), share: 5}
