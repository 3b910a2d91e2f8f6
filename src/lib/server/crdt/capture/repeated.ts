import {parseDouble} from '../../../protocol/double.js'
import {CH, NX, XX} from '../../commands/sorted-set/add.js'
import type {HashValue} from '../../values/hash/hash-value.js'
import type {SortedSet} from '../../values/zset/sorted-set.js'
import type {VisibleKey} from '../core/api.js'
import type {Unit} from './unit.js'

/**
 * Commands whose operations follow from what the client sent, not from what goes out of them: those that change nothing
 * here and are writes all the same, for an addition wins over a removal elsewhere; and those that go out as their result.
 */
export interface Repeated {
  /** What goes out of them, if anything. */
  readonly replaces: string
  readonly translate: (unit: Unit, argv: readonly string[]) => void
}

function sadd(unit: Unit, argv: readonly string[]): void {
  unit.writer(argv[1]!).addMembers(argv[1]!, argv.slice(2))
}

/** What grows a string without changing a bit is told nobody else; and a bit that is set is set, if it was so before or not. */
function bits(unit: Unit, argv: readonly string[]): void {
  const key = argv[1]!
  const value = unit.visible(key)
  if (typeof value !== 'string') return
  const isSet = argv.length === 4 || argv.some((word) => word.toLowerCase() === 'set')
  if (isSet || unit.look(key)?.text() !== value) unit.writer(key).setString(key, value)
}

/** The core rounds as all regions do: what is seen follows it. */
function incrbyfloat(unit: Unit, argv: readonly string[]): void {
  const key = argv[1]!
  unit.writer(key).addToString(key, {float: Number(argv[2])})
  const text = unit.look(key)?.text()
  if (text !== undefined && unit.visible(key) !== text) unit.db.putUntold(key, text)
}

function hincrbyfloat(unit: Unit, argv: readonly string[]): void {
  const [, key, field] = argv as [string, string, string]
  unit.writer(key).addToField(key, field, {float: Number(argv[3])})
  const text = unit.look(key)?.field(field)
  const hash = unit.visible(key) as HashValue
  if (text !== undefined && hash.get(field) !== text) hash.set(field, text, unit.server.config.values)
}

const [GT, LT, INCR] = [4, 8, 32]
const OPTION_BITS = new Map([
  ['ch', CH],
  ['gt', GT],
  ['incr', INCR],
  ['lt', LT],
  ['nx', NX],
  ['xx', XX],
])
const CODE_A = 65

/** @returns 0: it is none. Nearly always it is a number, which is told by its first character. */
function optionOf(word: string): number {
  return word.charCodeAt(0) < CODE_A ? 0 : (OPTION_BITS.get(word.toLowerCase()) ?? 0)
}

/** ZADD; GEOADD comes as ZADD, unless it changed nothing. */
function zadd(unit: Unit, argv: readonly string[]): void {
  let options = 0
  let at = 2
  for (let bit = optionOf(argv[at]!); bit !== 0; bit = optionOf(argv[++at]!)) options |= bit
  if ((options & INCR) !== 0) {
    increase(unit, argv[1]!, argv[at + 1]!, parseDouble(argv[at]!)!, options)
    return
  }
  const scored: (readonly [string, number])[] = []
  for (; at < argv.length; at += 2) scored.push([argv[at + 1]!, parseDouble(argv[at]!)!])
  setScores(unit, argv[1]!, scored, options)
}

/** Longitude, latitude, member. */
const TRIPLE = 3

/** The scores are what the positions came to. */
function geoadd(unit: Unit, argv: readonly string[]): void {
  const key = argv[1]!
  let options = 0
  let at = 2
  for (let bit = optionOf(argv[at]!); bit !== 0; bit = optionOf(argv[++at]!)) options |= bit
  const after = unit.visible(key) as SortedSet | undefined
  const scored: (readonly [string, number])[] = []
  for (at += TRIPLE - 1; at < argv.length; at += TRIPLE) scored.push([argv[at]!, after?.scoreOf(argv[at]!) ?? 0])
  setScores(unit, key, scored, options)
}

function setScores(unit: Unit, key: string, scored: readonly (readonly [string, number])[], options: number): void {
  const after = unit.visible(key) as SortedSet | undefined
  if (after === undefined) return
  if ((options & (NX | XX | GT | LT)) === 0) {
    unit.writer(key).setScores(key, scored)
    return
  }
  const before = unit.look(key)
  const written = scored.filter(([member, score]) => isWritten(before?.score(member), score, after, member, options))
  const kept = written.map(([member]) => [member, after.scoreOf(member)!] as const)
  if (kept.length > 0) unit.writer(key).setScores(key, kept)
}

function isWritten(
  before: number | undefined,
  given: number,
  after: SortedSet,
  member: string,
  options: number,
): boolean {
  if ((options & XX) !== 0 && before === undefined) return false
  if ((options & NX) !== 0 && before !== undefined) return false
  const isConditional = (options & (GT | LT)) !== 0
  return !isConditional || (after.scoreOf(member) === given && before !== given)
}

function increase(unit: Unit, key: string, member: string, by: number, options: number): void {
  const before = unit.look(key)?.score(member)
  if (before === undefined ? (options & XX) !== 0 : isRefused(before, before + by, options)) return
  unit.writer(key).addToScore(key, member, by)
  settleScore(unit, key, member, unit.look(key))
}

function isRefused(before: number, after: number, options: number): boolean {
  if ((options & NX) !== 0) return true
  return ((options & LT) !== 0 && after >= before) || ((options & GT) !== 0 && after <= before)
}

function settleScore(unit: Unit, key: string, member: string, shown: VisibleKey | undefined): void {
  const zset = unit.visible(key) as SortedSet
  const [seen, score] = [zset.scoreOf(member), shown?.score(member)]
  if (seen !== undefined && score !== undefined && seen !== score) zset.setScore(member, seen, score)
}

function zincrby(unit: Unit, argv: readonly string[]): void {
  increase(unit, argv[1]!, argv[3]!, parseDouble(argv[2]!)!, INCR)
}

export const REPEATED: ReadonlyMap<string, Repeated> = new Map([
  ['sadd', {replaces: 'sadd', translate: sadd}],
  ['incrbyfloat', {replaces: 'set', translate: incrbyfloat}],
  ['hincrbyfloat', {replaces: 'hset', translate: hincrbyfloat}],
  ['zadd', {replaces: 'zadd', translate: zadd}],
  ['geoadd', {replaces: 'zadd', translate: geoadd}],
  ['setbit', {replaces: 'setbit', translate: bits}],
  ['bitfield', {replaces: 'bitfield', translate: bits}],
  ['zincrby', {replaces: 'zincrby', translate: zincrby}],
  ['publish', {replaces: '', translate: (unit: Unit, argv: readonly string[]) => unit.publish(argv[1]!, argv[2]!)}],
])
