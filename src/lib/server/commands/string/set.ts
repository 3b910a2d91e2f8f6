import {int64} from '../../arguments.js'
import {NOTIFY_GENERIC, NOTIFY_STRING} from '../../keyspace/notifications.js'
import {ReplyError, WRONG_TYPE} from '../../reply-error.js'
import type {Command, CommandContext} from '../command.js'
import {keyAt} from '../key-spec.js'
import {propagateDeletion} from '../propagate.js'
import {reading, writing} from './define.js'
import {optionDeadline, parseSetOptions, requireDeadline} from './set-options.js'

function get({db, reply}: CommandContext, argv: string[]): void {
  const value = db.get(argv[1]!)
  if (value === undefined) reply.nil()
  else if (typeof value === 'string') reply.bulk(value)
  else throw new ReplyError(WRONG_TYPE)
}

function set(context: CommandContext, argv: string[]): void {
  const {db, reply} = context
  if (argv.length === 3) {
    db.set(argv[1]!, argv[2]!)
    db.notify(NOTIFY_STRING, 'set', argv[1]!)
    reply.ok()
  } else {
    setWithOptions(context, argv)
  }
}

function setWithOptions({db, nowMs, reply, server}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const options = parseSetOptions(argv, 3, 'set')
  const expireAtMs = optionDeadline(options, 'set', nowMs)
  const before = options.get ? db.getString(key) : undefined
  const isAllowed = options.condition === undefined || db.has(key) === (options.condition === 'xx')
  if (isAllowed) {
    if (options.keepTtl) db.put(key, argv[2]!)
    else db.set(key, argv[2]!)
    if (expireAtMs !== undefined) db.setExpiry(key, expireAtMs)
    db.notify(NOTIFY_STRING, 'set', key)
    if (expireAtMs !== undefined) db.notify(NOTIFY_GENERIC, 'expire', key)
    const {propagation} = server.state
    if (expireAtMs !== undefined)
      propagation.instead(db.index, ['SET', key, argv[2]!, 'PXAT', String(int64(expireAtMs))])
    else if (options.get) propagation.instead(db.index, withoutGet(argv))
  }
  if (options.get) reply.bulkOrNil(before)
  else if (isAllowed) reply.ok()
  else reply.nil()
}

/** What a replica answers is nobody's concern. */
function withoutGet(argv: readonly string[]): string[] {
  return argv.filter((word, i) => i < 3 || word.toLowerCase() !== 'get')
}

function setWithExpiry(command: 'setex' | 'psetex') {
  return ({db, nowMs, reply, server}: CommandContext, argv: string[]): void => {
    const at = requireDeadline(argv[2]!, command === 'setex', nowMs, command)
    db.set(argv[1]!, argv[3]!)
    db.setExpiry(argv[1]!, at)
    db.notify(NOTIFY_STRING, 'set', argv[1]!)
    db.notify(NOTIFY_GENERIC, 'expire', argv[1]!)
    server.state.propagation.instead(db.index, ['SET', argv[1]!, argv[3]!, 'PXAT', String(int64(at))])
    reply.ok()
  }
}

function setnx({db, reply}: CommandContext, argv: string[]): void {
  const isNew = !db.has(argv[1]!)
  if (isNew) {
    db.set(argv[1]!, argv[2]!)
    db.notify(NOTIFY_STRING, 'set', argv[1]!)
  }
  reply.integer(isNew ? 1 : 0)
}

function getset({db, reply, server}: CommandContext, argv: string[]): void {
  const before = db.getString(argv[1]!)
  db.set(argv[1]!, argv[2]!)
  server.state.propagation.instead(db.index, ['SET', argv[1]!, argv[2]!])
  db.notify(NOTIFY_STRING, 'set', argv[1]!)
  reply.bulkOrNil(before)
}

function getdel({db, reply, server}: CommandContext, argv: string[]): void {
  const value = db.getString(argv[1]!)
  if (value !== undefined) {
    db.delete(argv[1]!)
    propagateDeletion(server, db, argv[1]!, server.config.values.lazyfreeLazyUserDel)
    db.notify(NOTIFY_GENERIC, 'del', argv[1]!)
  }
  reply.bulkOrNil(value)
}

