import {globMatch} from '../../config/glob.js'
import {NOTIFY_SET} from '../../keyspace/notifications.js'
import {ReplyError, WRONG_TYPE} from '../../reply-error.js'
import {SetValue} from '../../values/set/set-value.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {parseCursor, parseScanOptions, replyPage} from '../scan-arguments.js'
import {SET} from './facts.js'

/** Members are added, removed, asked for one by one, and walked through. */

function sadd({db, reply, server}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const intsetMax = server.config.values.setMaxIntsetEntries
  let set = db.getObjectForWrite<SetValue>(key, 'set')
  const isNew = set === undefined
  set ??= SetValue.for(argv[2]!)
  let added = 0
  for (let i = 2; i < argv.length; i++) if (set.add(argv[i]!, intsetMax)) added++
  if (isNew) db.put(key, set)
  else if (added > 0) db.touched(key)
  if (added > 0) db.notify(NOTIFY_SET, 'sadd', key)
  reply.integer(added)
}

function srem({db, reply}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const set = db.getObjectForWrite<SetValue>(key, 'set')
  let removed = 0
  if (set !== undefined) for (let i = 2; i < argv.length; i++) if (set.remove(argv[i]!)) removed++
  if (removed > 0) {
    db.touched(key)
    db.notify(NOTIFY_SET, 'srem', key)
    if (set!.size === 0) db.deleteEmptied(key)
  }
  reply.integer(removed)
}

function smove({db, reply, server}: CommandContext, argv: string[]): void {
  const [, from, to, member] = argv as [string, string, string, string]
  const source = db.getForWrite(from)
  const target = db.getForWrite(to)
  if (source === undefined) {
    reply.integer(0)
    return
  }
  if (!(source instanceof SetValue) || (target !== undefined && !(target instanceof SetValue))) {
    throw new ReplyError(WRONG_TYPE)
  }
  if (source === target) {
    reply.integer(source.has(member) ? 1 : 0)
    return
  }
  if (!source.remove(member)) {
    reply.integer(0)
    return
  }
  db.touched(from)
  db.notify(NOTIFY_SET, 'srem', from)
  if (source.size === 0) db.deleteEmptied(from)
  const taker = target ?? SetValue.for(member)
  const isAdded = taker.add(member, server.config.values.setMaxIntsetEntries)
  if (target === undefined) db.put(to, taker)
  else if (isAdded) db.touched(to)
  if (isAdded) db.notify(NOTIFY_SET, 'sadd', to)
  reply.integer(1)
}

function sismember({db, reply}: CommandContext, argv: string[]): void {
  const set = db.getObject<SetValue>(argv[1]!, 'set')
  reply.integer(set?.has(argv[2]!) ? 1 : 0)
}

function smismember({db, reply}: CommandContext, argv: string[]): void {
  const set = db.getObject<SetValue>(argv[1]!, 'set')
  reply.array(argv.length - 2)
  for (let i = 2; i < argv.length; i++) reply.integer(set?.has(argv[i]!) ? 1 : 0)
}

function scard({db, reply}: CommandContext, argv: string[]): void {
  reply.integer(db.getObject<SetValue>(argv[1]!, 'set')?.size ?? 0)
}

/** Members leave their place for lower ones only, so from the highest down none that stays is missed. */
function sscan({db, reply}: CommandContext, argv: string[]): void {
  const cursor = parseCursor(argv[2]!)
  const set = db.getObject<SetValue>(argv[1]!, 'set')
  if (set === undefined) {
    replyPage(reply, 0, [])
    return
  }
  const {count, pattern} = parseScanOptions(argv, 3, false)
  const {size} = set
  const end = cursor === 0 || set.isPacked ? size : Math.min(cursor, size)
  const begin = set.isPacked ? 0 : Math.max(0, end - count)
  const found: string[] = []
  for (let place = end - 1; place >= begin; place--) {
    const member = set.at(place)
    if (pattern === undefined || globMatch(pattern, member)) found.push(member)
  }
  replyPage(reply, begin, found)
}

export const memberCommands: readonly Command[] = [
  defineCommand({...SET.sadd, run: sadd}),
  defineCommand({...SET.srem, run: srem}),
  defineCommand({...SET.smove, run: smove}),
  defineCommand({...SET.sismember, run: sismember}),
  defineCommand({...SET.smismember, run: smismember}),
  defineCommand({...SET.scard, run: scard}),
  defineCommand({...SET.sscan, run: sscan}),
]
