import {toWireText} from '../../protocol/resp/encode-command.js'
import {InlineSyntaxError, splitInline} from '../../protocol/resp/inline.js'

/** What a person asks for with a line. Arguments are binary strings. */
export type Typed =
  | {readonly kind: 'nothing' | 'exit' | 'clear'}
  | {readonly kind: 'help'; readonly topic: readonly string[]}
  | {readonly kind: 'invalid'; readonly text: string}
  | {readonly kind: 'command'; readonly argv: readonly string[]; readonly times: number}

const WHOLE = /^[+-]?\d+$/

/** Reads a line with redis-cli's quotes and its number of times in front: `SET "a b" 1`, `5 INCR x`. */
export function parseTyped(line: string): Typed {
  const words = wordsOf(line)
  if (!words) return {kind: 'invalid', text: 'Invalid argument(s)'}
  const [first, ...others] = words
  if (first === undefined) return {kind: 'nothing'}
  const isCounted = others.length > 0 && WHOLE.test(first)
  const times = isCounted ? Number(first) : 1
  if (!Number.isSafeInteger(times) || times < 1) {
    return {kind: 'invalid', text: 'Invalid repeat count: a command runs once or more.'}
  }
  if (isCounted) return {argv: others, kind: 'command', times}
  const name = first.toLowerCase()
  if (name === 'exit' || name === 'quit') return {kind: 'exit'}
  if (name === 'clear' && others.length === 0) return {kind: 'clear'}
  if (name === 'help' || name === '?') return {kind: 'help', topic: others}
  return {argv: words, kind: 'command', times}
}

/** @returns undefined if quotes do not close */
export function wordsOf(line: string): string[] | undefined {
  try {
    return splitInline(toWireText(line))
  } catch (error) {
    if (error instanceof InlineSyntaxError) return
    throw error
  }
}
