import {ELEMENT_TRANSLATORS} from './element-commands.js'
import {KEY_TRANSLATORS} from './key-commands.js'
import {LIST_TRANSLATORS} from './list-commands.js'
import {REPEATED} from './repeated.js'
import {STREAM_TRANSLATORS} from './stream-commands.js'
import {STRING_TRANSLATORS} from './string-commands.js'
import {local, nothing, type Translate, type Unit} from './unit.js'

/** What goes out of commands, by its name: a translator each. */
const TRANSLATORS: ReadonlyMap<string, Translate> = new Map<string, Translate>([
  ...STRING_TRANSLATORS,
  ...KEY_TRANSLATORS,
  ...ELEMENT_TRANSLATORS,
  ...LIST_TRANSLATORS,
  ...STREAM_TRANSLATORS,
  // Another form of the same registers; the count that PFCOUNT keeps with them.
  ['pfdebug', nothing],
  ['pfcount', nothing],
  // To whom in this region it goes is the cluster's matter; PUBLISH is translated as the client sent it.
  ['publish', nothing],
  ['spublish', nothing],
  // Scripts are each region's own.
  ['function', local],
  ['cluster', local],
  // What comes from this region's own disk or nodes goes on as it is; a flush has made its effects.
  ['crdt.effect', local],
  ['crdt.forget', local],
  ['crdt.merge', local],
  ['crdt.stable', local],
  ['crdt.stream', local],
  ['crdt.flush', nothing],
])

/** Commands that always go out as another one. */
export const GO_OUT_AS_OTHERS: ReadonlySet<string> = new Set([
  'blmove',
  'blmpop',
  'blpop',
  'brpop',
  'brpoplpush',
  'bzmpop',
  'bzpopmax',
  'bzpopmin',
  'expire',
  'expireat',
  'geoadd',
  'getdel',
  'getex',
  'getset',
  'hincrbyfloat',
  'incrbyfloat',
  'lmpop',
  'pexpire',
  'psetex',
  'setex',
  'spop',
  'xautoclaim',
  'xreadgroup',
  'zadd',
  'zincrby',
  'zmpop',
])

/** By the two spellings that clients use. */
const BY_SPELLING: ReadonlyMap<string, Translate> = new Map(
  [...TRANSLATORS].flatMap(([name, translate]) => [
    [name, translate],
    [name.toUpperCase(), translate],
  ]),
)

export type PlainTranslate = (unit: Unit, argv: readonly string[]) => void

/** Who goes out as it came, nearly always, and what it does is all in its words; by the command's full name. */
export const PLAIN: ReadonlyMap<string, PlainTranslate> = new Map(
  [
    'append',
    'decr',
    'decrby',
    'del',
    'hdel',
    'hincrby',
    'hset',
    'incr',
    'incrby',
    'lpush',
    'rpush',
    'set',
    'srem',
    'zrem',
  ]
    .map((name) => [name, TRANSLATORS.get(name)! as PlainTranslate] as const)
    .concat(['sadd', 'zadd'].map((name) => [name, REPEATED.get(name)!.translate] as const)),
)

/** @param name - in lower case, without a subcommand */
export function hasTranslator(name: string): boolean {
  return TRANSLATORS.has(name) || GO_OUT_AS_OTHERS.has(name)
}

/** @param name - in any case @throws Error for what no command makes */
export function translatorOf(name: string): Translate {
  const translator = BY_SPELLING.get(name) ?? TRANSLATORS.get(name.toLowerCase())
  if (translator !== undefined) return translator
  throw new Error(`no translator for '${name}'`)
}
