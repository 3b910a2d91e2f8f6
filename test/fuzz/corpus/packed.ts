import type {Rng} from '../../../src/lib/kernel/rng.js'
import {encodeListpack} from '../../../src/lib/protocol/rdb/listpack.js'
import {extremeDecimal, mutateOnce, randomBytes} from '../mutate.js'

/** Elements, and the blobs that hold them: those of today and those that old versions wrote. Text is binary (latin1). */

const {fromCharCode} = String
/** Few, so that some come twice. */
const WORDS = ['a', 'b', 'c', 'f', 'field', 'v', 'x', '', '0', '1', '-1', '42', 'HYLL']

export function element(rng: Rng): string {
  switch (rng.below(10)) {
    case 0:
      return extremeDecimal(rng)
    case 1:
      return String(rng.below(70_000) - 35_000)
    case 2:
      return String(BigInt.asIntN(64, (BigInt(rng.uint32()) << 32n) | BigInt(rng.uint32())) >> BigInt(rng.below(60)))
    case 3:
      return randomBytes(rng, rng.below(20))
    case 4:
      return 'ab'.repeat(rng.below(50))
    case 5:
      // Where the heads of strings change their width; now and then where back-lengths do.
      return 'y'.repeat(
        rng.chance(0.05) ? rng.pick([4095, 4096, 16_379, 16_380]) : rng.pick([62, 63, 64, 125, 126, 253, 254, 255]),
      )
    default:
      return rng.pick(WORDS)
  }
}

export function elements(rng: Rng, count = rng.below(8)): string[] {
  return Array.from({length: count}, () => element(rng))
}

/** All different. */
export function differentElements(rng: Rng): string[] {
  return [...new Set(elements(rng, 1 + rng.below(8)))]
}

/** In one of some hundred: what is at hand with a change. */
export function noisy(rng: Rng, bytes: string, chance: number): string {
  return rng.chance(chance) ? mutateOnce(rng, bytes) : bytes
}

export function littleEndian(value: number | bigint, width: number): string {
  let text = ''
  let rest = BigInt.asUintN(64, BigInt(value))
  for (let i = 0; i < width; i++) {
    text += fromCharCode(Number(rest & 0xffn))
    rest >>= 8n
  }
  return text
}

/** A listpack, as a rule with a count; the header saturates now and then. */
export function listpack(rng: Rng, items: readonly string[]): string {
  const bytes = encodeListpack(items)
  return rng.chance(0.02) ? `${bytes.slice(0, 4)}\xff\xff${bytes.slice(6)}` : bytes
}

export function ziplist(rng: Rng, items: readonly string[]): string {
  let body = ''
  let before = 0
  let tail = 10
  for (const [index, item] of items.entries()) {
    if (index > 0) tail += before
    const link = before < 254 && !rng.chance(0.02) ? fromCharCode(before) : `\xfe${littleEndian(before, 4)}`
    const entry = link + ziplistBody(item)
    before = entry.length
    body += entry
  }
  return `${littleEndian(body.length + 11, 4)}${littleEndian(tail, 4)}${littleEndian(items.length, 2)}${body}\xff`
}

function ziplistBody(text: string): string {
  if (/^-?(?:0|[1-9]\d{0,17})$/.test(text) && text !== '-0') {
    const value = BigInt(text)
    if (value >= 0n && value <= 12n) return fromCharCode(0xf1 + Number(value))
    for (const [head, width] of [
      [0xfe, 1],
      [0xc0, 2],
      [0xf0, 3],
      [0xd0, 4],
      [0xe0, 8],
    ] as const) {
      if (BigInt.asIntN(width * 8, value) === value) return fromCharCode(head) + littleEndian(value, width)
    }
  }
  const {length} = text
  if (length < 64) return fromCharCode(length) + text
  if (length < 16_384) return fromCharCode(0x40 | (length >> 8), length & 0xff) + text
  return `\x80${[...littleEndian(length, 4)].reverse().join('')}${text}`
}

/** @param pairs - field, value, field, value, ... */
export function zipmap(rng: Rng, pairs: readonly string[]): string {
  const length = (text: string) =>
    text.length < 254 ? fromCharCode(text.length) : `\xfe${littleEndian(text.length, 4)}`
  let body = ''
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const free = rng.chance(0.1) ? rng.below(5) : 0
    body +=
      length(pairs[i]!) + pairs[i]! + length(pairs[i + 1]!) + fromCharCode(free) + pairs[i + 1]! + '\0'.repeat(free)
  }
  return `${fromCharCode(Math.min(254, pairs.length >> 1))}${body}\xff`
}

export function intset(rng: Rng): string {
  const width = rng.pick([2, 4, 8])
  const drawn = Array.from({length: 1 + rng.below(8)}, () => {
    const bits = (BigInt(rng.uint32()) << 32n) | BigInt(rng.uint32())
    return BigInt.asIntN(width * 8, bits >> BigInt(rng.chance(0.5) ? 64 - width * 4 : 0))
  })
  const sorted = [...new Set(drawn)].sort((a, b) => (a < b ? -1 : 1))
  return `${littleEndian(width, 4)}${littleEndian(sorted.length, 4)}${sorted.map((one) => littleEndian(one, width)).join('')}`
}

/** The elements of a stream's node: what is counted is counted right, unless `wrong` hits. */
export function streamNode(rng: Rng, firstDelta: number): {readonly items: string[]; readonly live: number} {
  const fields = elements(rng, rng.below(3))
  const body: string[] = []
  let live = 0
  let deleted = 0
  let ms = firstDelta
  for (let left = 1 + rng.below(4); left > 0; left--) {
    const isDeleted = rng.chance(0.2)
    const isSame = rng.chance(0.6)
    if (isDeleted) deleted++
    else live++
    body.push(String((isDeleted ? 1 : 0) | (isSame ? 2 : 0)), String(ms), String(rng.below(3)))
    const own = isSame ? elements(rng, fields.length) : elements(rng, 2 * rng.below(3))
    if (isSame) body.push(...own, String(3 + fields.length))
    else body.push(String(own.length / 2), ...own, String(4 + own.length))
    ms += 1 + rng.below(5)
  }
  const items = [String(live), String(deleted), String(fields.length), ...fields, '0', ...body]
  return {items, live}
}
