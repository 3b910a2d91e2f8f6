import type {Rng} from '../../../src/lib/kernel/rng.js'
import {mixedCase, some} from './harness.js'

/** Random commands on a few streams and their groups; most of them are right. */

type Make = (rng: Rng) => string[]

/** Of the keys, by number: where their ids begin. Beyond 2^53 numbers are no longer exact. */
const BASES = [0n, 1_700_000_000_000n, 2n ** 53n - 20n, 2n ** 64n - 70n]

/** The key that the command at work is about. */
let about = 0

const key = (rng: Rng): string => `k${rng.chance(0.9) ? about : rng.below(BASES.length)}`
const group = (rng: Rng): string => rng.pick(['g', 'g', 'g', 'h', 'none'])
const consumer = (rng: Rng): string => rng.pick(['alice', 'bob', 'al'])
const word = (rng: Rng, ...words: string[]): string => mixedCase(rng, rng.pick(words))

const ODD_IDS = [
  '0',
  '0-0',
  '-',
  '+',
  '',
  'x',
  '1-x',
  '-5',
  '5-',
  '5-*',
  '(5',
  '$',
  '>',
  ' 7',
  '+7-08',
  '1--05',
  '1-1-1',
]
const BIG_IDS = [
  '18446744073709551615',
  '18446744073709551615-18446744073709551615',
  '18446744073709551615-18446744073709551614',
  '18446744073709551616-0',
  '9007199254740993-9007199254740992',
  '9223372036854775808-1',
]
const ODD_NUMBERS = ['0', '-1', 'x', '', '1.5', '9223372036854775807', '9223372036854775808', '2', '07']

const msOf = (step: number): string => String(BASES[about]! + BigInt(step))
const smallId = (rng: Rng): string => `${msOf(rng.below(60))}${rng.chance(0.3) ? '' : `-${rng.below(3)}`}`

function id(rng: Rng): string {
  if (rng.chance(0.04)) return rng.pick(ODD_IDS)
  return rng.chance(0.02) ? rng.pick(BIG_IDS) : smallId(rng)
}

const edge = (rng: Rng): string => (rng.chance(0.4) ? rng.pick(['-', '+']) : `${rng.chance(0.2) ? '(' : ''}${id(rng)}`)
const number = (rng: Rng, max: number): string => (rng.chance(0.05) ? rng.pick(ODD_NUMBERS) : String(rng.below(max)))
const ids = (rng: Rng, max: number): string[] => Array.from({length: 1 + rng.below(max)}, () => id(rng))

function fields(rng: Rng): string[] {
  if (rng.chance(0.02)) return ['alone']
  const value = (): string =>
    rng.pick(['v', '', '12', '-1', '300', '-70000', '8388608', '9223372036854775807', '007', 'x'.repeat(70)])
  return rng.chance(0.7)
    ? ['a', value(), 'b', value()]
    : some(rng, ['a', 'b', '5', 'y'.repeat(130)], 3).flatMap((f) => [f, value()])
}

function trimming(rng: Rng): string[] {
  const operator = rng.pick([[], ['='], ['~'], ['~']])
  const threshold = rng.chance(0.7) ? ['MAXLEN', ...operator, number(rng, 25)] : ['MINID', ...operator, id(rng)]
  const limit = rng.chance(0.2) ? [word(rng, 'LIMIT'), number(rng, 20)] : []
  return rng.chance(0.05) ? [...limit, ...threshold] : [...threshold, ...limit]
}

const idAt = (rng: Rng, ms: string): string => rng.pick([`${ms}-*`, ms, `${ms}-${rng.below(3)}`, id(rng)])

let clock = 0

/** As if none was added yet, so that what is drawn depends on the seed alone. */
export function restartIds(): void {
  clock = 0
}

