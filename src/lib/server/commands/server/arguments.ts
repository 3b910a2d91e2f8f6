import {parseInt64} from '../../arguments.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'

/** `parseInt64` as a number; beyond 2^53 the nearest one. */
export function parseLong(text: string): number | undefined {
  const value = parseInt64(text)
  return value === undefined ? undefined : Number(value)
}

/** ON or OFF in any case. */
export function requireSwitch(text: string): boolean {
  const word = text.toLowerCase()
  if (word !== 'on' && word !== 'off') throw new ReplyError(SYNTAX_ERROR)
  return word === 'on'
}
