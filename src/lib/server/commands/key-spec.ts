/** Where a command's keys are, in Redis 7.0's two steps: where to begin the search, then how to find keys from there. */

export type KeyFlag =
  | 'RO'
  | 'RW'
  | 'OW'
  | 'RM'
  | 'access'
  | 'update'
  | 'insert'
  | 'delete'
  | 'not_key'
  | 'incomplete'
  | 'variable_flags'

export type BeginSearch =
  | {readonly type: 'index'; readonly index: number}
  | {readonly type: 'keyword'; readonly keyword: string; readonly startFrom: number}
  | {readonly type: 'unknown'}

export type FindKeys =
  /** `lastKey` counts from the begin; negative: from the end of argv. `limit` n: the first 1/n of the arguments. */
  | {readonly type: 'range'; readonly lastKey: number; readonly step: number; readonly limit: number}
  /** argv[begin + countIndex] says how many; the first is argv[begin + firstKey]. */
  | {readonly type: 'keynum'; readonly countIndex: number; readonly firstKey: number; readonly step: number}
  | {readonly type: 'unknown'}

export interface KeySpec {
  readonly flags: readonly KeyFlag[]
  readonly notes?: string
  readonly begin: BeginSearch
  readonly find: FindKeys
}

export interface LegacyRange {
  readonly first: number
  readonly last: number
  readonly step: number
}

/** Keys from argv[first] on; by default exactly one. @param last - relative to `first`; negative: from the end */
export function keyAt(first: number, flags: readonly KeyFlag[], last = 0, step = 1, notes?: string): KeySpec {
  const spec: KeySpec = {
    flags,
    begin: {type: 'index', index: first},
    find: {type: 'range', lastKey: last, step, limit: 0},
  }
  return notes === undefined ? spec : {...spec, notes}
}

/** argv[countAt] is a count, the keys follow it. */
export function keysCounted(countAt: number, flags: readonly KeyFlag[], notes?: string): KeySpec {
  const spec: KeySpec = {
    flags,
    begin: {type: 'index', index: countAt},
    find: {type: 'keynum', countIndex: 0, firstKey: 1, step: 1},
  }
  return notes === undefined ? spec : {...spec, notes}
}

/** The first/last/step form: the leading index specs that follow each other without a gap. */
export function legacyRange(specs: readonly KeySpec[]): LegacyRange {
  let first = 0
  let last = 0
  let step = 0
  for (const {begin, find} of specs) {
    if (begin.type !== 'index' || find.type !== 'range') continue
    if (first !== 0 && (find.step !== 1 || step !== 1 || last < 0 || begin.index !== last + 1)) continue
    if (first === 0) first = begin.index
    step = find.step
    last = find.lastKey >= 0 ? begin.index + find.lastKey : find.lastKey
  }
  return {first, last, step}
}

/**
 * `keyIndexes` of a command whose argv[countAt] says how many keys follow. A count that does not fit names none: the
 * handler refuses it. So does one that is no number, but where keys are looked for, `1e3` is 1, as it is to redis-server.
 */
export function countedKeys(countAt: number): (argv: readonly string[]) => number[] {
  return (argv) => {
    const count = leadingInt32(argv[countAt] ?? '')
    if (count < 1 || countAt + count >= argv.length) return []
    return Array.from({length: count}, (_, index) => countAt + 1 + index)
  }
}

/** C's `atoi`: the number that the text begins with, 0 if it begins with none, wrapped to 32 bits. */
function leadingInt32(text: string): number {
  const [digits] = /^[ \t-\r]*[+-]?\d+/.exec(text) ?? []
  if (digits === undefined) return 0
  const value = clamped(BigInt(digits.trim().replace('+', '')))
  return Number(BigInt.asIntN(32, value))
}

function clamped(value: bigint): bigint {
  const [least, most] = [-(2n ** 63n), 2n ** 63n - 1n]
  return value < least ? least : value > most ? most : value
}
