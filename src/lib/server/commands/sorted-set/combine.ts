import {requireInteger} from '../../arguments.js'
import type {Database} from '../../keyspace/database.js'
import {ReplyError, SYNTAX_ERROR, WRONG_TYPE} from '../../reply-error.js'
import type {SetValue} from '../../values/set/set-value.js'
import {ScoredList, sortScored} from '../../values/zset/scored-list.js'
import type {SortedSet} from '../../values/zset/sorted-set.js'
import {type Command, type CommandContext, type CommandHandler, defineCommand} from '../command.js'
import {countedKeys} from '../key-spec.js'
import {requirePositive} from '../random-count.js'
import {requireDouble} from './add.js'
import {SORTED_SET} from './facts.js'
import {storeSorted} from './range.js'
import {writeScored} from './scored-reply.js'

type Operation = 'union' | 'inter' | 'diff'
type Aggregate = 'sum' | 'min' | 'max'

/** A sorted set or a set, whose members all have the score 1; or nothing. */
interface Source {
  readonly value: SortedSet | SetValue | undefined
  readonly size: number
  weight: number
}

interface CombineRequest {
  readonly sources: Source[]
  readonly aggregate: Aggregate
  readonly withScores: boolean
  /** Of ZINTERCARD; 0 = none. */
  readonly limit: number
}

function isAggregate(text: string): text is Aggregate {
  return text === 'sum' || text === 'min' || text === 'max'
}

function readSource(db: Database, key: string): Source {
  const value = db.get(key)
  if (value === undefined) return {size: 0, value, weight: 1}
  if (typeof value === 'string' || (value.type !== 'zset' && value.type !== 'set')) throw new ReplyError(WRONG_TYPE)
  const source = value as SortedSet | SetValue
  return {size: source.size, value: source, weight: 1}
}

/** What a command of this family takes after its keys. */
type Options = {readonly operation: Operation; readonly kind: 'show' | 'store' | 'count'}

/** @param at - of the number of keys in argv @throws ReplyError */
function parseCombine(db: Database, argv: readonly string[], at: number, {kind, operation}: Options): CombineRequest {
  const count = requireInteger(argv[at]!)
  if (count < 1) throw new ReplyError(`ERR at least 1 input key is needed for '${argv[0]!.toLowerCase()}' command`)
  const optionsAt = at + 1 + count
  if (optionsAt > argv.length) throw new ReplyError(SYNTAX_ERROR)
  const sources = argv.slice(at + 1, optionsAt).map((key) => readSource(db, key))
  let aggregate: Aggregate = 'sum'
  let withScores = false
  let limit = 0
  const takesWeights = operation !== 'diff' && kind !== 'count'
  for (let i = optionsAt; i < argv.length; i++) {
    const word = argv[i]!.toLowerCase()
    const left = argv.length - i - 1
    if (takesWeights && word === 'weights' && left >= count) {
      for (const source of sources) source.weight = requireDouble(argv[++i]!, 'ERR weight value is not a float')
    } else if (takesWeights && word === 'aggregate' && left >= 1) {
      const name = argv[++i]!.toLowerCase()
      if (!isAggregate(name)) throw new ReplyError(SYNTAX_ERROR)
      aggregate = name
    } else if (kind === 'show' && word === 'withscores') {
      withScores = true
    } else if (kind === 'count' && word === 'limit' && left >= 1) {
      limit = requirePositive(argv[++i]!, "ERR LIMIT can't be negative")
    } else {
      throw new ReplyError(SYNTAX_ERROR)
    }
  }
  return {aggregate, limit, sources, withScores}
}

function combined(aggregate: Aggregate, a: number, b: number): number {
  if (aggregate === 'min') return b < a ? b : a
  if (aggregate === 'max') return b > a ? b : a
  const sum = a + b
  // Infinity less infinity is 0 here.
  return Number.isNaN(sum) ? 0 : sum
}

/** Infinity times 0 is 0 here. */
function weighted(score: number, weight: number): number {
  const product = score * weight
  return Number.isNaN(product) ? 0 : product
}

function listOf({value}: Source): ScoredList {
  if (value?.type === 'zset') return value.list()
  const list = new ScoredList()
  if (value !== undefined) for (const member of value.members()) list.push(member, 1)
  return list
}

function scoreIn({value}: Source, member: string): number | undefined {
  if (value === undefined) return undefined
  if (value.type === 'zset') return value.scoreOf(member)
  return value.has(member) ? 1 : undefined
}

