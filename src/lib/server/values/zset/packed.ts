import {isAt} from '../../../kernel/own-string.js'
import type {Before, ScoredList, ScoredMembers} from './scored-list.js'

/**
 * A small sorted set in one binary string, in order:
 *
 *   | score, 8 bytes | length of the member, 1 byte; 255: 4 more follow | member | score ...
 *
 * A score's bytes sort as the scores do: big-endian, the sign bit turned, all bits of a negative one turned. Every
 * operation walks over the string, as redis-server walks over its listpack. A change builds a new string by `join`, which
 * copies: what `+` gives holds on to all its parts. Negative zero becomes zero here, as it does there.
 */
export class PackedMembers implements ScoredMembers {
  private text: string
  private count: number

  constructor(text = '', count = 0) {
    this.text = text
    this.count = count
  }

  /** @param list - in order */
  static of({members, scores}: ScoredList): PackedMembers {
    const elements: string[] = []
    for (let i = 0; i < members.length; i++) elements.push(encodeElement(members[i]!, scores[i]!))
    return new PackedMembers(elements.join(''), elements.length)
  }

  get size(): number {
    return this.count
  }

  copy(): PackedMembers {
    return new PackedMembers(this.text, this.count)
  }

  scoreOf(member: string): number | undefined {
    const at = find(this.text, member)
    return at < 0 ? undefined : scoreAt(this.text, at)
  }

  add(member: string, score: number): void {
    const {text} = this
    const at = placeOf(text, member, score)
    this.text = [text.slice(0, at), encodeElement(member, score), text.slice(at)].join('')
    this.count++
  }

  setScore(member: string, _before: number, score: number): void {
    const {text} = this
    const from = find(text, member)
    const to = next(text, from)
    const at = placeOf(text, member, score)
    const element = encodeElement(member, score)
    this.text =
      at <= from
        ? [text.slice(0, at), element, text.slice(at, from), text.slice(to)].join('')
        : [text.slice(0, from), text.slice(to, at), element, text.slice(at)].join('')
  }

  remove(member: string): boolean {
    const {text} = this
    const at = find(text, member)
    if (at < 0) return false
    this.text = [text.slice(0, at), text.slice(next(text, at))].join('')
    this.count--
    return true
  }

  rankOf(member: string): number {
    const {text} = this
    const end = find(text, member)
    let rank = 0
    for (let at = 0; at < end; at = next(text, at)) rank++
    return rank
  }

  countBefore(before: Before): number {
    const {text} = this
    let count = 0
    for (let at = 0; at < text.length && before(scoreAt(text, at), memberAt(text, at)); at = next(text, at)) count++
    return count
  }

  slice(rank: number, count: number, list: ScoredList): void {
    const {text} = this
    let at = skip(text, 0, rank)
    for (let i = 0; i < count; i++) {
      list.push(memberAt(text, at), scoreAt(text, at))
      at = next(text, at)
    }
  }

  removeRange(rank: number, count: number): void {
    const {text} = this
    const from = skip(text, 0, rank)
    this.text = [text.slice(0, from), text.slice(skip(text, from, count))].join('')
    this.count -= count
  }

  sizeBytes(): number {
    return 64 + this.text.length
  }
}

const SCORE_BYTES = 8
const LONG = 255
const LONG_BYTES = 4

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)
/** Index of the word with the sign: the last one where numbers are little-endian. */
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0
const LOW = 1 - HIGH

const {fromCharCode} = String

/** Leaves the order-keeping form of a score in `words`. */
function spread(score: number): void {
  double[0] = score + 0
  const high = words[HIGH]!
  if (high >>> 31 === 1) {
    words[HIGH] = ~high
    words[LOW] = ~words[LOW]!
  } else {
    words[HIGH] = high ^ 0x8000_0000
  }
}

function encodeElement(member: string, score: number): string {
  spread(score)
  const high = words[HIGH]!
  const low = words[LOW]!
  const head = fromCharCode(
    high >>> 24,
    (high >>> 16) & 0xff,
    (high >>> 8) & 0xff,
    high & 0xff,
    low >>> 24,
    (low >>> 16) & 0xff,
    (low >>> 8) & 0xff,
    low & 0xff,
  )
  const {length} = member
  if (length < LONG) return head + fromCharCode(length) + member
  return head + fromCharCode(LONG, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff) + member
}

function wordAt(text: string, at: number): number {
  return (
    ((text.charCodeAt(at) << 24) |
      (text.charCodeAt(at + 1) << 16) |
      (text.charCodeAt(at + 2) << 8) |
      text.charCodeAt(at + 3)) >>>
    0
  )
}

function scoreAt(text: string, at: number): number {
  const high = wordAt(text, at)
  const low = wordAt(text, at + 4)
  if (high >>> 31 === 1) {
    words[HIGH] = high ^ 0x8000_0000
    words[LOW] = low
  } else {
    words[HIGH] = ~high
    words[LOW] = ~low
  }
  return double[0]!
}

function lengthAt(text: string, at: number): number {
  const length = text.charCodeAt(at + SCORE_BYTES)
  return length < LONG ? length : wordAt(text, at + SCORE_BYTES + 1)
}

function memberAt(text: string, at: number): string {
  const length = lengthAt(text, at)
  const start = startOf(at, length)
  return text.slice(start, start + length)
}

/** Where the member of the element at `at` begins. */
function startOf(at: number, length: number): number {
  return at + SCORE_BYTES + 1 + (length < LONG ? 0 : LONG_BYTES)
}

function next(text: string, at: number): number {
  const length = lengthAt(text, at)
  return startOf(at, length) + length
}

function skip(text: string, from: number, count: number): number {
  let at = from
  for (let i = 0; i < count; i++) at = next(text, at)
  return at
}

/** Where the element of that member is; -1 if nowhere. */
function find(text: string, member: string): number {
  const {length} = member
  for (let at = 0; at < text.length; ) {
    const found = lengthAt(text, at)
    const start = startOf(at, found)
    if (found === length && isAt(text, start, member)) return at
    at = start + found
  }
  return -1
}

/** Where a new element belongs. */
function placeOf(text: string, member: string, score: number): number {
  spread(score)
  const high = words[HIGH]!
  const low = words[LOW]!
  let at = 0
  while (at < text.length) {
    const otherHigh = wordAt(text, at)
    if (otherHigh > high) return at
    if (otherHigh === high) {
      const otherLow = wordAt(text, at + 4)
      if (otherLow > low || (otherLow === low && memberAt(text, at) > member)) return at
    }
    at = next(text, at)
  }
  return at
}
