import {requireInteger} from '../arguments.js'
import type {ReplyWriter} from '../reply.js'
import {ReplyError, SYNTAX_ERROR} from '../reply-error.js'

/** What SCAN and its kin for the members of one key share. */
export interface ScanOptions {
  readonly count: number
  /** Undefined if everything matches. */
  readonly pattern: string | undefined
  readonly type: string | undefined
}

const COUNT_DEFAULT = 10

/**
 * @param first - index in argv of the first option
 * @param hasTypes - keys are scanned, which have types
 */
export function parseScanOptions(argv: readonly string[], first: number, hasTypes: boolean): ScanOptions {
  let count = COUNT_DEFAULT
  let pattern: string | undefined
  let type: string | undefined
  for (let i = first; i < argv.length; i += 2) {
    const word = argv[i]!.toLowerCase()
    const value = argv[i + 1]
    if (value === undefined) throw new ReplyError(SYNTAX_ERROR)
    if (word === 'count') {
      count = requireInteger(value)
      if (count < 1) throw new ReplyError(SYNTAX_ERROR)
    } else if (word === 'match') pattern = value === '*' ? undefined : value
    else if (word === 'type' && hasTypes) type = value.toLowerCase()
    else throw new ReplyError(SYNTAX_ERROR)
  }
  return {count, pattern, type}
}

const UINT64_MAX = 18_446_744_073_709_551_615n

/** As C's strtoul reads it: an empty text is 0, a negative number wraps around to one behind every key. */
export function parseCursor(text: string): number {
  if (text === '') return 0
  const match = /^([+-]?)([0-9]+)$/.exec(text)
  const cursor = match ? BigInt(match[2]!) : UINT64_MAX + 1n
  if (cursor > UINT64_MAX) throw new ReplyError('ERR invalid cursor')
  return Number(match![1] === '-' ? BigInt.asUintN(64, -cursor) : cursor)
}

/** @param cursor - of the next page, 0 after the last */
export function replyPage(reply: ReplyWriter, cursor: number, items: readonly string[]): void {
  reply.array(2)
  reply.bulk(String(cursor))
  reply.bulks(items)
}
