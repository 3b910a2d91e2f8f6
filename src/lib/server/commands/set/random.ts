import type {Rng} from '../../../kernel/rng.js'
import {NOTIFY_GENERIC, NOTIFY_SET} from '../../keyspace/notifications.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {SetValue} from '../../values/set/set-value.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {chooseDistinct, requirePositive, requireSignedCount} from '../random-count.js'
import {SET} from './facts.js'

/** Members by chance. */

/** With so many times more to take than to leave, the few that stay are moved into a new set. */
const TAKEN_PER_LEFT = 5

function spop(context: CommandContext, argv: string[]): void {
  if (argv.length > 3) throw new ReplyError(SYNTAX_ERROR)
  if (argv.length === 3) {
    spopCount(context, argv[1]!, requirePositive(argv[2]!))
    return
  }
  const {db, reply, server} = context
  const key = argv[1]!
  const set = db.getObjectForWrite<SetValue>(key, 'set')
  if (set === undefined) {
    reply.nil()
    return
  }
  const place = server.rng.below(set.size)
  const member = set.at(place)
  set.removeAt(place)
  db.touched(key)
  server.state.propagation.instead(db.index, ['SREM', key, member])
  db.notify(NOTIFY_SET, 'spop', key)
  if (set.size === 0) db.deleteEmptied(key)
  reply.bulk(member)
}

function spopCount({db, reply, server}: CommandContext, key: string, count: number): void {
  const set = db.getObjectForWrite<SetValue>(key, 'set')
  if (set === undefined || count === 0) {
    reply.set(0)
    return
  }
  const left = set.size - count
  db.notify(NOTIFY_SET, 'spop', key)
  if (left <= 0) {
    const members = set.members()
    reply.set(members.length)
    reply.texts(members)
    db.delete(key)
    server.state.propagation.instead(db.index, ['DEL', key])
    db.notify(NOTIFY_GENERIC, 'del', key)
    return
  }
  const {propagation} = server.state
  propagation.instead(db.index)
  reply.set(count)
  if (left * TAKEN_PER_LEFT > count) {
    for (let i = 0; i < count; i++) {
      const place = server.rng.below(set.size)
      const member = set.at(place)
      reply.bulk(member)
      propagation.also(db.index, ['SREM', key, member])
      set.removeAt(place)
    }
    db.touched(key)
    return
  }
  const staying = takeOut(set, left, server.rng, server.config.values.setMaxIntsetEntries)
  const taken = set.members()
  reply.texts(taken)
  if (propagation.isOn) for (const member of taken) propagation.also(db.index, ['SREM', key, member])
  db.put(key, staying)
}

/** A new set of `count` members, which leave `set`; it is packed if it can be, as redis-server's is. */
function takeOut(set: SetValue, count: number, rng: Rng, intsetMax: number): SetValue {
  let taken: SetValue | undefined
  for (let i = 0; i < count; i++) {
    const place = rng.below(set.size)
    const member = set.at(place)
    set.removeAt(place)
    taken ??= SetValue.for(member)
    taken.add(member, intsetMax)
  }
  return taken!
}

function srandmember(context: CommandContext, argv: string[]): void {
  if (argv.length > 3) throw new ReplyError(SYNTAX_ERROR)
  const {db, reply, server} = context
  if (argv.length === 3) {
    srandmemberCount(context, argv[1]!, requireSignedCount(argv[2]!))
    return
  }
  const set = db.getObject<SetValue>(argv[1]!, 'set')
  if (set === undefined) reply.nil()
  else reply.bulk(set.at(server.rng.below(set.size)))
}

function srandmemberCount({db, reply, server}: CommandContext, key: string, count: number): void {
  const set = db.getObject<SetValue>(key, 'set')
  const size = set?.size ?? 0
  if (set === undefined || count === 0) {
    reply.array(0)
  } else if (count < 0) {
    reply.array(-count)
    for (let i = 0; i < -count; i++) reply.bulk(set.at(server.rng.below(size)))
  } else if (count >= size) {
    reply.bulks(set.members())
  } else {
    reply.array(count)
    for (const place of chooseDistinct(server.rng, size, count)) reply.bulk(set.at(place))
  }
}

export const randomMemberCommands: readonly Command[] = [
  defineCommand({...SET.spop, run: spop}),
  defineCommand({...SET.srandmember, run: srandmember}),
]
