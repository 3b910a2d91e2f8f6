import {requireInteger} from '../../arguments.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {type Bytes, byteAt, countOnes, findInByte, skipBytes} from './bits.js'
import {BITMAP} from './facts.js'

/** BYTE or BIT. @throws ReplyError */
function requireIsBits(word: string): boolean {
  const unit = word.toLowerCase()
  if (unit !== 'bit' && unit !== 'byte') throw new ReplyError(SYNTAX_ERROR)
  return unit === 'bit'
}

function clamped(index: number, length: number): number {
  return Math.max(0, index < 0 ? length + index : index)
}

function bitcount({db, reply}: CommandContext, argv: string[]): void {
  const held = db.getBytes(argv[1]!)
  if (held === undefined) reply.integer(0)
  else if (argv.length === 2) reply.integer(countOnes(held, 0, held.length - 1))
  else if (argv.length === 4 || argv.length === 5) reply.integer(countRange(held, argv))
  else throw new ReplyError(SYNTAX_ERROR)
}

function countRange(held: Bytes, argv: readonly string[]): number {
  const given = {end: requireInteger(argv[3]!), start: requireInteger(argv[2]!)}
  if (given.start < 0 && given.end < 0 && given.start > given.end) return 0
  const inBits = argv.length === 5 && requireIsBits(argv[4]!)
  const length = inBits ? held.length * 8 : held.length
  const start = clamped(given.start, length)
  const end = Math.min(clamped(given.end, length), length - 1)
  if (start > end) return 0
  if (!inBits) return countOnes(held, start, end)
  const first = Math.floor(start / 8)
  const last = Math.floor(end / 8)
  const before = countOnesInByte(byteAt(held, first) & ~(0xff >> (start & 7)))
  const after = countOnesInByte(byteAt(held, last) & (0x7f >> (end & 7)))
  return countOnes(held, first, last) - before - after
}

function countOnesInByte(byte: number): number {
  let count = 0
  for (let rest = byte & 0xff; rest > 0; rest &= rest - 1) count++
  return count
}

function bitpos({db, reply}: CommandContext, argv: string[]): void {
  const bit = requireInteger(argv[2]!)
  if (bit !== 0 && bit !== 1) throw new ReplyError('ERR The bit argument must be 1 or 0.')
  const held = db.getBytes(argv[1]!)
  if (held === undefined) {
    reply.integer(bit === 1 ? -1 : 0)
    return
  }
  if (argv.length > 6) throw new ReplyError(SYNTAX_ERROR)
  const givenStart = argv.length > 3 ? requireInteger(argv[3]!) : 0
  const inBits = argv.length === 6 && requireIsBits(argv[5]!)
  const hasEnd = argv.length > 4
  const length = inBits ? held.length * 8 : held.length
  const givenEnd = hasEnd ? requireInteger(argv[4]!) : length - 1
  const start = clamped(givenStart, length)
  const end = Math.min(clamped(givenEnd, length), length - 1)
  if (start > end) {
    reply.integer(-1)
    return
  }
  const at = inBits ? findBit(held, bit, start, end) : findBit(held, bit, start * 8, end * 8 + 7)
  // Without an end the string counts as followed by zeros without end.
  reply.integer(at < 0 && bit === 0 && !hasEnd ? held.length * 8 : at)
}

/** The first bit of that value from bit `start` to bit `end`, both included; -1 if there is none. */
function findBit(held: Bytes, bit: number, start: number, end: number): number {
  const first = Math.floor(start / 8)
  const last = Math.floor(end / 8)
  const inFirst = findInByte(byteAt(held, first), bit, start & 7, first === last ? end & 7 : 7)
  if (inFirst >= 0) return first * 8 + inFirst
  if (first === last) return -1
  const index = skipBytes(held, bit === 1 ? 0 : 0xff, first + 1, last - 1)
  const found = findInByte(byteAt(held, index), bit, 0, index === last ? end & 7 : 7)
  return found < 0 ? -1 : index * 8 + found
}

export const countCommands: readonly Command[] = [
  defineCommand({...BITMAP.bitcount, run: bitcount}),
  defineCommand({...BITMAP.bitpos, run: bitpos}),
]
