import {parseLenientDouble} from '../../../protocol/double.js'
import {ReplyError} from '../../reply-error.js'
import type {SortedSet} from '../../values/zset/sorted-set.js'

/** The elements from rank `first` up to but without `end`; `first <= end`. */
export interface Window {
  readonly first: number
  readonly end: number
}

export const NOTHING: Window = {end: 0, first: 0}

/** What a command names of a sorted set. `reverse` matters only where members are asked for that have unequal scores. */
export type Interval = (zset: SortedSet, reverse: boolean) => Window

interface Bound {
  readonly value: number
  readonly isExclusive: boolean
}

const NOT_FLOATS = 'ERR min or max is not a float'
const NOT_STRINGS = 'ERR min or max not valid string range item'

function parseBound(text: string): Bound {
  const isExclusive = text.charCodeAt(0) === 40
  const value = parseLenientDouble(isExclusive ? text.slice(1) : text)
  if (value === undefined) throw new ReplyError(NOT_FLOATS)
  return {isExclusive, value}
}

/** `(1.5`, `-inf` ... @throws ReplyError */
export function scoreInterval(minText: string, maxText: string): Interval {
  const min = parseBound(minText)
  const max = parseBound(maxText)
  return (zset) => {
    const first = zset.countBefore(min.isExclusive ? (score) => score <= min.value : (score) => score < min.value)
    const end = zset.countBefore(max.isExclusive ? (score) => score < max.value : (score) => score <= max.value)
    return {end: Math.max(first, end), first}
  }
}

type LexBound = '-' | '+' | {readonly member: string; readonly isExclusive: boolean}

function parseLexBound(text: string): LexBound {
  const first = text[0]
  if (first === '(' || first === '[') return {isExclusive: first === '(', member: text.slice(1)}
  // Redis looks for the end of a C string behind the sign.
  if ((first === '-' || first === '+') && !(text.charCodeAt(1) > 0)) return first
  throw new ReplyError(NOT_STRINGS)
}

function isEmpty(min: LexBound, max: LexBound): boolean {
  if (min === '+' || max === '-') return min !== max
  if (min === '-' || max === '+') return false
  return min.member > max.member || (min.member === max.member && (min.isExclusive || max.isExclusive))
}

function reaches(min: LexBound, member: string): boolean {
  if (typeof min === 'string') return min === '-'
  return min.isExclusive ? member > min.member : member >= min.member
}

function staysWithin(max: LexBound, member: string): boolean {
  if (typeof max === 'string') return max === '+'
  return max.isExclusive ? member < max.member : member <= max.member
}

/** `[a`, `(b`, `-`, `+`: of sets whose scores are all equal; of others something, as in Redis. @throws ReplyError */
export function lexInterval(minText: string, maxText: string): Interval {
  const min = parseLexBound(minText)
  const max = parseLexBound(maxText)
  return (zset, reverse) => {
    const {size} = zset
    if (size === 0 || isEmpty(min, max)) return NOTHING
    if (!reaches(min, zset.slice(size - 1, 1).members[0]!)) return NOTHING
    if (!staysWithin(max, zset.slice(0, 1).members[0]!)) return NOTHING
    if (zset.isPacked) return walkLex(zset, min, max, reverse)
    const first = zset.countBefore((_score, member) => !reaches(min, member))
    const end = zset.countBefore((_score, member) => staysWithin(max, member))
    return {end: Math.max(first, end), first}
  }
}

/** From the end where reading begins as far as members fit: what unequal scores make of it is as in Redis. */
function walkLex(zset: SortedSet, min: LexBound, max: LexBound, reverse: boolean): Window {
  const {members} = zset.list()
  let first = 0
  let end = members.length
  if (reverse) {
    while (end > 0 && !staysWithin(max, members[end - 1]!)) end--
    first = end
    while (first > 0 && reaches(min, members[first - 1]!)) first--
  } else {
    while (first < end && !reaches(min, members[first]!)) first++
    end = first
    while (end < members.length && staysWithin(max, members[end]!)) end++
  }
  return {end, first}
}

/** Ranks from `start` to `stop`, both included; negative ones count from the end. */
export function rankInterval(start: number, stop: number): Interval {
  return ({size}, reverse) => {
    const from = Math.max(0, start < 0 ? start + size : start)
    const to = Math.min(size - 1, stop < 0 ? stop + size : stop)
    if (from > to) return NOTHING
    return reverse ? {end: size - from, first: size - 1 - to} : {end: to + 1, first: from}
  }
}
