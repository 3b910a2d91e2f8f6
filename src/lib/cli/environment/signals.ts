import {constants} from 'node:os'
import {nearest} from '../../kernel/nearest.js'
import {badFlag} from '../flags.js'

/**
 * Reads `KILL`, `SIGKILL`, `kill` or `9`.
 *
 * @throws {CliError} BAD_FLAG with the nearest signal there is
 */
export function parseSignal(text: string): NodeJS.Signals {
  const names = Object.keys(constants.signals) as NodeJS.Signals[]
  const word = text.toUpperCase()
  const found = /^\d+$/.test(word)
    ? names.find((name) => constants.signals[name] === Number(word))
    : names.find((name) => name === word || name === `SIG${word}`)
  if (found !== undefined) return found
  const meant = nearest(
    word.replace(/^SIG/, ''),
    names.map((name) => name.slice(3)),
  )
  throw badFlag(`${text} is no signal${meant ? `. Did you mean ${meant}?` : ''}`, ['shoal kill n1 -s TERM'])
}
