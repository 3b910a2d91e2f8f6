import {Buffer} from 'node:buffer'
import {InlineSyntaxError, splitInline} from './inline.js'
import {NAME_BYTES_MAX, nameText} from './name-cache.js'
import {SHORT_BYTES_MAX, shortText} from './short-text.js'

/**
 * Requests from bytes: multibulk (`*2\r\n$3\r\nGET\r\n$1\r\nk\r\n`) and inline (`GET k\r\n`, with quotes).
 *
 * Feed a chunk, take requests with `next` until it answers undefined, then call `keep`: what is left of the chunk is
 * copied, so the caller may reuse its buffer. A request cut anywhere goes on where it stopped: arguments already read and
 * the place up to which a line end was looked for are remembered, so the work is linear in the bytes received however
 * they are split. Memory is bounded by what was received: a length that is only announced reserves nothing.
 */
export interface ProtocolLimits {
  /** proto-max-bulk-len */
  bulkBytesMax: number
  /** client-query-buffer-limit: what one request may take in memory. */
  requestBytesMax: number
}

/** An inline request or the line of a length may not be longer. */
const LINE_BYTES_MAX = 64 * 1024
/** Of a string and its place in an array: a small argument takes more memory than bytes on the wire. */
const ARGUMENT_OVERHEAD_BYTES = 40
const ARGUMENTS_MAX = 0x7fffffff
/** Before AUTH. */
const UNTRUSTED_ARGUMENTS_MAX = 10
const UNTRUSTED_BULK_BYTES_MAX = 16384

/** Below every permitted proto-max-bulk-len and client-query-buffer-limit, which are at least a mebibyte. */
const SHORT_PATH_BYTES_MAX = 262_144
const SHORT_PATH_ARGUMENTS_MAX = 64

/** `error` where redis-server closes the connection without a word. */
export const REQUEST_TOO_BIG = 'request exceeds client-query-buffer-limit'

/** Longer lines of plain words are read as those with quotes are. */
const PLAIN_LINE_BYTES_MAX = 1024

const BLANK = 32
const DOUBLE_QUOTE = 34
const SINGLE_QUOTE = 39
const CR = 13
const LF = 10
const STAR = 42
const DOLLAR = 36
const MINUS = 45

/** Node's Buffer has it; its types do not say so. Cheaper than `toString('latin1')`. */
interface Bytes extends Buffer {
  latin1Slice(start: number, end: number): string
}

function bytesOf(size: number): Bytes {
  return Buffer.allocUnsafeSlow(size) as unknown as Bytes
}

const NOTHING = bytesOf(0)

export class RequestParser {
  /** What follows `Protocol error: `; set once, then `next` answers undefined for ever. */
  error: string | undefined = undefined
  /** Authenticated: the small limits do not apply. */
  trusted = true

  private readonly limits: ProtocolLimits
  /** Bytes not yet consumed are `bytes[at..end)`. Either the caller's chunk or `kept`. */
  private bytes: Bytes = NOTHING
  private at = 0
  private end = 0
  /** Our own copy of a rest, with room to grow. */
  private kept: Bytes = NOTHING

  /** Arguments still to come of the request being read; 0 = between requests. */
  private argumentsLeft = 0
  private argv: string[] = []
  /** About what `argv` takes in memory. */
  private requestBytes = 0
  /** Announced length of the argument being read; -1 = its length line comes first. */
  private bulkLength = -1
  /** No LF before this index, relative to `at`: a long line is searched once. */
  private searched = 0

  constructor(limits: ProtocolLimits) {
    this.limits = limits
  }

  /** Bytes received and not yet consumed. */
  get pendingBytes(): number {
    return this.end - this.at
  }

  /** Adds the first `length` bytes of `chunk`. The parser reads from `chunk` until `keep`. */
  feed(chunk: Uint8Array, length: number): void {
    if (this.at === this.end) {
      this.bytes = chunk as Bytes
      this.at = 0
      this.end = length
      return
    }
    this.append(chunk, length)
  }

  /** Makes what is left our own. Call after the last `next` of a chunk. */
  keep(): void {
    if (this.bytes === this.kept) {
      if (this.at !== this.end) return
      // A large request is done: give its memory back.
      if (this.kept.length > LINE_BYTES_MAX) this.kept = NOTHING
      this.bytes = this.kept
      this.at = 0
      this.end = 0
      return
    }
    const left = this.end - this.at
    if (left > this.kept.length) this.kept = bytesOf(capacityFor(left))
    if (left > 0) this.kept.set(this.bytes.subarray(this.at, this.end), 0)
    this.bytes = this.kept
    this.at = 0
    this.end = left
  }

  /** Forgets everything received. */
  clear(): void {
    this.kept = NOTHING
    this.bytes = NOTHING
    this.at = 0
    this.end = 0
    this.argv = []
    this.argumentsLeft = 0
  }

