/** Quotes that do not close, or a closing quote followed by something else. */
export class InlineSyntaxError extends Error {
  override readonly name = 'InlineSyntaxError'
}

const ESCAPES: Readonly<Record<string, string>> = {a: '\x07', b: '\b', n: '\n', r: '\r', t: '\t'}

/** What C's isspace accepts, and NUL, which ends Redis's line. */
function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13)
}

/**
 * Splits an inline request into arguments as Redis does: blanks separate; `"..."` knows `\n \r \t \b \a \xHH` and `\` before
 * any other byte; `'...'` knows `\'` alone.
 *
 * @param line - binary string without its line end
 * @throws {InlineSyntaxError}
 */
export function splitInline(line: string): string[] {
  const argv: string[] = []
  let at = 0
  for (;;) {
    while (at < line.length && isSpace(line.charCodeAt(at))) at++
    if (at >= line.length) return argv
    const word = readWord(line, at)
    argv.push(word.text)
    at = word.end
  }
}

function readWord(line: string, start: number): {readonly text: string; readonly end: number} {
  let text = ''
  let at = start
  while (at < line.length && !isSpace(line.charCodeAt(at))) {
    const quote = line[at]!
    if (quote === '"' || quote === "'") {
      const quoted = quote === '"' ? readDoubleQuoted(line, at + 1) : readSingleQuoted(line, at + 1)
      if (quoted.end < line.length && !isSpace(line.charCodeAt(quoted.end))) throw unbalanced()
      return {end: quoted.end, text: text + quoted.text}
    }
    text += quote
    at++
  }
  return {end: at, text}
}

function unbalanced(): InlineSyntaxError {
  return new InlineSyntaxError('unbalanced quotes in request')
}

function readDoubleQuoted(line: string, start: number): {readonly text: string; readonly end: number} {
  let text = ''
  let at = start
  while (at < line.length) {
    const character = line[at]!
    if (character === '"') return {end: at + 1, text}
    if (character !== '\\' || at + 1 >= line.length) {
      text += character
      at++
      continue
    }
    const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(at + 1, at + 4))
    if (hex) {
      text += String.fromCharCode(Number.parseInt(hex[1]!, 16))
      at += 4
    } else {
      const escaped = line[at + 1]!
      text += ESCAPES[escaped] ?? escaped
      at += 2
    }
  }
  throw unbalanced()
}

function readSingleQuoted(line: string, start: number): {readonly text: string; readonly end: number} {
  let text = ''
  let at = start
  while (at < line.length) {
    const character = line[at]!
    if (character === "'") return {end: at + 1, text}
    if (character === '\\' && line[at + 1] === "'") {
      text += "'"
      at += 2
    } else {
      text += character
      at++
    }
  }
  throw unbalanced()
}
