import type {ReplyWriter} from '../../reply.js'
import type {Command} from '../command.js'
import type {BeginSearch, FindKeys, KeySpec} from '../key-spec.js'

/** A set of status replies: Redis's form for flags and categories. */
export function statusSet(reply: ReplyWriter, items: readonly string[]): void {
  reply.set(items.length)
  for (const item of items) reply.simple(item)
}

type SpecFields = readonly (readonly [name: string, value: number | string])[]

function beginFields(begin: BeginSearch): SpecFields {
  switch (begin.type) {
    case 'index':
      return [['index', begin.index]]
    case 'keyword':
      return [
        ['keyword', begin.keyword],
        ['startfrom', begin.startFrom],
      ]
    default:
      return []
  }
}

function findFields(find: FindKeys): SpecFields {
  switch (find.type) {
    case 'range':
      return [
        ['lastkey', find.lastKey],
        ['keystep', find.step],
        ['limit', find.limit],
      ]
    case 'keynum':
      return [
        ['keynumidx', find.countIndex],
        ['firstkey', find.firstKey],
        ['keystep', find.step],
      ]
    default:
      return []
  }
}

function writeStep(reply: ReplyWriter, name: string, type: string, fields: SpecFields): void {
  reply.bulk(name)
  reply.map(2)
  reply.bulk('type')
  reply.bulk(type)
  reply.bulk('spec')
  reply.map(fields.length)
  for (const [field, value] of fields) {
    reply.bulk(field)
    if (typeof value === 'number') reply.integer(value)
    else reply.bulk(value)
  }
}

function writeKeySpec(reply: ReplyWriter, {begin, find, flags, notes}: KeySpec): void {
  reply.map(notes === undefined ? 3 : 4)
  if (notes !== undefined) {
    reply.bulk('notes')
    reply.bulk(notes)
  }
  reply.bulk('flags')
  statusSet(reply, flags)
  writeStep(reply, 'begin_search', begin.type, beginFields(begin))
  writeStep(reply, 'find_keys', find.type, findFields(find))
}

/** One element of COMMAND and COMMAND INFO: ten fields, subcommands in the same form. */
export function writeCommandInfo(reply: ReplyWriter, command: Command): void {
  const {acl, arity, flags, fullName, keys, range, subcommands, tips} = command
  reply.array(10)
  reply.bulk(fullName)
  reply.integer(arity)
  statusSet(reply, flags)
  reply.integer(range.first)
  reply.integer(range.last)
  reply.integer(range.step)
  statusSet(
    reply,
    acl.map((category) => `@${category}`),
  )
  reply.set(tips.length)
  for (const tip of tips) reply.bulk(tip)
  reply.set(keys.length)
  for (const spec of keys) writeKeySpec(reply, spec)
  reply.set(subcommands?.size ?? 0)
  for (const subcommand of subcommands?.values() ?? []) writeCommandInfo(reply, subcommand)
}