/** Ids rise, so that most are taken. */
function add(rng: Rng): string[] {
  clock += rng.below(3)
  const options = [...(rng.chance(0.1) ? ['NOMKSTREAM'] : []), ...(rng.chance(0.15) ? trimming(rng) : [])]
  return [
    word(rng, 'XADD'),
    key(rng),
    ...options,
    rng.chance(0.9) ? idAt(rng, msOf(Math.floor(clock / 4) % 60)) : id(rng),
    ...fields(rng),
  ]
}

const count = (rng: Rng, max = 10): string[] => (rng.chance(0.4) ? [word(rng, 'COUNT'), number(rng, max)] : [])

const ENTRIES: readonly Make[] = [
  (rng) => [
    word(rng, 'XRANGE', 'XREVRANGE'),
    key(rng),
    edge(rng),
    edge(rng),
    ...count(rng),
    ...(rng.chance(0.03) ? ['x'] : []),
  ],
  (rng) => ['XRANGE', key(rng), '-', '+'],
  (rng) => ['XREVRANGE', key(rng), '+', '-', ...count(rng)],
  (rng) => ['XLEN', key(rng)],
  (rng) => ['XDEL', key(rng), ...ids(rng, 3)],
  (rng) => [
    'XTRIM',
    key(rng),
    ...(rng.chance(0.95) ? trimming(rng) : some(rng, ['MAXLEN', 'LIMIT', '3', '~', 'x'], 3)),
  ],
  (rng) => ['XSETID', key(rng), id(rng), ...some(rng, ['ENTRIESADDED', '5', '100', 'MAXDELETEDID', '3-1', '-1'], 4)],
  (rng) => ['XINFO', 'STREAM', key(rng)],
  (rng) => ['XINFO', 'STREAM', key(rng), word(rng, 'FULL'), ...count(rng)],
  (rng) => ['XINFO', 'GROUPS', key(rng)],
  (rng) => ['XINFO', rng.pick(['CONSUMERS', 'STREAM', 'HELP', 'FOO', 'GROUPS']), key(rng), group(rng)],
  (rng) => ['XREAD', ...count(rng), 'STREAMS', key(rng), rng.chance(0.2) ? '$' : id(rng)],
  (rng) => ['XREAD', ...count(rng), 'streams', key(rng), key(rng), id(rng), id(rng)],
  (rng) => ['XREAD', ...some(rng, ['BLOCK', '-1', 'COUNT', '2', 'NOACK', 'GROUP', 'g', 'STREAMS', 'k1', '0', 'x'], 7)],
  (rng) => ['OBJECT', 'ENCODING', key(rng)],
]

const read = (rng: Rng, ...rest: string[]): string[] => [
  word(rng, 'XREADGROUP'),
  word(rng, 'GROUP'),
  group(rng),
  consumer(rng),
  ...count(rng),
  ...(rng.chance(0.15) ? ['NOACK'] : []),
  'STREAMS',
  ...rest,
]

