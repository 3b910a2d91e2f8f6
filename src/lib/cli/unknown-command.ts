import {CliError} from '../kernel/errors.js'
import {nearest} from '../kernel/nearest.js'
import {badFlag} from './flags.js'

/** What there is to call. */
export interface CommandNames {
  /** Ids as they are typed: `check`, `node start`. */
  readonly commands: readonly string[]
  /** First words of commands of several words. */
  readonly topics: readonly string[]
}

export interface UnknownCommand {
  readonly error: CliError
  /** The command line that may have been meant. */
  readonly corrected?: readonly string[]
}

/**
 * What is wrong with a command line that names no command. Only words before the first flag are looked at or repeated:
 * behind it there may be a password.
 *
 * @param argv - without the program's name
 */
export function explainUnknown(argv: readonly string[], {commands, topics}: CommandNames): UnknownCommand {
  const isHelp = argv[0] === 'help'
  const line = isHelp ? argv.slice(1) : argv
  const end = line.findIndex((word) => word.startsWith('-'))
  const words = end < 0 ? line : line.slice(0, end)
  const [first, second] = words
  if (first === undefined) return {error: withoutCommand(line)}
  if (commands.includes(first) && second !== undefined) {
    return {error: badFlag(`Unexpected argument: ${second}`, [`shoal ${first} --help`])}
  }
  // Words of a command of several words, then one too many.
  const called = commands.find((id) => id.includes(' ') && `${words.join(' ')} `.startsWith(`${id} `))
  const extra = called === undefined ? undefined : words[called.split(' ').length]
  if (extra !== undefined) return {error: badFlag(`Unexpected argument: ${extra}`, [`shoal ${called} --help`])}
  const isTopic = topics.includes(first) && second !== undefined
  const typed = isTopic ? `${first} ${second}` : first
  const candidates = isTopic ? commands.filter((id) => id.startsWith(`${first} `)) : commands
  const meant = nearestCommand(words, candidates)
  const message = `${JSON.stringify(typed)} is not a shoal command.`
  if (meant === undefined) return {error: badFlag(message, [isTopic ? `shoal ${first} --help` : 'shoal --help'])}
  const rest = line.slice(meant.split(' ').length)
  return {
    error: new CliError('BAD_FLAG', `${message} Did you mean ${meant}?`, {
      details: {didYouMean: [meant]},
      suggestions: [`shoal ${meant} --help`, 'shoal --help'],
    }),
    corrected: [...(isHelp ? ['help'] : []), ...meant.split(' '), ...rest],
  }
}

function withoutCommand(line: readonly string[]): CliError {
  const flag = line.find((word) => word !== '--json')?.replace(/=.*$/s, '')
  if (flag === undefined) return badFlag('No command given', ['shoal --help'])
  const meant = nearest(flag, ['--help', '--version'])
  const didYouMean = meant === undefined ? '' : `. Did you mean ${meant}?`
  return badFlag(`Nonexistent flag: ${flag}${didYouMean}`, ['shoal --help'])
}

/** Compares each candidate with as many words as it has itself. */
function nearestCommand(words: readonly string[], candidates: readonly string[]): string | undefined {
  const lengths = [...new Set(candidates.map((id) => id.split(' ').length))].sort((a, b) => b - a)
  for (const length of lengths.filter((count) => count <= words.length)) {
    const sameLength = candidates.filter((id) => id.split(' ').length === length)
    const found = nearest(words.slice(0, length).join(' '), sameLength)
    if (found !== undefined) return found
  }
  return undefined
}
