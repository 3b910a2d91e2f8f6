import {addInt64, parseInt64, requireInt64} from '../../arguments.js'
import {addLongDoubles, formatLongDouble, parseLongDouble} from '../../long-double.js'
import {NOT_A_FLOAT, ReplyError} from '../../reply-error.js'
import {HashValue} from '../../values/hash/hash-value.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {HASH} from './facts.js'
import {keep} from './fields.js'

function hincrby({db, reply, server}: CommandContext, argv: string[]): void {
  const [, key, field] = argv as [string, string, string]
  const by = requireInt64(argv[3]!)
  const found = db.getObjectForWrite<HashValue>(key, 'hash')
  const before = parseInt64(found?.get(field) ?? '0')
  if (before === undefined) throw new ReplyError('ERR hash value is not an integer')
  const after = addInt64(before, by)
  const hash = found ?? new HashValue()
  hash.set(field, String(after), server.config.values)
  keep(db, key, hash, found === undefined, 'hincrby')
  reply.integer(after)
}

function hincrbyfloat({db, reply, server}: CommandContext, argv: string[]): void {
  const [, key, field] = argv as [string, string, string]
  const by = parseLongDouble(argv[3]!)
  if (by === undefined) throw new ReplyError(NOT_A_FLOAT)
  if (typeof by === 'string') throw new ReplyError('ERR value is NaN or Infinity')
  const found = db.getObjectForWrite<HashValue>(key, 'hash')
  const before = parseLongDouble(found?.get(field) ?? '0')
  if (before === undefined) throw new ReplyError('ERR hash value is not a float')
  const after = addLongDoubles(before, by)
  if (after === undefined) throw new ReplyError('ERR increment would produce NaN or Infinity')
  const text = formatLongDouble(after)
  const hash = found ?? new HashValue()
  hash.set(field, text, server.config.values)
  keep(db, key, hash, found === undefined, 'hincrbyfloat')
  // Other machines may round otherwise.
  server.state.propagation.instead(db.index, ['HSET', key, field, text])
  reply.bulk(text)
}

export const fieldIncrementCommands: readonly Command[] = [
  defineCommand({...HASH.hincrby, run: hincrby}),
  defineCommand({...HASH.hincrbyfloat, run: hincrbyfloat}),
]