const GROUPS: readonly Make[] = [
  (rng) => [
    'XGROUP',
    'CREATE',
    key(rng),
    group(rng),
    rng.pick(['$', '0', id(rng)]),
    ...some(rng, ['MKSTREAM', 'ENTRIESREAD', '3'], 3),
  ],
  (rng) => ['XGROUP', 'CREATE', key(rng), rng.pick(['g', 'h']), '0', 'MKSTREAM'],
  (rng) => [
    'XGROUP',
    'SETID',
    key(rng),
    group(rng),
    rng.pick(['$', '0', id(rng)]),
    ...(rng.chance(0.3) ? ['ENTRIESREAD', number(rng, 9)] : []),
  ],
  (rng) => ['XGROUP', word(rng, 'CREATECONSUMER', 'DELCONSUMER'), key(rng), group(rng), consumer(rng)],
  (rng) => ['XGROUP', rng.chance(0.2) ? 'DESTROY' : 'FOO', key(rng), group(rng), ...some(rng, ['x'], 1)],
  (rng) => read(rng, key(rng), '>'),
  (rng) => read(rng, key(rng), '>'),
  (rng) => read(rng, key(rng), key(rng), '>', '>'),
  (rng) => read(rng, key(rng), id(rng)),
  (rng) => read(rng, key(rng), '0'),
  (rng) => ['XREADGROUP', ...some(rng, ['GROUP', 'g', 'c', 'NOACK', 'COUNT', '2', 'STREAMS', 'k1', '>', '0', 'x'], 9)],
  (rng) => ['XACK', key(rng), group(rng), ...ids(rng, 4)],
  (rng) => ['XPENDING', key(rng), group(rng)],
  (rng) => [
    'XPENDING',
    key(rng),
    group(rng),
    ...(rng.chance(0.2) ? ['IDLE', '0'] : []),
    edge(rng),
    edge(rng),
    number(rng, 9),
    ...some(rng, ['bob', 'al'], 1),
  ],
  (rng) => ['XPENDING', key(rng), group(rng), ...some(rng, ['IDLE', '0', '-', '+', '5', 'bob'], 7)],
  (rng) => [
    'XCLAIM',
    key(rng),
    group(rng),
    consumer(rng),
    rng.pick(['0', '0', '-1', '99999999', 'x']),
    ...ids(rng, 4),
    ...claimOptions(rng),
  ],
  (rng) => [
    'XAUTOCLAIM',
    key(rng),
    group(rng),
    consumer(rng),
    rng.pick(['0', '0', '99999999', 'x']),
    edge(rng),
    ...count(rng, 4),
    ...some(rng, ['JUSTID'], 1),
  ],
]

const claimOptions = (rng: Rng): string[] => [
  ...some(rng, ['FORCE', 'JUSTID', 'RETRYCOUNT', '7', 'TIME', '1', 'IDLE'], 3),
  ...(rng.chance(0.1) ? ['LASTID', id(rng)] : []),
  ...(rng.chance(0.03) ? ['FOO'] : []),
]

const OTHERS: readonly Make[] = [
  (rng) => ['DEL', key(rng)],
  (rng) => ['SET', key(rng), 'x'],
  (rng) => ['COPY', key(rng), key(rng), 'REPLACE'],
  (rng) => ['RENAME', key(rng), key(rng)],
  (rng) => ['TYPE', key(rng)],
  (rng) => ['GET', key(rng)],
  (rng) => ['COMMAND', 'GETKEYS', ...read(rng, key(rng), key(rng), '>', '>')],
  (rng) => ['COMMAND', 'GETKEYS', 'XREAD', ...some(rng, ['BLOCK', '1', 'COUNT', 'STREAMS', 'k1', '0', 'NOACK'], 7)],
  () => ['MULTI'],
  () => ['EXEC'],
  () => ['EXEC'],
  (rng) => ['XREAD', 'BLOCK', '0', 'STREAMS'].slice(0, 2 + rng.below(3)),
  (rng) => [
    rng.pick(['XADD', 'XRANGE', 'XACK', 'XCLAIM', 'XREADGROUP', 'XINFO', 'XGROUP', 'XDEL']),
    ...some(rng, ['k1', 'g', '1'], 3),
  ],
]

export function makeStreamCommand(rng: Rng): string[] {
  about = rng.below(BASES.length)
  const kind = rng.below(100)
  if (kind < 40) return add(rng)
  return rng.pick(kind < 62 ? ENTRIES : kind < 95 ? GROUPS : OTHERS)(rng)
}

/** Times, and numbers of milliseconds since then. */
export function normalStreamReply(command: readonly string[], reply: string): string {
  // A time is a whole element; a queued command's reply comes with EXEC.
  const withoutTimes = reply.replace(/:1[67]\d{11}\r\n/g, ':time\r\n')
  const name = command[0]!.toUpperCase()
  if (name === 'XINFO' || name === 'EXEC' || name === 'XPENDING') {
    return withoutTimes
      .replace(/(\$4\r\nidle\r\n):\d+/g, '$1:idle')
      .replace(/(\r\n\*4\r\n\$\d+\r\n\d+-\d+\r\n\$\d+\r\n\w+\r\n):\d+/g, '$1:idle')
  }
  return withoutTimes
}
