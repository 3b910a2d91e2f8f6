import type {Rng} from '../../kernel/rng.js'
import {INT64_MIN, parseInt64, requireInt64} from '../arguments.js'
import {ReplyError} from '../reply-error.js'

/** Counts of members wanted by chance, and the choice of them. */

/** No reply can be longer; the shortest a member takes in it is an empty bulk string. */
const REPLY_BYTES_MAX = 2 ** 29 - 2 ** 16
const MEMBER_BYTES_MIN = 6

/** Negative: members may come repeatedly. @throws ReplyError */
export function requireSignedCount(text: string): number {
  const count = requireInt64(text)
  if (count === INT64_MIN) {
    throw new ReplyError('ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807')
  }
  if (Number(count) * -MEMBER_BYTES_MIN > REPLY_BYTES_MAX) throw new ReplyError('ERR value is out of range')
  return Number(count)
}

/** 0 or more. @throws ReplyError that says so, whatever the text is */
export function requirePositive(text: string, message = 'ERR value is out of range, must be positive'): number {
  const value = parseInt64(text)
  if (value === undefined || value < 0) throw new ReplyError(message)
  return Number(value)
}

/** `count` different integers of 0..size-1, any choice as likely as any other. @param count - 0..size */
export function chooseDistinct(rng: Rng, size: number, count: number): number[] {
  return count * 3 > size ? shuffleSome(rng, size, count) : drawSome(rng, size, count)
}

/** The first of a shuffled pack. */
function shuffleSome(rng: Rng, size: number, count: number): number[] {
  const pack = new Uint32Array(size)
  for (let i = 0; i < size; i++) pack[i] = i
  const chosen: number[] = []
  for (let i = 0; i < count; i++) {
    const other = i + rng.below(size - i)
    chosen.push(pack[other]!)
    pack[other] = pack[i]!
  }
  return chosen
}

/** Draws until there are enough different ones: of each three draws two are new at least. */
function drawSome(rng: Rng, size: number, count: number): number[] {
  const chosen = new Set<number>()
  while (chosen.size < count) chosen.add(rng.below(size))
  return [...chosen]
}
