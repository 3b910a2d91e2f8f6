/**
 * The syntax of redis.conf and of inline commands, as text; files are read by node/config-file.ts.
 *
 *   line      := blank | '#' comment | word (blanks word)*
 *   word      := bare | "..." with \n \r \t \a \b \xHH and \c = c | '...' with \' alone
 *   a closing quote is followed by a blank or the end
 */

const HEX_PAIR = /^[0-9a-fA-F]{2}$/
const ESCAPES: Readonly<Record<string, string>> = {n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07'}

function isBlank(character: string | undefined): boolean {
  return (
    character !== undefined && (character === ' ' || (character >= '\t' && character <= '\r') || character === '\0')
  )
}

/** One quoted part, from after its opening quote. @returns undefined if it does not close as it must. */
function readQuoted(line: string, from: number, quote: string): {text: string; next: number} | undefined {
  let text = ''
  let at = from
  while (at < line.length) {
    const character = line[at]!
    if (character === quote) {
      const after = line[at + 1]
      return after === undefined || isBlank(after) ? {text, next: at + 1} : undefined
    }
    if (character === '\\' && quote === '"') {
      const escaped = line[at + 1]
      if (escaped === undefined) return undefined
      const pair = line.slice(at + 2, at + 4)
      if (escaped === 'x' && HEX_PAIR.test(pair)) {
        text += String.fromCharCode(Number.parseInt(pair, 16))
        at += 4
        continue
      }
      text += ESCAPES[escaped] ?? escaped
      at += 2
      continue
    }
    if (character === '\\' && line[at + 1] === "'") {
      text += "'"
      at += 2
      continue
    }
    text += character
    at++
  }
  return undefined
}

/** @returns The words of one line, or undefined if its quotes are unbalanced. */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = []
  let at = 0
  for (;;) {
    while (isBlank(line[at])) at++
    if (at >= line.length) return words
    let word = ''
    while (at < line.length && !isBlank(line[at])) {
      const character = line[at]!
      if (character === '"' || character === "'") {
        const part = readQuoted(line, at + 1, character)
        if (part === undefined) return undefined
        word += part.text
        at = part.next
        break
      }
      word += character
      at++
    }
    words.push(word)
  }
}

export function trimLine(line: string): string {
  return line.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')
}

/** What a server is started with. */
export interface ServerArguments {
  /** As typed; undefined without one. */
  readonly configFile: string | undefined
  /** `-`: more configuration comes on standard input. */
  readonly readsStdin: boolean
  /** The `--name value` arguments as configuration lines; they come last, so they win. */
  readonly options: string
}

/** Redis's quoting of an argument as it appears in the message about a bad one. */
function quotedArgument(argument: string): string {
  const escaped = argument.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t')
  return `"${escaped}"`
}

/**
 * Reads `[FILE] [-] [--name value ...] ...`. A value may start with `--` if it follows a name directly; `--save` without
 * a value means no snapshots; a name given twice counts twice, so that `--save 60 1 --save 5 9` sets two points.
 */
export function parseServerArguments(argv: readonly string[]): ServerArguments {
  const rest = [...argv]
  const configFile = rest[0] !== undefined && !rest[0].startsWith('-') ? rest.shift() : undefined
  let readsStdin = false
  if (rest[0] === '-') {
    rest.shift()
    readsStdin = true
  } else if (rest.length > 0 && rest[rest.length - 1] === '-') {
    rest.pop()
    readsStdin = true
  }
  let options = ''
  let nameIsComplete = true
  rest.forEach((argument, index) => {
    if (!argument.startsWith('--') || !nameIsComplete) {
      options += `${quotedArgument(argument)} `
      nameIsComplete = true
      return
    }
    if (options !== '') options += '\n'
    options += `${argument.slice(2)} `
    const next = rest[index + 1]
    nameIsComplete = (splitWords(argument) ?? []).length > 1
    if (argument.toLowerCase() === '--save' && (next === undefined || next.startsWith('--'))) {
      options += '""'
      nameIsComplete = true
    }
  })
  return {configFile, readsStdin, options}
}
