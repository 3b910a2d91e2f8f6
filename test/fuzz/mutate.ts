import type {Rng} from '../../src/lib/kernel/rng.js'

/** Bytes nobody wrote, and bytes somebody wrote with something changed. All text is binary (latin1). */

const {fromCharCode} = String

/** Where decoders change their minds: type bytes, tops of lengths, ends, signs. */
const BYTES = [0, 1, 2, 10, 13, 0x1f, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xc0, 0xc3, 0xe0, 0xf0, 0xf4, 0xfe, 0xff]
/** As 1, 2, 4 and 8 bytes, either end first. */
const NUMBERS = [
  ...[0n, 1n, 2n, 63n, 64n, 127n, 128n, 255n, 256n, 4096n, 16_383n, 16_384n, 32_767n, 65_535n, 65_536n],
  ...[
    2n ** 24n,
    2n ** 29n,
    2n ** 31n - 1n,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 53n,
    2n ** 63n - 1n,
    2n ** 63n,
    2n ** 64n - 1n,
  ],
]
const WIDTHS = [1, 2, 4, 8] as const
/** What text decoders compare with. */
const DECIMALS = [
  ...[
    '0',
    '-0',
    '-1',
    '1',
    '00',
    '+1',
    '1e3',
    '1e400',
    '-1e400',
    '.5',
    '5.',
    '0x10',
    'nan',
    'inf',
    '-inf',
    'infinity',
    '1e+21',
    '-1e+40',
    '1e21',
  ],
  ...['127', '128', '255', '256', '4095', '4096', '16383', '16384', '65535', '65536', '2147483647', '2147483648'],
  ...['4294967295', '4294967296', '9007199254740991', '9007199254740993', '9223372036854775807', '9223372036854775808'],
  ...['-9223372036854775808', '-9223372036854775809', '18446744073709551615', '18446744073709551616', '9'.repeat(40)],
]

export function randomBytes(rng: Rng, length: number): string {
  let text = ''
  for (let i = 0; i < length; i++) text += fromCharCode(rng.below(256))
  return text
}

export function extremeByte(rng: Rng): string {
  return fromCharCode(rng.chance(0.5) ? rng.pick(BYTES) : rng.below(256))
}

export function extremeDecimal(rng: Rng): string {
  return rng.chance(0.8) ? rng.pick(DECIMALS) : String(rng.uint32() - 2 ** 31)
}

/** An extreme number as bytes. */
export function extremeNumber(rng: Rng, width: number = rng.pick(WIDTHS)): string {
  let text = ''
  let rest = rng.pick(NUMBERS)
  for (let i = 0; i < width; i++) {
    text += fromCharCode(Number(rest & 0xffn))
    rest >>= 8n
  }
  return rng.chance(0.5) ? text : [...text].reverse().join('')
}

/** Some bytes exchanged for others at one place. */
function replaced(text: string, at: number, count: number, by: string): string {
  return text.slice(0, at) + by + text.slice(at + count)
}

/**
 * One change: a bit, a byte, a length, a piece that is lost, moved, doubled or from elsewhere.
 *
 * @param others - to take pieces from
 */
export function mutateOnce(rng: Rng, text: string, others: readonly string[] = []): string {
  const at = rng.below(text.length + 1)
  const span = 1 + rng.below(rng.chance(0.8) ? 4 : Math.max(1, text.length))
  switch (rng.below(11)) {
    case 0:
      return text === '' ? '' : replaced(text, at, 1, fromCharCode((text.charCodeAt(at) || 0) ^ (1 << rng.below(8))))
    case 1:
      return replaced(text, at, 1, extremeByte(rng))
    case 2:
      return replaced(text, at, 0, extremeByte(rng))
    case 3:
      return replaced(text, at, span, '')
    case 4:
      return text.slice(0, at)
    case 5: {
      const number = extremeNumber(rng)
      return replaced(text, at, number.length, number)
    }
    case 6:
      return replaced(text, at, 0, text.slice(at, at + span))
    case 7: {
      const other = others.length > 0 ? rng.pick(others) : text
      const from = rng.below(other.length + 1)
      return replaced(text, at, rng.below(span + 1), other.slice(from, from + span))
    }
    case 8:
      return nudged(rng, text, at)
    case 9:
      return withDecimal(rng, text, at)
    default:
      return replaced(text, at, span, randomBytes(rng, span > 64 ? 64 : span))
  }
}

/** A byte one more or less: counts that are off by one. */
function nudged(rng: Rng, text: string, at: number): string {
  if (at >= text.length) return text
  return replaced(text, at, 1, fromCharCode((text.charCodeAt(at) + (rng.chance(0.5) ? 1 : 255)) & 0xff))
}

/** The first number in digits from `at` on becomes an extreme one. */
function withDecimal(rng: Rng, text: string, at: number): string {
  const found = /-?\d+/.exec(text.slice(at, at + 200))
  if (found === null) return replaced(text, at, 0, extremeDecimal(rng))
  return replaced(text, at + found.index, found[0].length, extremeDecimal(rng))
}

/** As many changes as it takes; one is the most telling, none tests what is valid. */
export function mutated(rng: Rng, text: string, others: readonly string[] = []): string {
  let changed = text
  for (let changes = rng.pick([0, 1, 1, 1, 2, 2, 3, 5]); changes > 0; changes--) {
    changed = mutateOnce(rng, changed, others)
  }
  return changed
}

/** Cuts into chunks, few or many; together they are `bytes`. */
export function chunksOf(rng: Rng, bytes: Buffer): Buffer[] {
  const most = rng.pick([1, 3, 20, 200, 5000])
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + rng.below(most))
    chunks.push(bytes.subarray(at, end))
    at = end
  }
  return chunks
}
