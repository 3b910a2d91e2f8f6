import {NOTIFY_ZSET} from '../../keyspace/notifications.js'
import type {SortedSet} from '../../values/zset/sorted-set.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {SORTED_SET} from './facts.js'
import {writeScore} from './scored-reply.js'

function zcard({db, reply}: CommandContext, argv: string[]): void {
  reply.integer(db.getObject<SortedSet>(argv[1]!, 'zset')?.size ?? 0)
}

function zscore({db, reply}: CommandContext, argv: string[]): void {
  const score = db.getObject<SortedSet>(argv[1]!, 'zset')?.scoreOf(argv[2]!)
  if (score === undefined) reply.nil()
  else writeScore(reply, score)
}

function zmscore({db, reply}: CommandContext, argv: string[]): void {
  const zset = db.getObject<SortedSet>(argv[1]!, 'zset')
  reply.array(argv.length - 2)
  for (let i = 2; i < argv.length; i++) {
    const score = zset?.scoreOf(argv[i]!)
    if (score === undefined) reply.nil()
    else writeScore(reply, score)
  }
}

function zrank({db, reply}: CommandContext, argv: string[]): void {
  const rank = db.getObject<SortedSet>(argv[1]!, 'zset')?.rankOf(argv[2]!)
  if (rank === undefined) reply.nil()
  else reply.integer(rank)
}

function zrevrank({db, reply}: CommandContext, argv: string[]): void {
  const zset = db.getObject<SortedSet>(argv[1]!, 'zset')
  const rank = zset?.rankOf(argv[2]!)
  if (zset === undefined || rank === undefined) reply.nil()
  else reply.integer(zset.size - 1 - rank)
}

function zrem({db, reply}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const zset = db.getObjectForWrite<SortedSet>(key, 'zset')
  let removed = 0
  if (zset !== undefined) {
    for (let i = 2; i < argv.length && zset.size > 0; i++) if (zset.remove(argv[i]!)) removed++
    if (removed > 0) {
      db.touched(key)
      db.notify(NOTIFY_ZSET, 'zrem', key)
      if (zset.size === 0) db.deleteEmptied(key)
    }
  }
  reply.integer(removed)
}

export const memberCommands: readonly Command[] = [
  defineCommand({...SORTED_SET.zcard, run: zcard}),
  defineCommand({...SORTED_SET.zscore, run: zscore}),
  defineCommand({...SORTED_SET.zmscore, run: zmscore}),
  defineCommand({...SORTED_SET.zrank, run: zrank}),
  defineCommand({...SORTED_SET.zrevrank, run: zrevrank}),
  defineCommand({...SORTED_SET.zrem, run: zrem}),
]
