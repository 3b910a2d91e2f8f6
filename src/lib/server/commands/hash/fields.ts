import type {Database} from '../../keyspace/database.js'
import {NOTIFY_HASH} from '../../keyspace/notifications.js'
import {ReplyError} from '../../reply-error.js'
import {HashValue} from '../../values/hash/hash-value.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {HASH} from './facts.js'

/** Fields are set, removed and asked for by name. */

/** Tells of a hash that was changed, and keeps it if it is new. */
export function keep(db: Database, key: string, hash: HashValue, isNew: boolean, event: string): void {
  if (isNew) db.put(key, hash)
  else db.touched(key)
  db.notify(NOTIFY_HASH, event, key)
}

/** @returns how many fields are new */
function setFields({db, server}: CommandContext, argv: string[], command: string): number {
  if (argv.length % 2 !== 0) throw new ReplyError(`ERR wrong number of arguments for '${command}' command`)
  const key = argv[1]!
  const limits = server.config.values
  const before = db.getObjectForWrite<HashValue>(key, 'hash')
  const hash = before ?? new HashValue()
  hash.prepareFor(argv, 2, argv.length - 1, limits)
  let added = 0
  for (let i = 2; i < argv.length; i += 2) if (hash.set(argv[i]!, argv[i + 1]!, limits)) added++
  keep(db, key, hash, before === undefined, 'hset')
  return added
}

function hset(context: CommandContext, argv: string[]): void {
  context.reply.integer(setFields(context, argv, 'hset'))
}

function hmset(context: CommandContext, argv: string[]): void {
  setFields(context, argv, 'hmset')
  context.reply.ok()
}

function hsetnx({db, reply, server}: CommandContext, argv: string[]): void {
  const [, key, field, value] = argv as [string, string, string, string]
  const before = db.getObjectForWrite<HashValue>(key, 'hash')
  if (before?.has(field)) {
    reply.integer(0)
    return
  }
  const hash = before ?? new HashValue()
  hash.set(field, value, server.config.values)
  keep(db, key, hash, before === undefined, 'hset')
  reply.integer(1)
}

function hdel({db, reply}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const hash = db.getObjectForWrite<HashValue>(key, 'hash')
  let removed = 0
  if (hash !== undefined) for (let i = 2; i < argv.length; i++) if (hash.delete(argv[i]!)) removed++
  if (removed > 0) {
    db.touched(key)
    db.notify(NOTIFY_HASH, 'hdel', key)
    if (hash!.size === 0) db.deleteEmptied(key)
  }
  reply.integer(removed)
}

function hget({db, reply}: CommandContext, argv: string[]): void {
  reply.bulkOrNil(db.getObject<HashValue>(argv[1]!, 'hash')?.get(argv[2]!))
}

function hmget({db, reply}: CommandContext, argv: string[]): void {
  const hash = db.getObject<HashValue>(argv[1]!, 'hash')
  reply.array(argv.length - 2)
  for (let i = 2; i < argv.length; i++) reply.bulkOrNil(hash?.get(argv[i]!))
}

function hexists({db, reply}: CommandContext, argv: string[]): void {
  const hash = db.getObject<HashValue>(argv[1]!, 'hash')
  reply.integer(hash?.has(argv[2]!) ? 1 : 0)
}

function hstrlen({db, reply}: CommandContext, argv: string[]): void {
  reply.integer(db.getObject<HashValue>(argv[1]!, 'hash')?.get(argv[2]!)?.length ?? 0)
}

function hlen({db, reply}: CommandContext, argv: string[]): void {
  reply.integer(db.getObject<HashValue>(argv[1]!, 'hash')?.size ?? 0)
}

export const fieldCommands: readonly Command[] = [
  defineCommand({...HASH.hset, run: hset}),
  defineCommand({...HASH.hmset, run: hmset}),
  defineCommand({...HASH.hsetnx, run: hsetnx}),
  defineCommand({...HASH.hdel, run: hdel}),
  defineCommand({...HASH.hget, run: hget}),
  defineCommand({...HASH.hmget, run: hmget}),
  defineCommand({...HASH.hexists, run: hexists}),
  defineCommand({...HASH.hstrlen, run: hstrlen}),
  defineCommand({...HASH.hlen, run: hlen}),
]
