import {deadline, int64, requireInt64} from '../../arguments.js'
import {NOTIFY_GENERIC} from '../../keyspace/notifications.js'
import {ReplyError} from '../../reply-error.js'
import type {Command, CommandContext, CommandHandler} from '../command.js'
import {keyAt} from '../key-spec.js'
import {propagateDeletion} from '../propagate.js'
import {keyspaceCommand, READ_FAST, WRITE_FAST} from './define.js'

interface Conditions {
  readonly nx: boolean
  readonly xx: boolean
  readonly gt: boolean
  readonly lt: boolean
}

const NO_CONDITIONS: Conditions = {gt: false, lt: false, nx: false, xx: false}

function parseConditions(argv: readonly string[]): Conditions {
  if (argv.length === 3) return NO_CONDITIONS
  const found = {...NO_CONDITIONS}
  for (const word of argv.slice(3)) {
    const name = word.toLowerCase()
    if (name !== 'nx' && name !== 'xx' && name !== 'gt' && name !== 'lt') {
      throw new ReplyError(`ERR Unsupported option ${word}`)
    }
    found[name] = true
  }
  if (found.nx && (found.xx || found.gt || found.lt)) {
    throw new ReplyError('ERR NX and XX, GT or LT options at the same time are not compatible')
  }
  if (found.gt && found.lt) throw new ReplyError('ERR GT and LT options at the same time are not compatible')
  return found
}

/** A key without a deadline counts as one that lives for ever. */
function isAllowed({gt, lt, nx, xx}: Conditions, before: number | undefined, atMs: number): boolean {
  if (nx && before !== undefined) return false
  if (xx && before === undefined) return false
  if (gt && (before === undefined || atMs <= before)) return false
  return !(lt && before !== undefined && atMs >= before)
}

function expire(name: string, inSeconds: boolean, isAbsolute: boolean): CommandHandler {
  return ({db, nowMs, reply, server}, argv) => {
    const key = argv[1]!
    const conditions = parseConditions(argv)
    const atMs = deadline(requireInt64(argv[2]!), inSeconds, isAbsolute ? 0 : nowMs, name)
    const isSet = db.has(key) && isAllowed(conditions, db.expiryOf(key), atMs)
    if (isSet) {
      // A replica must not delete by its own clock.
      const isPast = atMs <= nowMs && !server.state.leavesExpired
      if (isPast) {
        db.delete(key)
        propagateDeletion(server, db, key, server.config.values.lazyfreeLazyExpire)
      } else {
        db.setExpiry(key, atMs)
        // Another clock must come to the same deadline.
        server.state.propagation.instead(db.index, ['PEXPIREAT', key, String(int64(atMs)), ...argv.slice(3)])
      }
      db.notify(NOTIFY_GENERIC, isPast ? 'del' : 'expire', key)
    }
    reply.integer(isSet ? 1 : 0)
  }
}

/** -2 without the key, -1 without a deadline. */
function remaining(show: (atMs: number, nowMs: number) => number): CommandHandler {
  return ({db, nowMs, reply}, argv) => {
    const key = argv[1]!
    if (db.look(key) === undefined) {
      reply.integer(-2)
      return
    }
    const atMs = db.expiryOf(key)
    reply.integer(atMs === undefined ? -1 : int64(show(atMs, nowMs)))
  }
}

function persist({db, reply}: CommandContext, argv: string[]): void {
  const isChanged = db.removeExpiry(argv[1]!)
  if (isChanged) db.notify(NOTIFY_GENERIC, 'persist', argv[1]!)
  reply.integer(isChanged ? 1 : 0)
}

const CHANGED = {keys: [keyAt(1, ['RW', 'update'])]}
const READ = {keys: [keyAt(1, ['RO', 'access'])]}
const READ_MOVING = {...READ, tips: ['nondeterministic_output']}

export const expireCommands: readonly Command[] = [
  keyspaceCommand('expire', -3, '1.0.0', WRITE_FAST, expire('expire', true, false), CHANGED),
  keyspaceCommand('pexpire', -3, '2.6.0', WRITE_FAST, expire('pexpire', false, false), CHANGED),
  keyspaceCommand('expireat', -3, '1.2.0', WRITE_FAST, expire('expireat', true, true), CHANGED),
  keyspaceCommand('pexpireat', -3, '2.6.0', WRITE_FAST, expire('pexpireat', false, true), CHANGED),
  keyspaceCommand('persist', 2, '2.2.0', WRITE_FAST, persist, CHANGED),
  keyspaceCommand(
    'ttl',
    2,
    '1.0.0',
    READ_FAST,
    remaining((atMs, nowMs) => Math.floor((atMs - nowMs + 500) / 1000)),
    READ_MOVING,
  ),
  keyspaceCommand(
    'pttl',
    2,
    '2.6.0',
    READ_FAST,
    remaining((atMs, nowMs) => atMs - nowMs),
    READ_MOVING,
  ),
  keyspaceCommand(
    'expiretime',
    2,
    '7.0.0',
    READ_FAST,
    remaining((atMs) => Math.floor((atMs + 500) / 1000)),
    READ,
  ),
  keyspaceCommand(
    'pexpiretime',
    2,
    '7.0.0',
    READ_FAST,
    remaining((atMs) => atMs),
    READ,
  ),
]
