import {addInt64, INT64_MIN, parseInt64, requireInt64} from '../../arguments.js'
import {NOTIFY_STRING} from '../../keyspace/notifications.js'
import {addLongDoubles, formatLongDouble, type LongDouble, parseLongDouble} from '../../long-double.js'
import {NOT_A_FLOAT, NOT_AN_INTEGER, ReplyError} from '../../reply-error.js'
import type {Command, CommandContext} from '../command.js'
import {writing} from './define.js'

function increment({db, reply}: CommandContext, key: string, by: number | bigint): void {
  const place = db.placeOfText(key)
  const before = place < 0 ? 0 : parseInt64(db.textAt(place))
  if (before === undefined) throw new ReplyError(NOT_AN_INTEGER)
  const after = addInt64(before, by)
  db.replaceText(place, key, String(after))
  db.notify(NOTIFY_STRING, 'incrby', key)
  reply.integer(after)
}

function decrby(context: CommandContext, argv: string[]): void {
  const by = requireInt64(argv[2]!)
  // Its negation does not fit in 64 bits.
  if (by === INT64_MIN) throw new ReplyError('ERR decrement would overflow')
  increment(context, argv[1]!, -by)
}

function requireFloat(text: string): LongDouble {
  const value = parseLongDouble(text)
  if (value === undefined) throw new ReplyError(NOT_A_FLOAT)
  return value
}

function incrbyfloat({db, reply, server}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const before = db.getStringForWrite(key)
  const value = requireFloat(before ?? '0')
  const sum = addLongDoubles(value, requireFloat(argv[2]!))
  if (sum === undefined) throw new ReplyError('ERR increment would produce NaN or Infinity')
  const text = formatLongDouble(sum)
  db.put(key, text)
  // Other machines may round otherwise.
  server.state.propagation.instead(db.index, ['SET', key, text, 'KEEPTTL'])
  db.notify(NOTIFY_STRING, 'incrbyfloat', key)
  reply.bulk(text)
}

const KEY = ['RW', 'access', 'update'] as const

export const incrementCommands: readonly Command[] = [
  writing('incr', 2, '1.0.0', KEY, (context, argv) => increment(context, argv[1]!, 1)),
  writing('decr', 2, '1.0.0', KEY, (context, argv) => increment(context, argv[1]!, -1)),
  writing('incrby', 3, '1.0.0', KEY, (context, argv) => increment(context, argv[1]!, requireInt64(argv[2]!))),
  writing('decrby', 3, '1.0.0', KEY, decrby),
  writing('incrbyfloat', 3, '2.6.0', KEY, incrbyfloat),
]
