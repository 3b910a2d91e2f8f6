import type {Rng} from '../../../src/lib/kernel/rng.js'
import {mixedCase, some} from './harness.js'

/** Random commands on bits and bit fields, of strings short and long. */
type Make = (rng: Rng) => string[]

const ODD = ['x', '', '-1', '01', '4294967296', '9223372036854775807', '9223372036854775808', '-9223372036854775808']
const TEXTS = ['', 'foobar', '\0\0\0', '\xff\xff\xff', '\xff\xf0\x00', '\x00\x0f\xff', 'x'.repeat(40), '12345', '-7']
const LONG = ['\xff'.repeat(5000), `${'\0'.repeat(4200)}\x01`, 'ab'.repeat(2100)]

const key = (rng: Rng): string => (rng.chance(0.02) ? 'l' : `k${rng.below(6)}`)
const odd = (rng: Rng, usual: () => number): string => (rng.chance(0.04) ? rng.pick(ODD) : String(usual()))
/** About half of the strings stay shorter than what is changed by copying. */
const offset = (rng: Rng): string => odd(rng, () => rng.below(rng.chance(0.1) ? 50_000 : 120))
const index = (rng: Rng): string => odd(rng, () => rng.below(60) - 30)
const bit = (rng: Rng): string => (rng.chance(0.05) ? rng.pick(['2', 'x', '-1']) : String(rng.below(2)))
const unit = (rng: Rng): string => mixedCase(rng, rng.pick(['BIT', 'BYTE', 'BIT', 'BYTE', 'FOO']))

const type = (rng: Rng): string =>
  rng.chance(0.04)
    ? rng.pick(['u64', 'i65', 'u0', 'i0', 'x8', 'U8', 'u', 'u-1'])
    : rng.pick(['u1', 'u2', 'i5', 'u8', 'i8', 'u31', 'u32', 'i32', 'u33', 'i33', 'u53', 'i54', 'u63', 'i63', 'i64'])

const given = (rng: Rng): string =>
  rng.pick(['0', '1', '-1', '3', '-3', '100', '-100', '255', '4294967295', '-2147483648', ...ODD.slice(3)])

const fieldOffset = (rng: Rng): string => (rng.chance(0.3) ? `#${rng.below(9)}` : offset(rng))

function fieldOperation(rng: Rng): string[] {
  switch (rng.below(4)) {
    case 0:
      return ['GET', type(rng), fieldOffset(rng)]
    case 1:
      return ['set', type(rng), fieldOffset(rng), given(rng)]
    case 2:
      return ['INCRBY', type(rng), fieldOffset(rng), given(rng)]
    default:
      return ['OVERFLOW', mixedCase(rng, rng.pick(['WRAP', 'SAT', 'FAIL', 'SAT', 'FAIL', 'FOO']))]
  }
}

const operations = (rng: Rng): string[] => Array.from({length: rng.below(5)}, () => fieldOperation(rng)).flat()

export const BITMAPS: readonly Make[] = [
  (rng) => ['SETBIT', key(rng), offset(rng), bit(rng)],
  (rng) => ['SETBIT', key(rng), offset(rng), bit(rng)],
  (rng) => ['GETBIT', key(rng), offset(rng)],
  (rng) => ['BITCOUNT', key(rng), ...some(rng, ['1', '2', 'BIT'], 2)],
  (rng) => ['BITCOUNT', key(rng), index(rng), index(rng)],
  (rng) => ['BITCOUNT', key(rng), index(rng), index(rng), unit(rng)],
  (rng) => ['BITPOS', key(rng), bit(rng), ...some(rng, ['0', '1', '2', '-1', '-5', 'BIT', 'x'], 4)],
  (rng) => ['BITPOS', key(rng), bit(rng), index(rng), index(rng), unit(rng)],
  (rng) => ['BITPOS', key(rng), bit(rng), index(rng)],
  (rng) => ['BITOP', mixedCase(rng, rng.pick(['AND', 'OR', 'XOR', 'NOT', 'FOO'])), key(rng), key(rng)],
  (rng) => ['BITOP', mixedCase(rng, rng.pick(['AND', 'OR', 'XOR', 'NOT'])), key(rng), key(rng), key(rng), key(rng)],
  (rng) => ['BITFIELD', key(rng), ...operations(rng)],
  (rng) => ['BITFIELD', key(rng), ...operations(rng)],
  (rng) => ['BITFIELD_RO', key(rng), ...operations(rng)],
  (rng) => ['BITFIELD_RO', key(rng), 'GET', type(rng), fieldOffset(rng)],
  (rng) => ['BITFIELD', key(rng), ...some(rng, ['GET', 'SET', 'INCRBY', 'OVERFLOW', 'u8', '0', '1'], 5)],
  (rng) => ['SET', key(rng), rng.pick(rng.chance(0.2) ? LONG : TEXTS)],
  (rng) => ['GET', key(rng)],
  (rng) => ['STRLEN', key(rng)],
  (rng) => ['APPEND', key(rng), rng.pick(TEXTS)],
  (rng) => ['SETRANGE', key(rng), String(rng.below(100)), rng.pick(TEXTS)],
  (rng) => ['GETRANGE', key(rng), index(rng), index(rng)],
  (rng) => [rng.pick(['DEL', 'EXISTS', 'TYPE', 'TOUCH']), key(rng)],
  (rng) => ['DUMP', key(rng)],
  (rng) => ['RENAME', key(rng), key(rng)],
  (rng) => ['COPY', key(rng), key(rng), 'REPLACE'],
  (rng) => ['WATCH', key(rng)],
  () => ['MULTI'],
  () => ['EXEC'],
  (rng) => ['SETBIT', key(rng)],
  (rng) => ['COMMAND', 'GETKEYSANDFLAGS', 'BITFIELD', 'k', ...operations(rng)],
]