  private append(chunk: Uint8Array, length: number): void {
    const left = this.end - this.at
    const needed = left + length
    if (needed > this.kept.length) {
      const grown = bytesOf(capacityFor(needed))
      grown.set(this.bytes.subarray(this.at, this.end), 0)
      this.kept = grown
      this.at = 0
    } else if (this.end + length > this.kept.length) {
      this.kept.copyWithin(0, this.at, this.end)
      this.at = 0
    }
    this.bytes = this.kept
    this.kept.set(length === chunk.length ? chunk : chunk.subarray(0, length), this.at + left)
    this.end = this.at + needed
  }

  /** The next whole request, never empty; undefined: more bytes are needed, or `error` is set. */
  next(): string[] | undefined {
    if (this.argumentsLeft === 0) {
      const argv = this.nextWhole()
      if (argv !== undefined) return argv
    }
    return this.nextStepwise()
  }

  /**
   * The short path: a multibulk request of not many arguments that is all there. Works on locals and gives up, having
   * changed nothing, at anything out of the ordinary.
   */
  private nextWhole(): string[] | undefined {
    const {bytes, end} = this
    let at = this.at
    // The shortest request is *1, $0: eleven bytes.
    if (end - at < 11 || bytes[at] !== STAR || !this.trusted || end - at > SHORT_PATH_BYTES_MAX) return undefined
    let count = bytes[at + 1]! - 48
    if (count < 1 || count > 9) return undefined
    if (bytes[at + 2] !== CR) {
      const digit = bytes[at + 2]! - 48
      if (digit < 0 || digit > 9 || bytes[at + 3] !== CR) return undefined
      count = count * 10 + digit
      if (count > SHORT_PATH_ARGUMENTS_MAX) return undefined
      at++
    }
    at += 4
    const argv = emptyArguments(count)
    for (let i = 0; i < count; i++) {
      if (at + 3 >= end || bytes[at] !== DOLLAR) return undefined
      let length = bytes[at + 1]! - 48
      if (length < 0 || length > 9) return undefined
      at += 2
      let code = bytes[at]!
      while (code !== CR) {
        // A leading zero or an absurd length is for the careful path to judge.
        if (code < 48 || code > 57 || length === 0 || length > SHORT_PATH_BYTES_MAX) return undefined
        length = length * 10 + code - 48
        if (++at >= end) return undefined
        code = bytes[at]!
      }
      at += 2
      const next = at + length + 2
      if (next > end) return undefined
      if (i === 0 && length > 0 && length <= NAME_BYTES_MAX) argv[0] = nameText(bytes, at, length)
      else argv[i] = length <= SHORT_BYTES_MAX ? shortText(bytes, at, length) : bytes.latin1Slice(at, at + length)
      at = next
    }
    this.at = at
    this.searched = 0
    return argv
  }

  private nextStepwise(): string[] | undefined {
    while (this.error === undefined) {
      if (this.argumentsLeft > 0) return this.readArguments()
      if (this.at >= this.end) return undefined
      if (this.bytes[this.at] !== STAR) {
        const argv = this.readInline()
        if (argv === undefined || argv.length > 0) return argv
        continue
      }
      const count = this.readLength('too big mbulk count string')
      if (count === undefined) return undefined
      if (Number.isNaN(count) || count > ARGUMENTS_MAX) return this.fail('invalid multibulk length')
      if (!this.trusted && count > UNTRUSTED_ARGUMENTS_MAX) return this.fail('unauthenticated multibulk length')
      if (count <= 0) continue
      this.argumentsLeft = count
      this.argv = []
      this.requestBytes = 0
    }
    return undefined
  }

  private fail(reason: string): undefined {
    this.error = reason
    // Keeps `next` off its short path for ever, without a look at `error` there.
    this.argumentsLeft = 1
    return undefined
  }

  private readArguments(): string[] | undefined {
    const {argv} = this
    while (this.argumentsLeft > 0) {
      if (this.bulkLength < 0) {
        if (this.at >= this.end) return undefined
        const first = this.bytes[this.at]!
        if (first !== DOLLAR) return this.fail(`expected '$', got '${String.fromCharCode(first)}'`)
        const length = this.readLength('too big bulk count string')
        if (length === undefined) return undefined
        if (!(length >= 0 && length <= this.limits.bulkBytesMax)) return this.fail('invalid bulk length')
        if (!this.trusted && length > UNTRUSTED_BULK_BYTES_MAX) return this.fail('unauthenticated bulk length')
        this.bulkLength = length
        this.requestBytes += length + ARGUMENT_OVERHEAD_BYTES
        if (this.requestBytes > this.limits.requestBytesMax) return this.fail(REQUEST_TOO_BIG)
      }
      const length = this.bulkLength
      const {at} = this
      if (this.end - at < length + 2) return undefined
      // The two bytes after the argument are skipped unread, as Redis does.
      argv.push(length <= SHORT_BYTES_MAX ? shortText(this.bytes, at, length) : this.bytes.latin1Slice(at, at + length))
      this.at = at + length + 2
      this.bulkLength = -1
      this.argumentsLeft--
    }
    this.argv = []
    return argv
  }