function getex({db, nowMs, reply, server}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const options = parseSetOptions(argv, 2, 'getex')
  const value = db.getString(key)
  if (value !== undefined) {
    const expireAtMs = optionDeadline(options, 'getex', nowMs)
    if (options.persist) {
      if (db.removeExpiry(key)) {
        server.state.propagation.instead(db.index, ['PERSIST', key])
        db.notify(NOTIFY_GENERIC, 'persist', key)
      }
    } else if (expireAtMs !== undefined && expireAtMs <= nowMs) {
      db.delete(key)
      propagateDeletion(server, db, key, server.config.values.lazyfreeLazyExpire)
      db.notify(NOTIFY_GENERIC, 'del', key)
    } else if (expireAtMs !== undefined) {
      db.setExpiry(key, expireAtMs)
      server.state.propagation.instead(db.index, ['PEXPIREAT', key, String(int64(expireAtMs))])
      db.notify(NOTIFY_GENERIC, 'expire', key)
    }
  }
  reply.bulkOrNil(value)
}

function mget({db, reply}: CommandContext, argv: string[]): void {
  reply.array(argv.length - 1)
  for (let i = 1; i < argv.length; i++) {
    const value = db.get(argv[i]!)
    if (typeof value === 'string') reply.bulk(value)
    else reply.nil()
  }
}

function requirePairs(argv: readonly string[], command: string): void {
  if (argv.length % 2 === 0) throw new ReplyError(`ERR wrong number of arguments for '${command}' command`)
}

function setPairs({db}: CommandContext, argv: string[]): void {
  for (let i = 1; i < argv.length; i += 2) {
    db.set(argv[i]!, argv[i + 1]!)
    db.notify(NOTIFY_STRING, 'set', argv[i]!)
  }
}

function mset(context: CommandContext, argv: string[]): void {
  requirePairs(argv, 'mset')
  setPairs(context, argv)
  context.reply.ok()
}

function msetnx(context: CommandContext, argv: string[]): void {
  requirePairs(argv, 'msetnx')
  const isAllNew = argv.every((key, i) => i % 2 === 0 || !context.db.has(key))
  if (isAllNew) setPairs(context, argv)
  context.reply.integer(isAllNew ? 1 : 0)
}

const MULTI_SHARD = 'request_policy:multi_shard'

export const setCommands: readonly Command[] = [
  reading('get', 2, '1.0.0', ['RO', 'access'], get),
  writing('set', -3, '1.0.0', ['RW', 'access', 'update', 'variable_flags'], set, {
    fast: false,
    notes: 'RW and ACCESS due to the optional `GET` argument',
  }),
  writing('setex', 4, '2.0.0', ['OW', 'update'], setWithExpiry('setex'), {fast: false}),
  writing('psetex', 4, '2.6.0', ['OW', 'update'], setWithExpiry('psetex'), {fast: false}),
  writing('setnx', 3, '1.0.0', ['OW', 'insert'], setnx),
  writing('getset', 3, '1.0.0', ['RW', 'access', 'update'], getset),
  writing('getdel', 2, '6.2.0', ['RW', 'access', 'delete'], getdel, {flags: ['write', 'fast']}),
  writing('getex', -2, '6.2.0', ['RW', 'access', 'update'], getex, {
    flags: ['write', 'fast'],
    notes: 'RW and UPDATE because it changes the TTL',
  }),
  reading('mget', -2, '1.0.0', ['RO', 'access'], mget, {last: -1, tips: [MULTI_SHARD]}),
  writing('mset', -3, '1.0.1', ['OW', 'update'], mset, {
    fast: false,
    keys: [keyAt(1, ['OW', 'update'], -1, 2)],
    tips: [MULTI_SHARD, 'response_policy:all_succeeded'],
  }),
  writing('msetnx', -3, '1.0.1', ['OW', 'insert'], msetnx, {
    fast: false,
    keys: [keyAt(1, ['OW', 'insert'], -1, 2)],
    tips: [MULTI_SHARD, 'response_policy:agg_min'],
  }),
]
