import {requireInteger} from '../../arguments.js'
import {NOTIFY_LIST} from '../../keyspace/notifications.js'
import {NO_SUCH_KEY, ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {insertBeside} from '../../values/list/list-search.js'
import type {ListValue} from '../../values/list/list-value.js'
import {type Command, type CommandContext, type CommandHandler, defineCommand} from '../command.js'
import {newList, tellPushed} from './ends.js'
import {LIST} from './facts.js'

/** What adds elements or changes them: LPUSH and its like, LINSERT, LSET. */

function push({db, reply, server}: CommandContext, argv: string[], left: boolean, mustExist: boolean): void {
  const key = argv[1]!
  let list = db.getObjectForWrite<ListValue>(key, 'list')
  if (list === undefined) {
    if (mustExist) {
      reply.integer(0)
      return
    }
    list = newList(server, db, key)
  } else {
    db.touched(key)
  }
  for (let i = 2; i < argv.length; i++) {
    if (left) list.pushHead(argv[i]!)
    else list.pushTail(argv[i]!)
  }
  reply.integer(list.length)
  tellPushed(db, key, left)
}

const lpush: CommandHandler = (context, argv) => push(context, argv, true, false)
const rpush: CommandHandler = (context, argv) => push(context, argv, false, false)
const lpushx: CommandHandler = (context, argv) => push(context, argv, true, true)
const rpushx: CommandHandler = (context, argv) => push(context, argv, false, true)

function linsert({db, reply}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const where = argv[2]!.toLowerCase()
  if (where !== 'before' && where !== 'after') throw new ReplyError(SYNTAX_ERROR)
  const list = db.getObjectForWrite<ListValue>(key, 'list')
  if (list === undefined) {
    reply.integer(0)
  } else if (insertBeside(list, argv[3]!, argv[4]!, where === 'after')) {
    db.touched(key)
    db.notify(NOTIFY_LIST, 'linsert', key)
    reply.integer(list.length)
  } else {
    reply.integer(-1)
  }
}

function lset({db, reply}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const list = db.getObjectForWrite<ListValue>(key, 'list')
  if (list === undefined) throw new ReplyError(NO_SUCH_KEY)
  if (!list.set(requireInteger(argv[2]!), argv[3]!)) throw new ReplyError('ERR index out of range')
  db.touched(key)
  db.notify(NOTIFY_LIST, 'lset', key)
  reply.ok()
}

export const pushCommands: readonly Command[] = [
  defineCommand({...LIST.lpush, run: lpush}),
  defineCommand({...LIST.rpush, run: rpush}),
  defineCommand({...LIST.lpushx, run: lpushx}),
  defineCommand({...LIST.rpushx, run: rpushx}),
  defineCommand({...LIST.linsert, run: linsert}),
  defineCommand({...LIST.lset, run: lset}),
]
