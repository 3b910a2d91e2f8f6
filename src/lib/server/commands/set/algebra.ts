import type {Database} from '../../keyspace/database.js'
import {NOTIFY_GENERIC, NOTIFY_SET} from '../../keyspace/notifications.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {SetValue} from '../../values/set/set-value.js'
import {type Command, type CommandContext, type CommandHandler, defineCommand} from '../command.js'
import {countedKeys} from '../key-spec.js'
import {requirePositive} from '../random-count.js'
import {SET} from './facts.js'

/** Intersection, union and difference of sets. */

/** The sets at argv[first..last]; a key that is not there is undefined. @throws ReplyError WRONGTYPE for any of them */
function setsOf(db: Database, argv: readonly string[], first: number, last: number): (SetValue | undefined)[] {
  const sets: (SetValue | undefined)[] = []
  for (let i = first; i <= last; i++) sets.push(db.getObject<SetValue>(argv[i]!, 'set'))
  return sets
}

/** @param limit - no more than so many are wanted */
function intersection(sets: readonly (SetValue | undefined)[], limit = Number.POSITIVE_INFINITY): string[] {
  const found: string[] = []
  if (sets.includes(undefined)) return found
  const [smallest, ...others] = (sets as SetValue[]).slice().sort((a, b) => a.size - b.size)
  const {size} = smallest!
  for (let place = 0; place < size; place++) {
    const member = smallest!.at(place)
    let i = 0
    while (i < others.length && others[i]!.has(member)) i++
    if (i < others.length) continue
    found.push(member)
    if (found.length >= limit) break
  }
  return found
}

function union(sets: readonly (SetValue | undefined)[], intsetMax: number): SetValue {
  const result = new SetValue(true)
  for (const set of sets) {
    const size = set?.size ?? 0
    for (let place = 0; place < size; place++) result.add(set!.at(place), intsetMax)
  }
  return result
}

/**
 * The first set less the others. What redis-server estimates to be less work decides the way, and with it how the result
 * is kept: made by adding and removing, it may have become a table on the way.
 */
function difference(sets: readonly (SetValue | undefined)[], intsetMax: number): SetValue {
  const result = new SetValue(true)
  const [first, ...rest] = sets
  if (first === undefined) return result
  const others = rest.filter((set) => set !== undefined)
  if (others.includes(first)) return result
  let askWork = first.size
  let removeWork = first.size
  for (const set of others) {
    askWork += first.size
    removeWork += set.size
  }
  const {size} = first
  if (Math.floor(askWork / 2) <= removeWork) {
    // The biggest is the likeliest to have a member, and one that has it is enough.
    others.sort((a, b) => b.size - a.size)
    for (let place = 0; place < size; place++) {
      const member = first.at(place)
      if (!isInAny(others, member)) result.add(member, intsetMax)
    }
    return result
  }
  for (let place = 0; place < size; place++) result.add(first.at(place), intsetMax)
  for (const set of others) {
    for (let place = set.size - 1; place >= 0; place--) result.remove(set.at(place))
    if (result.size === 0) break
  }
  return result
}

function isInAny(sets: readonly SetValue[], member: string): boolean {
  for (const set of sets) if (set.has(member)) return true
  return false
}

function replySet({reply}: CommandContext, members: readonly string[]): void {
  reply.set(members.length)
  reply.texts(members)
}

/** @param command - its name is that of the event */
function store({db, reply}: CommandContext, key: string, set: SetValue, command: string): void {
  if (set.size > 0) {
    db.set(key, set)
    db.notify(NOTIFY_SET, command, key)
  } else if (db.drop(key)) db.notify(NOTIFY_GENERIC, 'del', key)
  reply.integer(set.size)
}

function sinter(context: CommandContext, argv: string[]): void {
  replySet(context, intersection(setsOf(context.db, argv, 1, argv.length - 1)))
}

function sinterstore(context: CommandContext, argv: string[]): void {
  const result = new SetValue(true)
  const intsetMax = context.server.config.values.setMaxIntsetEntries
  for (const member of intersection(setsOf(context.db, argv, 2, argv.length - 1))) result.add(member, intsetMax)
  store(context, argv[1]!, result, 'sinterstore')
}

function smembers(context: CommandContext, argv: string[]): void {
  replySet(context, context.db.getObject<SetValue>(argv[1]!, 'set')?.members() ?? [])
}

type Operation = typeof union

function showing(operation: Operation): CommandHandler {
  return (context, argv) => {
    const sets = setsOf(context.db, argv, 1, argv.length - 1)
    replySet(context, operation(sets, context.server.config.values.setMaxIntsetEntries).members())
  }
}

function storing(operation: Operation, command: string): CommandHandler {
  return (context, argv) => {
    const sets = setsOf(context.db, argv, 2, argv.length - 1)
    store(context, argv[1]!, operation(sets, context.server.config.values.setMaxIntsetEntries), command)
  }
}

const FIRST_KEY = 2

function sintercard({db, reply}: CommandContext, argv: string[]): void {
  const badNumber = 'ERR numkeys should be greater than 0'
  const keyCount = requirePositive(argv[1]!, badNumber)
  if (keyCount === 0) throw new ReplyError(badNumber)
  if (keyCount > argv.length - FIRST_KEY) {
    throw new ReplyError("ERR Number of keys can't be greater than number of args")
  }
  let limit = 0
  for (let i = FIRST_KEY + keyCount; i < argv.length; i += 2) {
    if (argv[i]!.toLowerCase() !== 'limit' || i + 1 === argv.length) throw new ReplyError(SYNTAX_ERROR)
    limit = requirePositive(argv[i + 1]!, "ERR LIMIT can't be negative")
  }
  const sets = setsOf(db, argv, FIRST_KEY, FIRST_KEY + keyCount - 1)
  reply.integer(intersection(sets, limit === 0 ? undefined : limit).length)
}

export const setAlgebraCommands: readonly Command[] = [
  defineCommand({...SET.sinter, run: sinter}),
  defineCommand({...SET.sinterstore, run: sinterstore}),
  defineCommand({...SET.sintercard, keyIndexes: countedKeys(1), run: sintercard}),
  defineCommand({...SET.smembers, run: smembers}),
  defineCommand({...SET.sunion, run: showing(union)}),
  defineCommand({...SET.sunionstore, run: storing(union, 'sunionstore')}),
  defineCommand({...SET.sdiff, run: showing(difference)}),
  defineCommand({...SET.sdiffstore, run: storing(difference, 'sdiffstore')}),
]