  /**
   * The number after the type byte at `at`, and skips its line.
   *
   * @returns undefined: incomplete, or too long a line (then `error` is set); NaN: not a number
   */
  private readLength(tooLong: string): number | undefined {
    const {bytes, end} = this
    let index = this.at + 1
    let code = index < end ? bytes[index]! : 0
    const negative = code === MINUS
    if (negative) index++
    let value = 0
    let digits = 0
    // No more digits than judging needs: a line of digits without end must not be walked again with every byte.
    while (index < end && digits < 20) {
      code = bytes[index]!
      if (code < 48 || code > 57) break
      value = value * 10 + code - 48
      digits++
      index++
    }
    if (index + 1 >= end || code !== CR) return this.readLengthSlowly(tooLong)
    this.at = index + 2
    // A search that an earlier chunk began was for the end of this line.
    this.searched = 0
    if (digits === 0 || digits > 18 || (digits > 1 && bytes[index - digits] === 48)) return Number.NaN
    return negative ? -value : value
  }

  /** The line is not whole, or not a number. */
  private readLengthSlowly(tooLong: string): number | undefined {
    const cr = this.findByte(CR)
    if (cr < 0) return this.end - this.at > LINE_BYTES_MAX ? this.fail(tooLong) : undefined
    if (cr + 1 >= this.end) return undefined
    this.at = cr + 2
    return Number.NaN
  }

  private findByte(byte: number): number {
    const found = this.bytes.subarray(0, this.end).indexOf(byte, this.at + this.searched)
    this.searched = found < 0 ? this.end - this.at : 0
    return found
  }

  /** @returns undefined: incomplete or wrong; empty: a blank line */
  private readInline(): string[] | undefined {
    const argv = this.searched === 0 ? this.readPlainLine() : undefined
    return argv ?? this.readLine()
  }

  /** The short path for a line: words without quotes, blanks between them; gives up as `nextWhole` does. */
  private readPlainLine(): string[] | undefined {
    const {bytes} = this
    const end = Math.min(this.end, this.at + PLAIN_LINE_BYTES_MAX)
    const argv: string[] = []
    let at = this.at
    while (at < end) {
      const start = at
      let code = bytes[at]!
      while (code > BLANK && code !== DOUBLE_QUOTE && code !== SINGLE_QUOTE) {
        if (++at >= end) return undefined
        code = bytes[at]!
      }
      const length = at - start
      if (length > SHORT_BYTES_MAX) argv.push(bytes.latin1Slice(start, at))
      else if (length > 0)
        argv.push(argv.length === 0 ? nameText(bytes, start, length) : shortText(bytes, start, length))
      at++
      if (code === BLANK) continue
      if (code === CR && (at >= end || bytes[at++] !== LF)) return undefined
      if (code !== CR && code !== LF) return undefined
      this.at = at
      return argv
    }
    return undefined
  }

  private readLine(): string[] | undefined {
    const lf = this.findByte(LF)
    if (lf < 0) return this.end - this.at > LINE_BYTES_MAX ? this.fail('too big inline request') : undefined
    const lineEnd = lf > this.at && this.bytes[lf - 1] === CR ? lf - 1 : lf
    const line = this.bytes.toString('latin1', this.at, lineEnd)
    this.at = lf + 1
    try {
      return splitInline(line)
    } catch (error) {
      if (error instanceof InlineSyntaxError) return this.fail(error.message)
      throw error
    }
  }
}

/** Copied for requests of more arguments than are spelled out below. */
const EMPTY_ARGUMENTS: readonly (readonly string[])[] = Array.from({length: SHORT_PATH_ARGUMENTS_MAX + 1}, (_, count) =>
  Array.from({length: count}, () => ''),
)

/** An array of the right size at once: growing one costs more than filling it. @param count - 1..SHORT_PATH_ARGUMENTS_MAX */
function emptyArguments(count: number): string[] {
  switch (count) {
    case 1:
      return ['']
    case 2:
      return ['', '']
    case 3:
      return ['', '', '']
    case 4:
      return ['', '', '', '']
    case 5:
      return ['', '', '', '', '']
    default:
      return EMPTY_ARGUMENTS[count]!.slice()
  }
}

function capacityFor(bytes: number): number {
  let capacity = 1024
  while (capacity < bytes) capacity *= 2
  return capacity
}
