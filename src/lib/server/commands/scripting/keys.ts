import {requireInt64} from '../../arguments.js'
import {ReplyError} from '../../reply-error.js'
import {countedKeys} from '../key-spec.js'

/** `EVAL script numkeys key ...`, and the same for all that run scripts. */
export const COUNT_AT = 2
export const FIRST_KEY = 3

/** Indexes of the keys; none if their number makes no sense. */
export const keyIndexesByCount = countedKeys(COUNT_AT)

/** @throws ReplyError @param notANumber - the error's text for what is no integer */
export function requireKeyCount(argv: readonly string[], notANumber?: string): number {
  const count = requireInt64(argv[COUNT_AT]!, notANumber)
  if (count > argv.length - FIRST_KEY) throw new ReplyError("ERR Number of keys can't be greater than number of args")
  if (count < 0) throw new ReplyError("ERR Number of keys can't be negative")
  return Number(count)
}
