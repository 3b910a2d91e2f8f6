import {requireInteger} from '../../arguments.js'
import type {Database} from '../../keyspace/database.js'
import {NOTIFY_STRING} from '../../keyspace/notifications.js'
import {COPIED_BYTES_MAX, STRING_BYTES_MAX} from '../../keyspace/string-bytes.js'
import {ReplyError} from '../../reply-error.js'
import type {Command, CommandContext} from '../command.js'
import {reading, writing} from './define.js'

/** Appending makes ropes; every so often one is flattened, so that neither memory nor time grows out of proportion. */
const APPENDS_PER_FLATTENING = 32
/** Longer ones grow in place: to flatten them would copy them whole. */
const ROPE_BYTES_MAX = 64 * 1024
let appendCount = 0

/** Makes a concatenated string one piece in memory. */
function flat(text: string): string {
  text.charCodeAt(0)
  return text
}

function requireLength(context: CommandContext, length: number): void {
  if (length > Math.min(context.server.config.values.protoMaxBulkLen, STRING_BYTES_MAX)) {
    throw new ReplyError('ERR string exceeds maximum allowed size (proto-max-bulk-len)')
  }
}

/** Writes into the long string that the key holds, which is made or filled up to what that takes. @returns its length */
function writeInPlace(db: Database, key: string, offset: number, patch: string): number {
  const held = db.getBytesForWrite(key)
  const length = Math.max(held === undefined ? 0 : held.length, offset + patch.length)
  const {bytes} = db.edit(key, length)
  bytes.latin1Write(patch, offset, patch.length)
  // Making it has been told already.
  if (held !== undefined) db.touched(key)
  return length
}

function append(context: CommandContext, argv: string[]): void {
  const {db, reply} = context
  const [, key, tail] = argv as [string, string, string]
  const before = db.getBytesForWrite(key)
  if (before === undefined) {
    db.set(key, tail)
    db.notify(NOTIFY_STRING, 'append', key)
    reply.integer(tail.length)
    return
  }
  const length = before.length + tail.length
  requireLength(context, length)
  if (typeof before === 'string' && length <= ROPE_BYTES_MAX) {
    const value = before + tail
    db.put(key, ++appendCount % APPENDS_PER_FLATTENING === 0 ? flat(value) : value)
  } else {
    writeInPlace(db, key, before.length, tail)
  }
  db.notify(NOTIFY_STRING, 'append', key)
  reply.integer(length)
}

function strlen({db, reply}: CommandContext, argv: string[]): void {
  reply.integer(db.getBytes(argv[1]!)?.length ?? 0)
}

function setrange(context: CommandContext, argv: string[]): void {
  const {db, reply} = context
  const [, key, , patch] = argv as [string, string, string, string]
  const offset = requireInteger(argv[2]!)
  if (offset < 0) throw new ReplyError('ERR offset is out of range')
  const held = db.getBytesForWrite(key)
  const lengthBefore = held === undefined ? 0 : held.length
  if (patch === '') {
    reply.integer(lengthBefore)
    return
  }
  requireLength(context, offset + patch.length)
  const length = Math.max(lengthBefore, offset + patch.length)
  if (typeof held === 'object' || length > COPIED_BYTES_MAX) {
    writeInPlace(db, key, offset, patch)
  } else {
    const before = held ?? ''
    const padding = offset > before.length ? '\0'.repeat(offset - before.length) : ''
    db.put(key, flat(before.slice(0, offset) + padding + patch + before.slice(offset + patch.length)))
  }
  db.notify(NOTIFY_STRING, 'setrange', key)
  reply.integer(length)
}

function getrange({db, reply}: CommandContext, argv: string[]): void {
  const start = requireInteger(argv[2]!)
  const end = requireInteger(argv[3]!)
  const held = db.getBytes(argv[1]!) ?? ''
  const {length} = held
  if (start < 0 && end < 0 && start > end) {
    reply.bulk('')
    return
  }
  const from = Math.max(0, start < 0 ? length + start : start)
  const to = Math.min(length - 1, Math.max(0, end < 0 ? length + end : end))
  if (from > to || length === 0) reply.bulk('')
  else if (typeof held === 'string') reply.bulk(held.slice(from, to + 1))
  else reply.bulk(held.bytes.latin1Slice(from, to + 1))
}

export const rangeCommands: readonly Command[] = [
  writing('append', 3, '2.0.0', ['RW', 'insert'], append),
  reading('strlen', 2, '2.2.0', ['RO'], strlen),
  writing('setrange', 4, '2.2.0', ['RW', 'update'], setrange, {fast: false}),
  reading('getrange', 4, '2.4.0', ['RO', 'access'], getrange, {fast: false}),
  reading('substr', 4, '1.0.0', ['RO', 'access'], getrange, {fast: false}),
]
