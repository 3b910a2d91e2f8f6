import type {Rng} from '../../../../../src/lib/kernel/rng.js'
import {regions} from '../regions.js'

/**
 * Commands that change keys of one type each, in one slot: what is made lasts, and is changed in all ways.
 *
 * `K` is a key of the type, `M` a member or field of few, `E` a text, `N` a small number, `F` a fraction, `I` an index,
 * `T` a deadline far off, `ID` an id of a stream; `a|b` one of them.
 */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  any: [
    'COPY K K REPLACE',
    'DEL K K',
    'EXPIRE K 100000',
    'EXPIREAT K 4102444800 NX|XX|GT|LT',
    'GETDEL str:1',
    'GETEX str:1 PXAT T',
    'GETEX str:1 PERSIST',
    'PERSIST K',
    'PEXPIRE K 100000000 NX|XX|GT|LT',
    'PEXPIRE K -1',
    'PEXPIREAT K T',
    'RENAME K K',
    'RENAMENX K K',
    'SORT set:1|list:1|zset:1 ALPHA|DESC LIMIT 0 N STORE list:2',
    'UNLINK K',
  ],
  hash: [
    'HDEL K M M',
    'HINCRBY K C N',
    'HINCRBYFLOAT K D F',
    'HMSET K M E M E',
    'HSET K M E',
    'HSET K M E M E',
    'HSET K M E',
    'HSETNX K M E',
    'RESTORE K 0|1000000 PAYLOAD REPLACE',
  ],
  hll: ['PFADD K E E', 'PFADD K E', 'PFMERGE K K', 'RESTORE K 0 PAYLOAD REPLACE'],
  list: [
    'BLMOVE K K LEFT|RIGHT LEFT|RIGHT 1',
    'BLMPOP 1 1 K LEFT|RIGHT COUNT N',
    'BLPOP K 1',
    'BRPOP K 1',
    'BRPOPLPUSH K K 1',
    'LINSERT K BEFORE|AFTER M M',
    'LINSERT K BEFORE|AFTER M E',
    'LMOVE K K LEFT|RIGHT LEFT|RIGHT',
    'LMPOP 1 K LEFT|RIGHT COUNT N',
    'LPOP K',
    'LPOP K N',
    'LPUSH K M M',
    'LPUSH K M E M',
    'LPUSHX K M E',
    'LREM K 1|0|-1|-2 M',
    'LSET K I M',
    'LTRIM K 0|1 -1|-2|8',
    'RPOP K',
    'RPOP K N',
    'RPOPLPUSH K K',
    'RPUSH K M E M',
    'RPUSH K M M M M',
    'RPUSHX K M',
    'RESTORE K 0|1000000 PAYLOAD REPLACE',
  ],
  set: [
    'SADD K M',
    'SADD K M M M',
    'SADD K N N',
    'SDIFFSTORE K K K',
    'SINTERSTORE K K K',
    'SMOVE K K M',
    'SPOP K',
    'SPOP K N',
    'SREM K M M',
    'SUNIONSTORE K K K',
    'RESTORE K 0|1000000 PAYLOAD REPLACE',
  ],
  str: [
    'APPEND K E',
    'BITFIELD K SET u8 #N N INCRBY i5 3 N',
    'BITFIELD K OVERFLOW FAIL INCRBY u2 100 N',
    'BITOP AND|OR|XOR K K K',
    'DECR n:1|n:2',
    'DECRBY n:1|n:2 N',
    'GETSET K E',
    'INCR n:1|n:2',
    'INCRBY n:1|n:2 N',
    'INCRBYFLOAT f:1|f:2 F',
    'MSET K E K E',
    'MSETNX K E new:N E',
    'PSETEX K 1000000 E',
    'SET K E',
    'SET K E KEEPTTL',
    'SET K E NX|XX',
    'SET K E PXAT T GET',
    'SET n:1 N',
    'SETBIT K N 0|1',
    'SETEX K 10000 E',
    'SETNX K E',
    'SETRANGE K N E',
    'RESTORE K 0|1000000 PAYLOAD REPLACE',
  ],
  stream: [
    'XACK K g|h ID ID',
    'XADD K * M E',
    'XADD K * M E',
    'XADD K MAXLEN N * M E',
    'XADD K MAXLEN ~ 3 * M E M E',
    'XADD K NOMKSTREAM MINID = ID * M E',
    'XAUTOCLAIM K g|h c 0 0',
    'XCLAIM K g|h d 0 ID ID',
    'XDEL K ID ID',
    'XGROUP CREATE K g|h 0|$ MKSTREAM',
    'XGROUP CREATE K g|h 0|$',
    'XGROUP CREATECONSUMER K g|h c',
    'XGROUP DELCONSUMER K g|h c|d',
    'XGROUP DESTROY K g|h',
    'XGROUP SETID K g|h 0|$',
    'XREADGROUP GROUP g|h c|d COUNT N STREAMS K >',
    'XREADGROUP GROUP g|h c|d NOACK STREAMS K >',
    'XSETID K 9999999999999-1',
    'XTRIM K MAXLEN N',
    'XTRIM K MINID ID',
    'RESTORE K 0|1000000 PAYLOAD REPLACE',
  ],
  zset: [
    'BZMPOP 1 1 K MIN|MAX COUNT N',
    'BZPOPMAX K 1',
    'BZPOPMIN K 1',
    'GEOADD K NX|XX|CH 13.36 38.1 M 15.08 37.5 M',
    'GEORADIUS K 15 37 200 km STORE zset:3',
    'GEORADIUSBYMEMBER K M 200 km STOREDIST zset:3',
    'GEOSEARCHSTORE K K FROMLONLAT 15 37 BYRADIUS 200 km',
    'ZADD K F M',
    'ZADD K F M F M',
    'ZADD K GT|LT|XX|NX|CH F M F M',
    'ZADD K INCR F M',
    'ZADD K XX INCR F M',
    'ZDIFFSTORE K 2 K K',
    'ZINCRBY K F M',
    'ZINTERSTORE K 2 K K',
    'ZMPOP 1 K MIN|MAX COUNT N',
    'ZPOPMAX K N',
    'ZPOPMIN K',
    'ZRANGESTORE K K 0 N',
    'ZREM K M M',
    'ZREMRANGEBYLEX K [a (c',
    'ZREMRANGEBYRANK K 0 1',
    'ZREMRANGEBYSCORE K -1 2',
    'ZUNIONSTORE K 2 K K',
    'RESTORE K 0|1000000 PAYLOAD REPLACE',
  ],
}

