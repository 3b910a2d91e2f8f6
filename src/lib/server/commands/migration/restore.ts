import type {Database} from '../../keyspace/database.js'
import {NOTIFY_GENERIC} from '../../keyspace/notifications.js'
import {isInt64Text} from '../../keyspace/value.js'
import {NOT_AN_INTEGER, ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import type {Server} from '../../server.js'
import {type CommandDefinition, type CommandHandler, defineCommand} from '../command.js'
import {keyAt} from '../key-spec.js'
import {decodePayload, encodePayload} from './payload.js'

export const dump = defineCommand({
  name: 'dump',
  arity: 2,
  flags: ['readonly'],
  group: 'generic',
  since: '2.6.0',
  acl: ['keyspace'],
  tips: ['nondeterministic_output'],
  keys: [keyAt(1, ['RO', 'access'])],
  run({db, reply, server}, argv) {
    const value = db.get(argv[1]!)
    if (value === undefined) reply.nil()
    else reply.bulk(encodePayload(server, value))
  },
})

interface RestoreOptions {
  readonly replace: boolean
  /** The TTL argument is a unix time. */
  readonly isAbsolute: boolean
  readonly idleSeconds: number | undefined
  /** OBJECT FREQ's count. */
  readonly frequency: number | undefined
}

/** @throws ReplyError */
function requireInteger(text: string): number {
  if (!isInt64Text(text)) throw new ReplyError(NOT_AN_INTEGER)
  return Number(text)
}

/** IDLETIME and FREQ exclude each other; the one that the policy of eviction does not go by is checked only. */
function parseOptions(argv: readonly string[]): RestoreOptions {
  let replace = false
  let isAbsolute = false
  let idleSeconds: number | undefined
  let frequency: number | undefined
  for (let i = 4; i < argv.length; i++) {
    const word = argv[i]!.toLowerCase()
    const next = argv[i + 1]
    if (word === 'replace') replace = true
    else if (word === 'absttl') isAbsolute = true
    else if (word === 'idletime' && next !== undefined && frequency === undefined) {
      idleSeconds = requireInteger(next)
      if (idleSeconds < 0) throw new ReplyError('ERR Invalid IDLETIME value, must be >= 0')
      i++
    } else if (word === 'freq' && next !== undefined && idleSeconds === undefined) {
      frequency = requireInteger(next)
      if (frequency < 0 || frequency > 255) throw new ReplyError('ERR Invalid FREQ value, must be >= 0 and <= 255')
      i++
    } else throw new ReplyError(SYNTAX_ERROR)
  }
  return {frequency, idleSeconds, isAbsolute, replace}
}

/**
 * RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds | FREQ frequency]
 *
 * Errors in redis-server's order: options, existence, TTL, payload. A deadline already past answers OK and leaves no key.
 */
const run: CommandHandler = ({db, nowMs, reply, server}, argv) => {
  const key = argv[1]!
  const {frequency, idleSeconds, isAbsolute, replace} = parseOptions(argv)
  if (!replace && db.has(key)) throw new ReplyError('BUSYKEY Target key name already exists.')
  const ttl = requireInteger(argv[2]!)
  if (ttl < 0) throw new ReplyError('ERR Invalid TTL value, must be >= 0')
  const value = decodePayload(server, argv[3]!)

  const deadlineMs = ttl === 0 || isAbsolute ? ttl : nowMs + ttl
  const isReplaced = replace && db.drop(key)
  // What the primary decides to keep is kept.
  if (deadlineMs === 0 || deadlineMs > nowMs || server.state.isApplying) {
    db.set(key, value)
    if (deadlineMs !== 0) {
      db.setExpiry(key, deadlineMs)
      if (!isAbsolute) propagateAbsolute(server, db, argv, deadlineMs)
    }
    const {lfu, lruClock} = server.state
    if (lfu !== undefined && frequency !== undefined) db.setAccess(key, lfu.markOf(frequency))
    if (lfu === undefined && idleSeconds !== undefined) db.setAccess(key, lruClock - idleSeconds)
    db.notify(NOTIFY_GENERIC, 'restore', key)
  } else if (isReplaced) db.notify(NOTIFY_GENERIC, 'del', key)
  reply.ok()
}

/** Another clock must come to the same deadline. */
function propagateAbsolute(server: Server, db: Database, argv: readonly string[], deadlineMs: number): void {
  const [name, key, , payload] = argv as [string, string, string, string]
  server.state.propagation.instead(db.index, [name, key, String(deadlineMs), payload, ...argv.slice(4), 'ABSTTL'])
}

const definition: Omit<CommandDefinition, 'name' | 'since' | 'group'> = {
  arity: -4,
  acl: ['keyspace', 'dangerous'],
  keys: [keyAt(1, ['OW', 'update'])],
  run,
}

export const restore = defineCommand({
  ...definition,
  name: 'restore',
  group: 'generic',
  flags: ['write', 'denyoom'],
  since: '2.6.0',
})

/** RESTORE that a node importing the slot takes without an ASKING before it: what MIGRATE sends in cluster mode. */
export const restoreAsking = defineCommand({
  ...definition,
  name: 'restore-asking',
  group: 'server',
  flags: ['write', 'denyoom', 'asking'],
  since: '3.0.0',
})