/** The order decides how sums are rounded. */
function bySize(sources: readonly Source[]): Source[] {
  return [...sources].sort((a, b) => a.size - b.size)
}

function union({aggregate, sources}: CombineRequest): ScoredList {
  const found = new Map<string, number>()
  for (const source of bySize(sources)) {
    const {members, scores} = listOf(source)
    for (let i = 0; i < members.length; i++) {
      const score = weighted(scores[i]!, source.weight)
      const before = found.get(members[i]!)
      found.set(members[i]!, before === undefined ? score : combined(aggregate, before, score))
    }
  }
  return listFrom(found)
}

function listFrom(found: ReadonlyMap<string, number>): ScoredList {
  const list = new ScoredList()
  for (const [member, score] of found) list.push(member, score)
  return list
}

function intersection({aggregate, limit, sources}: CombineRequest): ScoredList {
  const list = new ScoredList()
  const [smallest, ...others] = bySize(sources)
  const {members, scores} = listOf(smallest!)
  for (let i = 0; i < members.length; i++) {
    const member = members[i]!
    let score: number | undefined = weighted(scores[i]!, smallest!.weight)
    for (const other of others) {
      const its = scoreIn(other, member)
      // Infinity times 0 is nothing known here: a sum becomes 0 by it, of two the other one counts.
      score = its === undefined ? undefined : combined(aggregate, score, its * other.weight)
      if (score === undefined) break
    }
    if (score === undefined) continue
    list.push(member, score)
    if (list.size === limit) break
  }
  return list
}

function difference({sources}: CombineRequest): ScoredList {
  const list = new ScoredList()
  const [first, ...others] = sources
  const {members, scores} = listOf(first!)
  // Either every member is looked up everywhere, or everything else is gone through: as there is less to do.
  const lookups = members.length * others.length
  const rest = others.reduce((sum, {size}) => sum + size, 0)
  if (rest < lookups) {
    const left = new Map(members.map((member, i) => [member, scores[i]!]))
    for (const other of others) for (const member of listOf(other).members) left.delete(member)
    return listFrom(left)
  }
  for (let i = 0; i < members.length; i++) {
    if (!others.some((other) => scoreIn(other, members[i]!) !== undefined)) list.push(members[i]!, scores[i]!)
  }
  return list
}

const OPERATIONS: Readonly<Record<Operation, (request: CombineRequest) => ScoredList>> = {
  diff: difference,
  inter: intersection,
  union,
}

function showing(operation: Operation): CommandHandler {
  return ({db, reply}, argv) => {
    const request = parseCombine(db, argv, 1, {kind: 'show', operation})
    const list = OPERATIONS[operation](request)
    sortScored(list)
    writeScored(reply, list, request.withScores)
  }
}

function storing(operation: Operation, event: string): CommandHandler {
  return (context, argv) => {
    const request = parseCombine(context.db, argv, 2, {kind: 'store', operation})
    storeSorted(context, argv[1]!, OPERATIONS[operation](request), event)
  }
}

function zintercard({db, reply}: CommandContext, argv: string[]): void {
  reply.integer(intersection(parseCombine(db, argv, 1, {kind: 'count', operation: 'inter'})).size)
}

const keyIndexes = countedKeys(1)
const keysBehindTarget = countedKeys(2)

/** With a count that does not fit the target is no key either. */
function storedKeyIndexes(argv: readonly string[]): number[] {
  const sources = keysBehindTarget(argv)
  return sources.length === 0 ? [] : [1, ...sources]
}

export const combineCommands: readonly Command[] = [
  defineCommand({...SORTED_SET.zunion, keyIndexes, run: showing('union')}),
  defineCommand({...SORTED_SET.zinter, keyIndexes, run: showing('inter')}),
  defineCommand({...SORTED_SET.zdiff, keyIndexes, run: showing('diff')}),
  defineCommand({...SORTED_SET.zintercard, keyIndexes, run: zintercard}),
  defineCommand({...SORTED_SET.zunionstore, keyIndexes: storedKeyIndexes, run: storing('union', 'zunionstore')}),
  defineCommand({...SORTED_SET.zinterstore, keyIndexes: storedKeyIndexes, run: storing('inter', 'zinterstore')}),
  defineCommand({...SORTED_SET.zdiffstore, keyIndexes: storedKeyIndexes, run: storing('diff', 'zdiffstore')}),
]
