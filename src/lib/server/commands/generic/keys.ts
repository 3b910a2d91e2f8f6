import {requireInt32} from '../../arguments.js'
import type {Database} from '../../keyspace/database.js'
import {NOTIFY_GENERIC} from '../../keyspace/notifications.js'
import {typeOf} from '../../keyspace/value.js'
import {NO_SUCH_KEY, ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import type {Server} from '../../server.js'
import type {Command, CommandContext} from '../command.js'
import {keyAt} from '../key-spec.js'
import {keyspaceCommand, READ_FAST, WRITE_FAST} from './define.js'

function countKeys(argv: readonly string[], isCounted: (key: string) => boolean): number {
  let count = 0
  for (let i = 1; i < argv.length; i++) if (isCounted(argv[i]!)) count++
  return count
}

function del({db, reply}: CommandContext, argv: string[]): void {
  const isDeleted = (key: string): boolean => {
    if (!db.delete(key)) return false
    db.notify(NOTIFY_GENERIC, 'del', key)
    return true
  }
  reply.integer(countKeys(argv, isDeleted))
}

function exists({db, reply}: CommandContext, argv: string[]): void {
  reply.integer(countKeys(argv, (key) => db.touch(key)))
}

function touch({db, reply}: CommandContext, argv: string[]): void {
  reply.integer(countKeys(argv, (key) => db.touch(key)))
}

function type({db, reply}: CommandContext, argv: string[]): void {
  const value = db.look(argv[1]!)
  reply.simple(value === undefined ? 'none' : typeOf(value))
}

/** Moves value and deadline; the target is replaced. The source must exist. */
function moveKey(from: Database, source: string, to: Database, target: string, verb: 'move' | 'rename'): void {
  const value = from.getForWrite(source)!
  const expireAtMs = from.expiryOf(source)
  from.delete(source)
  to.delete(target)
  to.set(target, value)
  if (expireAtMs !== undefined) to.setExpiry(target, expireAtMs)
  from.notify(NOTIFY_GENERIC, `${verb}_from`, source)
  to.notify(NOTIFY_GENERIC, `${verb}_to`, target)
}

function rename({db, reply}: CommandContext, argv: string[]): void {
  const [, source, target] = argv as [string, string, string]
  if (!db.has(source)) throw new ReplyError(NO_SUCH_KEY)
  if (source !== target) {
    // One that has run out goes first, and who tracks it hears of that first.
    db.has(target)
    moveKey(db, source, db, target, 'rename')
  }
  reply.ok()
}

function renamenx({db, reply}: CommandContext, argv: string[]): void {
  const [, source, target] = argv as [string, string, string]
  if (!db.has(source)) throw new ReplyError(NO_SUCH_KEY)
  const isFree = !db.has(target)
  if (isFree) moveKey(db, source, db, target, 'rename')
  reply.integer(isFree ? 1 : 0)
}

/** @throws ReplyError if the text names no database */
export function requireDatabase(
  server: Server,
  text: string,
): {readonly index: number; readonly db: Database | undefined} {
  const index = requireInt32(text)
  if (index < 0 || index >= server.config.values.databases) throw new ReplyError('ERR DB index is out of range')
  // In cluster mode there is one only; the caller refuses the others with its own text.
  return {db: server.databases[index], index}
}

const SAME_OBJECT = 'ERR source and destination objects are the same'

function copy({db, reply, server}: CommandContext, argv: string[]): void {
  const [, source, target] = argv as [string, string, string]
  let to: Database | undefined = db
  let replace = false
  for (let i = 3; i < argv.length; i++) {
    const word = argv[i]!.toLowerCase()
    if (word === 'replace') replace = true
    else if (word === 'db' && i + 1 < argv.length) to = requireDatabase(server, argv[++i]!).db
    else throw new ReplyError(SYNTAX_ERROR)
  }
  if (to === undefined) throw new ReplyError('ERR Copying to another database is not allowed in cluster mode')
  if (to === db && source === target) throw new ReplyError(SAME_OBJECT)
  const value = db.get(source)
  if (value === undefined || (to.has(target) && !replace)) {
    reply.integer(0)
    return
  }
  const expireAtMs = db.expiryOf(source)
  to.delete(target)
  to.set(target, typeof value === 'string' ? value : value.copy())
  if (expireAtMs !== undefined) to.setExpiry(target, expireAtMs)
  to.notify(NOTIFY_GENERIC, 'copy_to', target)
  reply.integer(1)
}

function move({db, reply, server}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  if (server.isCluster) throw new ReplyError('ERR MOVE is not allowed in cluster mode')
  const to = requireDatabase(server, argv[2]!).db!
  if (to === db) throw new ReplyError(SAME_OBJECT)
  const moves = db.has(key) && !to.has(key)
  if (moves) moveKey(db, key, to, key, 'move')
  reply.integer(moves ? 1 : 0)
}

const MULTI_SHARD_SUM = ['request_policy:multi_shard', 'response_policy:agg_sum']
const SOURCE = keyAt(1, ['RW', 'access', 'delete'])

export const keyCommands: readonly Command[] = [
  keyspaceCommand('del', -2, '1.0.0', ['write'], del, {keys: [keyAt(1, ['RM', 'delete'], -1)], tips: MULTI_SHARD_SUM}),
  keyspaceCommand('unlink', -2, '4.0.0', WRITE_FAST, del, {
    keys: [keyAt(1, ['RM', 'delete'], -1)],
    tips: MULTI_SHARD_SUM,
  }),
  keyspaceCommand('exists', -2, '1.0.0', READ_FAST, exists, {keys: [keyAt(1, ['RO'], -1)], tips: MULTI_SHARD_SUM}),
  keyspaceCommand('touch', -2, '3.2.1', READ_FAST, touch, {keys: [keyAt(1, ['RO'], -1)], tips: MULTI_SHARD_SUM}),
  keyspaceCommand('type', 2, '1.0.0', READ_FAST, type, {keys: [keyAt(1, ['RO'])]}),
  keyspaceCommand('rename', 3, '1.0.0', ['write'], rename, {keys: [SOURCE, keyAt(2, ['OW', 'update'])]}),
  keyspaceCommand('renamenx', 3, '1.0.0', WRITE_FAST, renamenx, {keys: [SOURCE, keyAt(2, ['OW', 'insert'])]}),
  keyspaceCommand('copy', -3, '6.2.0', ['write', 'denyoom'], copy, {
    keys: [keyAt(1, ['RO', 'access']), keyAt(2, ['OW', 'update'])],
  }),
  keyspaceCommand('move', 3, '1.0.0', WRITE_FAST, move, {keys: [keyAt(1, ['RW', 'access', 'update'])]}),
]
