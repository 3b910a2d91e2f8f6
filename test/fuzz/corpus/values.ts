import {readFileSync} from 'node:fs'
import type {Rng} from '../../../src/lib/kernel/rng.js'
import {crc64} from '../../../src/lib/protocol/crc64.js'
import {encodeLength, encodeString} from '../../../src/lib/protocol/rdb/string.js'
import {uint64Bytes} from '../../../src/lib/protocol/stream-id.js'
import {extremeByte, extremeDecimal, extremeNumber, mutated, randomBytes} from '../mutate.js'
import {
  differentElements,
  element,
  elements,
  intset,
  listpack,
  littleEndian,
  noisy,
  streamNode,
  ziplist,
  zipmap,
} from './packed.js'

/** Values as RDB and DUMP hold them: a type byte and what follows it. Text is binary (latin1). */

/** Of real redis-servers, without version and checksum. */
export const CAPTURED: readonly string[] = readFileSync(new URL('./redis-dumps.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => Buffer.from(line, 'hex').toString('latin1').slice(0, -10))

/** Version and checksum behind a value. @param version - what redis-server 7.0 writes, unless told */
export function sealed(value: string, version = 10): string {
  const body = `${value}${littleEndian(version, 2)}`
  return body + crc64(body)
}

const NOISE = 0.03

/** A length, seldom one that no payload could have. */
function length(rng: Rng, count: number): string {
  if (rng.chance(0.01)) return rng.pick(['\x80', '\x81', '']) + extremeNumber(rng)
  return rng.chance(0.03) ? `\x81${uint64Bytes(count)}` : encodeLength(count)
}

function string(rng: Rng, text: string): string {
  if (rng.chance(0.1)) return length(rng, text.length) + text
  return noisy(rng, encodeString(text, rng.chance(0.5)), NOISE / 3)
}

/** A blob in a string, with changes inside. */
function blob(rng: Rng, bytes: string): string {
  return string(rng, noisy(rng, bytes, NOISE * 5))
}

function binaryScore(rng: Rng): string {
  if (rng.chance(0.1)) return extremeNumber(rng, 8)
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(rng.pick([rng.below(50), 1.5, -0, 0, Number.POSITIVE_INFINITY, -1e300, 5e-324, 2 ** 53 + 2]))
  return bytes.toString('latin1')
}

function oldScore(rng: Rng): string {
  if (rng.chance(0.2)) return rng.pick(['\xfd', '\xfe', '\xff'])
  const text = textScore(rng)
  return String.fromCharCode(text.length) + text
}

function textScore(rng: Rng): string {
  return rng.chance(0.3) ? extremeDecimal(rng) : rng.pick(['0', '1', '2.5', '-17', '1e10', 'inf', '-inf', '0.1'])
}

const scored = (rng: Rng): string[] => differentElements(rng).flatMap((member) => [member, textScore(rng)])
const pairs = (rng: Rng): string[] => differentElements(rng).flatMap((field) => [field, element(rng)])

function each(rng: Rng, items: readonly string[], per = 1): string {
  return length(rng, items.length / per) + items.map((item) => string(rng, item)).join('')
}

const MAKERS: readonly (readonly [type: number, make: (rng: Rng) => string])[] = [
  [0, (rng) => string(rng, element(rng))],
  [1, (rng) => each(rng, elements(rng, 1 + rng.below(8)))],
  [2, (rng) => each(rng, differentElements(rng))],
  [3, (rng) => scores(rng, oldScore)],
  [4, (rng) => each(rng, pairs(rng), 2)],
  [5, (rng) => scores(rng, binaryScore)],
  [9, (rng) => blob(rng, zipmap(rng, pairs(rng)))],
  [10, (rng) => blob(rng, ziplist(rng, elements(rng)))],
  [11, (rng) => blob(rng, intset(rng))],
  [12, (rng) => blob(rng, ziplist(rng, scored(rng)))],
  [13, (rng) => blob(rng, ziplist(rng, pairs(rng)))],
  [14, (rng) => nodes(rng, () => blob(rng, ziplist(rng, elements(rng))))],
  [16, (rng) => blob(rng, listpack(rng, pairs(rng)))],
  [17, (rng) => blob(rng, listpack(rng, scored(rng)))],
  [18, (rng) => nodes(rng, () => container(rng))],
  [20, (rng) => blob(rng, listpack(rng, differentElements(rng)))],
  [15, (rng) => stream(rng, 1)],
  [19, (rng) => stream(rng, 2)],
  [21, (rng) => stream(rng, 3)],
]
const STREAMS = 3
/** Types that only later versions know; tools meet them. */
const LATER_TYPES = [6, 7, 22, 23, 24, 25]

function scores(rng: Rng, score: (rng: Rng) => string): string {
  const members = differentElements(rng)
  return length(rng, members.length) + members.map((member) => string(rng, member) + score(rng)).join('')
}

function nodes(rng: Rng, make: () => string): string {
  const count = 1 + rng.below(3)
  return length(rng, count) + Array.from({length: count}, make).join('')
}

function container(rng: Rng): string {
  if (rng.chance(0.2)) return `\x01${string(rng, element(rng))}`
  return `${rng.chance(0.02) ? extremeByte(rng) : '\x02'}${blob(rng, listpack(rng, elements(rng)))}`
}

const rawId = (ms: number, seq = 0): string => uint64Bytes(ms) + uint64Bytes(seq)
const time = (rng: Rng): string => (rng.chance(0.1) ? extremeNumber(rng, 8) : littleEndian(1_700_000_000_000, 8))

function stream(rng: Rng, version: 1 | 2 | 3): string {
  let live = 0
  const count = rng.below(4)
  let text = length(rng, count)
  for (let i = 0; i < count; i++) {
    const node = streamNode(rng, rng.pick([0, 0, 0, 1]))
    live += node.live
    const at = rng.below(node.items.length)
    if (rng.chance(NOISE * 2)) node.items[at] = element(rng)
    text += string(rng, rng.chance(0.02) ? randomBytes(rng, 16) : rawId(100 * (i + 1)))
    text += blob(rng, listpack(rng, node.items))
  }
  text += length(rng, live) + length(rng, rng.pick([1000, 0, 400])) + length(rng, rng.below(4))
  if (version > 1) {
    text += length(rng, rng.pick([100, 0])) + length(rng, 0) + length(rng, rng.below(300)) + length(rng, 0)
    text += length(rng, live + rng.below(3))
  }
  const groups = rng.below(3)
  text += length(rng, groups)
  for (let i = 0; i < groups; i++) text += group(rng, version, rng.chance(0.95) ? `g${i}` : 'g0')
  return text
}

function group(rng: Rng, version: 1 | 2 | 3, name: string): string {
  const pending = Array.from({length: rng.below(4)}, (_, i) => rawId(100 + i))
  let text = string(rng, name) + length(rng, rng.below(500)) + length(rng, 0)
  if (version > 1) text += rng.chance(0.3) ? '\x81\xff\xff\xff\xff\xff\xff\xff\xff' : length(rng, rng.below(5))
  text += length(rng, pending.length)
  for (const id of pending) text += id + time(rng) + length(rng, 1 + rng.below(3))
  const cut = rng.below(pending.length + 1)
  const shares = [pending.slice(0, cut), pending.slice(cut)]
  text += length(rng, shares.length)
  for (const [index, share] of shares.entries()) {
    text += string(rng, rng.chance(0.97) ? `c${index}` : 'c0') + time(rng) + (version === 3 ? time(rng) : '')
    text += length(rng, share.length) + share.join('')
  }
  return text
}

/** A value: captured or made, as it is or with something changed; or bytes nobody wrote. */
export function drawValue(rng: Rng): string {
  const kind = rng.below(100)
  if (kind < 30) return mutated(rng, rng.pick(CAPTURED), CAPTURED)
  if (kind >= 96) return String.fromCharCode(rng.pick([...MAKERS.map(([type]) => type), ...LATER_TYPES])) + noise(rng)
  const [type, make] = kind < 75 ? rng.pick(MAKERS) : MAKERS[MAKERS.length - 1 - rng.below(STREAMS)]!
  const value = String.fromCharCode(type) + make(rng)
  return rng.chance(0.3) ? mutated(rng, value, CAPTURED) : value
}

function noise(rng: Rng): string {
  const bytes = randomBytes(rng, rng.below(60))
  return rng.chance(0.5) ? encodeString(bytes, false) : bytes
}
