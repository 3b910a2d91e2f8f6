export type TokenType =
  | 'T_OBJ_BEGIN'
  | 'T_OBJ_END'
  | 'T_ARR_BEGIN'
  | 'T_ARR_END'
  | 'T_STRING'
  | 'T_NUMBER'
  | 'T_BOOLEAN'
  | 'T_NULL'
  | 'T_COLON'
  | 'T_COMMA'
  | 'T_END'
  | 'T_ERROR'

const PUNCTUATION: Readonly<Record<string, TokenType>> = {
  '{': 'T_OBJ_BEGIN',
  '}': 'T_OBJ_END',
  '[': 'T_ARR_BEGIN',
  ']': 'T_ARR_END',
  ':': 'T_COLON',
  ',': 'T_COMMA',
  '\0': 'T_END',
}
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}
/** What C's strtod takes. */
const NUMBER =
  /[+-]?(?:0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan(?:\(\w*\))?)/iy
/** What it takes and JSON does not have. */
const NOT_JSON = /\+|-?0(?:x|\d)|-?(?:inf|nan)/iy
const PLAIN = /[^"\\\0]*/y
const UNICODE_ESCAPE = /\\u([0-9a-f]{4})/iy

/** JSON's tokens as lua-cjson knows them: it takes more than JSON, and names what it refuses in its own words. */
export class JsonScanner {
  readonly text: string
  private readonly takesInvalidNumbers: boolean
  /** Where the next token is looked for. */
  at = 0
  type: TokenType = 'T_END'
  /** Where the token begins, or what is wrong with it. */
  index = 0
  string = ''
  number = 0
  boolean = false
  /** Of T_ERROR. */
  problem = ''

  constructor(text: string, takesInvalidNumbers: boolean) {
    this.text = text
    this.takesInvalidNumbers = takesInvalidNumbers
  }

  /** @returns the kind of the next token, which `type` tells too */
  next(): TokenType {
    this.scan()
    return this.type
  }

  private scan(): void {
    const {text} = this
    for (;;) {
      const code = text.charCodeAt(this.at)
      if (code !== 32 && code !== 9 && code !== 10 && code !== 13) break
      this.at++
    }
    this.index = this.at
    const first = text[this.at] ?? '\0'
    const punctuation = PUNCTUATION[first]
    if (punctuation !== undefined) {
      this.type = punctuation
      if (first !== '\0') this.at++
      return
    }
    if (first === '"') {
      this.scanString()
      return
    }
    if (first === '-' || (first >= '0' && first <= '9')) {
      if (!this.takesInvalidNumbers && this.matches(NOT_JSON)) {
        this.fail('invalid number')
        return
      }
      this.scanNumber()
      return
    }
    if (text.startsWith('true', this.at)) {
      this.literal('T_BOOLEAN', 4, true)
      return
    }
    if (text.startsWith('false', this.at)) {
      this.literal('T_BOOLEAN', 5, false)
      return
    }
    if (text.startsWith('null', this.at)) {
      this.literal('T_NULL', 4, false)
      return
    }
    if (this.takesInvalidNumbers && this.matches(NOT_JSON)) {
      this.scanNumber()
      return
    }
    this.fail('invalid token')
  }

  private matches(pattern: RegExp): boolean {
    pattern.lastIndex = this.at
    return pattern.test(this.text)
  }

  private fail(problem: string): void {
    this.type = 'T_ERROR'
    this.problem = problem
    this.index = this.at
  }

  private literal(type: TokenType, length: number, value: boolean): void {
    this.type = type
    this.boolean = value
    this.at += length
  }

  private scanNumber(): void {
    NUMBER.lastIndex = this.at
    const found = NUMBER.exec(this.text)?.[0]
    if (found === undefined) {
      this.fail('invalid number')
      return
    }
    this.type = 'T_NUMBER'
    this.number = numberOf(found.toLowerCase())
    this.at += found.length
  }

  private scanString(): void {
    const {text} = this
    let value = ''
    this.at++
    for (;;) {
      PLAIN.lastIndex = this.at
      const plain = PLAIN.exec(text)![0]
      value += plain
      this.at += plain.length
      const next = text[this.at]
      if (next === '"') break
      if (next !== '\\') {
        this.fail('unexpected end of string')
        return
      }
      const kind = text[this.at + 1] ?? '\0'
      if (kind === 'u') {
        const character = this.unicode()
        if (character === undefined) {
          this.fail('invalid unicode escape code')
          return
        }
        value += character
        continue
      }
      const escaped = ESCAPES[kind]
      if (escaped === undefined) {
        this.fail('invalid escape code')
        return
      }
      value += escaped
      this.at += 2
    }
    this.at++
    this.type = 'T_STRING'
    this.string = value
  }

  private codeUnit(at: number): number {
    UNICODE_ESCAPE.lastIndex = at
    const hex = UNICODE_ESCAPE.exec(this.text)?.[1]
    return hex === undefined ? -1 : Number.parseInt(hex, 16)
  }

  /** An escaped character, or pair of halves of one, as UTF-8; undefined if it is none. */
  private unicode(): string | undefined {
    const high = this.codeUnit(this.at)
    if (high < 0) return undefined
    if ((high & 0xf800) !== 0xd800) {
      this.at += 6
      return utf8(high)
    }
    const low = this.codeUnit(this.at + 6)
    if ((high & 0x400) !== 0 || low < 0 || (low & 0xfc00) !== 0xdc00) return undefined
    this.at += 12
    return utf8((((high & 0x3ff) << 10) | (low & 0x3ff)) + 0x10000)
  }
}

function utf8(code: number): string {
  const {fromCharCode} = String
  const tail = (shift: number): number => 0x80 | ((code >> shift) & 0x3f)
  if (code < 0x80) return fromCharCode(code)
  if (code < 0x800) return fromCharCode(0xc0 | (code >> 6), tail(0))
  if (code < 0x10000) return fromCharCode(0xe0 | (code >> 12), tail(6), tail(0))
  return fromCharCode(0xf0 | (code >> 18), tail(12), tail(6), tail(0))
}

/** @param text - in lower case, of the form of NUMBER */
function numberOf(text: string): number {
  const isNegative = text.startsWith('-')
  const digits = text.replace(/^[+-]/, '')
  const value = magnitudeOf(digits)
  return isNegative ? -value : value
}

function magnitudeOf(digits: string): number {
  if (digits.startsWith('inf')) return Number.POSITIVE_INFINITY
  if (digits.startsWith('nan')) return Number.NaN
  if (!digits.startsWith('0x')) return Number(digits)
  const [mantissa, exponent = '0'] = digits.slice(2).split('p') as [string, string?]
  const [whole, fraction = ''] = mantissa.split('.') as [string, string?]
  return Number(BigInt(`0x0${whole}${fraction}`)) * 2 ** (Number(exponent) - 4 * fraction.length)
}
