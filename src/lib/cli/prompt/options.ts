import {toWireText} from '../../protocol/resp/encode-command.js'
import {badFlag} from '../flags.js'

/** redis-cli's options that the prompt knows, and the command behind them. */
export interface PromptOptions {
  /** Undefined: raw unless there is a terminal. */
  readonly isRaw?: boolean
  /** `-e`: an error reply makes the exit code 1. */
  readonly failsOnError: boolean
  readonly isResp3: boolean
  readonly db: number
  /** Binary strings; none for a prompt. */
  readonly argv: readonly string[]
}

/** @throws {CliError} BAD_FLAG for an option of redis-cli's that the prompt has not */
export function parsePromptOptions(words: readonly string[]): PromptOptions {
  let options: PromptOptions = {argv: [], db: 0, failsOnError: false, isResp3: false}
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (!word.startsWith('-')) return {...options, argv: words.slice(at).map(toWireText)}
    if (word === '--raw' || word === '--no-raw') options = {...options, isRaw: word === '--raw'}
    else if (word === '-e') options = {...options, failsOnError: true}
    else if (word === '-2' || word === '-3') options = {...options, isResp3: word === '-3'}
    else if (word === '-n') options = {...options, db: databaseOf(words[++at])}
    else if (word !== '-c')
      throw badFlag(`the built-in prompt has no option ${word}`, ['shoal cli n1 --builtin -- --raw get greeting'])
  }
  return options
}

function databaseOf(text: string | undefined): number {
  if (text !== undefined && /^\d{1,9}$/.test(text)) return Number(text)
  throw badFlag(`-n ${text ?? ''} is no number of a database`, ['shoal cli n1 --builtin -- -n 1 dbsize'])
}
