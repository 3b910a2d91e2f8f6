import {mayReadAnyKey} from '../../acl/permissions.js'
import type {Database} from '../../keyspace/database.js'
import {NOTIFY_GENERIC, NOTIFY_LIST} from '../../keyspace/notifications.js'
import type {Value} from '../../keyspace/value.js'
import {ReplyError, WRONG_TYPE} from '../../reply-error.js'
import type {HashValue} from '../../values/hash/hash-value.js'
import {ListValue} from '../../values/list/list-value.js'
import type {SetValue} from '../../values/set/set-value.js'
import type {SortedSet} from '../../values/zset/sorted-set.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {SORT} from './sort-facts.js'
import {parseSortOptions, type SortOptions, sortKeyIndexes} from './sort-options.js'
import {byScore, byWeight, type Order, reversed, type Sorted, sortPage, sortScore} from './sort-order.js'

/** Whatever list-max-listpack-size says, the nodes of a stored result are of this size in Redis. */
const STORED_FILL = -2

type Sortable = ListValue | SetValue | SortedSet

/** @throws ReplyError WRONGTYPE */
function requireSortable(value: Value | undefined): Sortable | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' || (value.type !== 'list' && value.type !== 'set' && value.type !== 'zset')) {
    throw new ReplyError(WRONG_TYPE)
  }
  return value as Sortable
}

function sizeOf(value: Sortable): number {
  return value.type === 'list' ? value.length : value.size
}

/** Elements from..from+count-1 in their own order. */
function elementsOf(value: Sortable, from: number, count: number): string[] {
  switch (value.type) {
    case 'list':
      return value.range(from, count)
    case 'set':
      return value.members().slice(from, from + count)
    case 'zset':
      return [...value.slice(from, count).members]
  }
}

/** The own order of the elements, or its reverse. A set has none, so DESC says nothing about it. */
function unsorted(value: Sortable, isDescending: boolean, start: number, end: number): string[] {
  if (!isDescending || value.type === 'set') return elementsOf(value, start, end - start)
  return elementsOf(value, sizeOf(value) - end, end - start).reverse()
}

/**
 * What the key of a pattern holds, `*` being the element: `weight_*`, `object_*->field`; `#` is the element itself.
 *
 * @returns undefined if there is no such string
 */
function lookUp(db: Database, pattern: string, element: string): string | undefined {
  if (pattern === '#') return element
  const star = pattern.indexOf('*')
  if (star < 0) return undefined
  const arrow = pattern.indexOf('->', star + 1)
  const hasField = arrow >= 0 && arrow + 2 < pattern.length
  const key = pattern.slice(0, star) + element + pattern.slice(star + 1, hasField ? arrow : undefined)
  const value = db.get(key)
  if (!hasField) return typeof value === 'string' ? value : undefined
  if (value === undefined || typeof value === 'string' || value.type !== 'hash') return undefined
  return (value as HashValue).get(pattern.slice(arrow + 2))
}

function weighed(db: Database, elements: readonly string[], {by, isAlpha}: SortOptions): Sorted[] {
  let isRefused = false
  const items = elements.map((element) => {
    const weight = by === undefined ? element : lookUp(db, by, element)
    const score = isAlpha || weight === undefined ? 0 : sortScore(weight)
    isRefused ||= score === undefined
    return {element, score: score ?? 0, weight}
  })
  // Not before all keys have been looked up: misses are told, and what has run out is deleted.
  if (isRefused) throw new ReplyError("ERR One or more scores can't be converted into double")
  return items
}

function sortedElements(db: Database, value: Sortable, options: SortOptions): string[] {
  const size = sizeOf(value)
  const start = Math.min(Math.max(options.offset, 0), size)
  const end = options.count < 0 ? size : Math.min(size, start + options.count)
  // Which elements of a set come first must not depend on chance where it is kept.
  const isForced = options.isUnsorted && options.store !== undefined && value.type === 'set'
  if (options.isUnsorted && !isForced) return unsorted(value, options.isDescending, start, end)
  const how = isForced ? {...options, by: undefined, isAlpha: true} : options
  const items = weighed(db, elementsOf(value, 0, size), how)
  const order: Order = how.isAlpha ? byWeight : byScore
  return sortPage(items, how.isDescending ? reversed(order) : order, start, end).map(({element}) => element)
}

function store(context: CommandContext, key: string, results: readonly (string | undefined)[]): void {
  const {db, reply} = context
  if (results.length > 0) {
    const elements = results.map((result) => result ?? '')
    db.set(key, ListValue.of(elements, STORED_FILL))
    db.notify(NOTIFY_LIST, 'sortstore', key)
  } else if (db.drop(key)) {
    db.notify(NOTIFY_GENERIC, 'del', key)
  }
  reply.integer(results.length)
}

function sort(context: CommandContext, argv: string[], mayStore: boolean): void {
  const {client, db, reply, server} = context
  const options = parseSortOptions(argv, mayStore, {
    isCluster: server.isCluster,
    isDenied: () => !mayReadAnyKey(client.account, server.findCommand(argv)!, argv),
  })
  const value = requireSortable(db.get(argv[1]!))
  // Redis sorts no packed ones; OBJECT ENCODING tells of it.
  if (value?.type === 'zset') value.unpack()
  const elements = value === undefined ? [] : sortedElements(db, value, options)
  const {get} = options
  const results: (string | undefined)[] =
    get.length === 0 ? elements : elements.flatMap((element) => get.map((pattern) => lookUp(db, pattern, element)))
  if (options.store !== undefined) {
    store(context, options.store, results)
    return
  }
  reply.array(results.length)
  for (const result of results) reply.bulkOrNil(result)
}

export const sortCommands: readonly Command[] = [
  defineCommand({...SORT.sort, keyIndexes: sortKeyIndexes, run: (context, argv) => sort(context, argv, true)}),
  defineCommand({...SORT.sort_ro, keyIndexes: () => [1], run: (context, argv) => sort(context, argv, false)}),
]
