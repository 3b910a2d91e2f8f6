import {requireInteger} from '../../arguments.js'
import {NOTIFY_STRING} from '../../keyspace/notifications.js'
import {ReplyError} from '../../reply-error.js'
import type {Command, CommandContext} from '../command.js'
import {reading, writing} from './define.js'

/** Appending makes ropes; every so often one is flattened, so that neither memory nor time grows out of proportion. */
const APPENDS_PER_FLATTENING = 32
let appendCount = 0

/** Makes a concatenated string one piece in memory. */
function flat(text: string): string {
  text.charCodeAt(0)
  return text
}

function requireLength(context: CommandContext, length: number): void {
  if (length > context.server.config.values.protoMaxBulkLen) {
    throw new ReplyError('ERR string exceeds maximum allowed size (proto-max-bulk-len)')
  }
}

function append(context: CommandContext, argv: string[]): void {
  const {db, reply} = context
  const key = argv[1]!
  const before = db.getStringForWrite(key)
  if (before === undefined) {
    db.set(key, argv[2]!)
    db.notify(NOTIFY_STRING, 'append', key)
    reply.integer(argv[2]!.length)
    return
  }
  requireLength(context, before.length + argv[2]!.length)
  const value = before + argv[2]!
  db.put(key, ++appendCount % APPENDS_PER_FLATTENING === 0 ? flat(value) : value)
  db.notify(NOTIFY_STRING, 'append', key)
  reply.integer(value.length)
}

function strlen({db, reply}: CommandContext, argv: string[]): void {
  reply.integer(db.getBytes(argv[1]!)?.length ?? 0)
}

function setrange(context: CommandContext, argv: string[]): void {
  const {db, reply} = context
  const [, key, , patch] = argv as [string, string, string, string]
  const offset = requireInteger(argv[2]!)
  if (offset < 0) throw new ReplyError('ERR offset is out of range')
  const before = db.getStringForWrite(key) ?? ''
  if (patch === '') {
    reply.integer(before.length)
    return
  }
  requireLength(context, offset + patch.length)
  const padding = offset > before.length ? '\0'.repeat(offset - before.length) : ''
  const value = flat(before.slice(0, offset) + padding + patch + before.slice(offset + patch.length))
  db.put(key, value)
  db.notify(NOTIFY_STRING, 'setrange', key)
  reply.integer(value.length)
}

function getrange({db, reply}: CommandContext, argv: string[]): void {
  const start = requireInteger(argv[2]!)
  const end = requireInteger(argv[3]!)
  const value = db.getString(argv[1]!) ?? ''
  if (start < 0 && end < 0 && start > end) {
    reply.bulk('')
    return
  }
  const from = Math.max(0, start < 0 ? value.length + start : start)
  const to = Math.min(value.length - 1, Math.max(0, end < 0 ? value.length + end : end))
  reply.bulk(from > to || value === '' ? '' : value.slice(from, to + 1))
}

export const rangeCommands: readonly Command[] = [
  writing('append', 3, '2.0.0', ['RW', 'insert'], append),
  reading('strlen', 2, '2.2.0', ['RO'], strlen),
  writing('setrange', 4, '2.2.0', ['RW', 'update'], setrange, {fast: false}),
  reading('getrange', 4, '2.4.0', ['RO', 'access'], getrange, {fast: false}),
  reading('substr', 4, '1.0.0', ['RO', 'access'], getrange, {fast: false}),
]