/** What makes a key of each type that is dumped then. */
const DUMPED: Readonly<Record<string, readonly string[]>> = {
  hash: ['HSET k a 1 b x', 'HSET k c y count 5'],
  hll: ['PFADD k a b c', 'PFADD k d'],
  list: ['RPUSH k a b c', 'RPUSH k d a'],
  set: ['SADD k 1 2 3', 'SADD k a b'],
  str: ['SET k 12', 'SET k text'],
  stream: ['XADD k 5 a b', 'XGROUP CREATE k g 0 MKSTREAM', 'XGROUP CREATE k h $ MKSTREAM'],
  zset: ['ZADD k 1 a 2.5 b', 'ZADD k -1 c 0 a'],
}

/** By type, payloads of DUMP. */
function makePayloads(): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(DUMPED).map(([type, lines]) => [
      type,
      lines.map((line) => {
        const [region] = regions(1)
        region!.do(line)
        const reply = region!.send(['DUMP', 'k'])
        return reply.slice(reply.indexOf('\r\n') + 2, -2)
      }),
    ]),
  )
}

let payloads: ReadonlyMap<string, readonly string[]> | undefined

function payloadsOf(type: string): readonly string[] {
  payloads ??= makePayloads()
  return payloads.get(type)!
}

const MEMBERS = ['a', 'b', 'c', 'd', 'e']
const FRACTIONS = ['0', '1', '-1', '0.5', '2.25', '-3.5', '10', '0.1', '7']
const TYPES = Object.keys(TEMPLATES)
/** Whatever a command of all types may name. */
const KEYS = TYPES.filter((type) => type !== 'any').flatMap((type) => [1, 2, 3].map((number) => `${type}:${number}`))

/** Names of all commands that may come, in lower case. */
export const TYPED_NAMES: ReadonlySet<string> = new Set(
  Object.values(TEMPLATES).flatMap((templates) => templates.map((template) => template.split(' ')[0]!.toLowerCase())),
)

/** @param ids - of entries that are in streams, to choose from */
export function makeTyped(rng: Rng, ids: readonly string[]): string[] {
  const type = rng.pick(TYPES)
  const key = (): string => (type === 'any' ? rng.pick(KEYS) : `${type}:${1 + rng.below(3)}`)
  const words: Record<string, () => string> = {
    C: () => rng.pick(['count', 'sum']),
    D: () => rng.pick(['weight', 'price']),
    E: () => `${rng.pick(['x', 'y', '12', ''])}${rng.below(50)}`,
    F: () => rng.pick(FRACTIONS),
    I: () => rng.pick(['0', '1', '-1', '2']),
    ID: () => (ids.length === 0 ? '1-1' : rng.pick(ids)),
    K: () => `{t}${key()}`,
    M: () => rng.pick(MEMBERS),
    N: () => String(1 + rng.below(4)),
    PAYLOAD: () => rng.pick(payloadsOf(type)),
    T: () => String(4_102_444_800_000 + rng.below(5) * 1000),
  }
  return rng
    .pick(TEMPLATES[type]!)
    .split(' ')
    .map((word, i) => {
      if (i === 0) return word
      const chosen = rng.pick(word.split('|'))
      if (chosen.startsWith('#')) return `#${words.N!()}`
      if (/^(?:str|hash|hll|list|set|stream|zset|new|n|f):/.test(chosen)) return `{t}${chosen.replace('N', words.N!())}`
      return words[chosen]?.() ?? chosen
    })
}
