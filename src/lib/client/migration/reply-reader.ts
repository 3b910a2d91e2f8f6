import {CliError} from '../../kernel/errors.js'
import {NodeReplyError} from '../reply-error.js'

/** A RESP2 reply. Bulk strings are latin1 text, one character per byte, so that keys stay binary-safe. */
export type WireReply = string | number | null | NodeReplyError | WireReply[]

/** Thrown inside the reader when a reply is not complete yet; one object, since it happens on every chunk. */
const INCOMPLETE = Symbol('incomplete')

/** In place of an array whose elements follow. */
const BEGUN = Symbol('begun')

interface OpenArray {
  readonly items: WireReply[]
  readonly length: number
}

/** No reply the migration asks for comes near this; more means that the peer is no Redis node. */
const DEPTH_MAX = 8

/** Statuses, errors and lengths are far shorter. */
const LINE_BYTES_MAX = 64 * 1024
const TYPES = '+-:$*'

/**
 * Takes chunks off a socket and gives whole replies.
 *
 * The work is done on latin1 text, since `indexOf` and `slice` on strings are what V8 does fastest: a window of slots is
 * thousands of short replies.
 */
export class ReplyReader {
  private text = ''
  private at = 0
  /** What came after `text` while `missing` was more than nothing. */
  private readonly later: string[] = []
  /** Bytes without which the bulk string at hand is not whole: before they are here, looking is a waste. */
  private missing = 0
  /** Arrays begun, each within the one before: what came of a long one is not read again with every chunk. */
  private readonly open: OpenArray[] = []

  /** Bytes that wait for the rest of their reply. */
  get pendingLength(): number {
    return this.text.length - this.at + this.later.reduce((sum, chunk) => sum + chunk.length, 0)
  }

  push(chunk: Buffer): void {
    const fresh = chunk.toString('latin1')
    this.missing -= fresh.length
    if (this.missing > 0) {
      // Joined once: a big value comes in thousands of chunks, and each look at it would copy what is there.
      this.later.push(fresh)
      return
    }
    this.missing = 0
    const rest = this.at === this.text.length ? '' : this.text.slice(this.at)
    this.text = this.later.length === 0 ? rest + fresh : [rest, ...this.later.splice(0), fresh].join('')
    this.at = 0
  }

  /**
   * @returns the next whole reply; undefined if it has not all arrived
   * @throws {CliError} UNREACHABLE on bytes that are no RESP2
   */
  next(): WireReply | undefined {
    if (this.at === this.text.length || this.missing > 0) return undefined
    for (;;) {
      const start = this.at
      try {
        const read = this.read()
        const whole = read === BEGUN ? undefined : this.place(read)
        if (whole !== undefined) return whole
      } catch (error) {
        if (error !== INCOMPLETE) throw error
        this.at = start
        return undefined
      }
    }
  }

  /** Into the array at hand. @returns the reply that is whole with it, if one is */
  private place(reply: WireReply): WireReply | undefined {
    let whole = reply
    for (let array = this.open.at(-1); array !== undefined; array = this.open.at(-1)) {
      array.items.push(whole)
      if (array.items.length < array.length) return undefined
      this.open.pop()
      whole = array.items
    }
    return whole
  }

  private line(): string {
    const end = this.text.indexOf('\r\n', this.at)
    if (end < 0) {
      if (this.text.length - this.at > LINE_BYTES_MAX) throw notRedis('a line without end')
      throw INCOMPLETE
    }
    const line = this.text.slice(this.at, end)
    this.at = end + 2
    return line
  }

  private read(): WireReply | typeof BEGUN {
    if (this.open.length > DEPTH_MAX) throw notRedis('replies nest too deep')
    if (this.at === this.text.length) throw INCOMPLETE
    const type = this.text.charCodeAt(this.at++)
    // At once: what is no reply may have no line end either.
    if (!TYPES.includes(String.fromCharCode(type))) throw notRedis(`type byte ${type}`)
    const line = this.line()
    switch (type) {
      case 43: // +
        return line
      case 45: // -
        return new NodeReplyError(Buffer.from(line, 'latin1').toString())
      case 58: // :
        return count(line)
      case 36: // $
        return this.bulk(count(line))
      default: // *
        return this.array(count(line))
    }
  }

  private bulk(length: number): string | null {
    if (length < 0) return null
    const have = this.text.length - this.at
    if (have < length + 2) {
      this.missing = length + 2 - have
      throw INCOMPLETE
    }
    const value = this.text.slice(this.at, this.at + length)
    this.at += length + 2
    return value
  }

  private array(length: number): WireReply | typeof BEGUN {
    if (length < 0) return null
    if (length === 0) return []
    this.open.push({items: [], length})
    return BEGUN
  }
}

function count(line: string): number {
  const value = Number(line)
  if (!Number.isSafeInteger(value) || line === '') throw notRedis(`number ${JSON.stringify(line.slice(0, 40))}`)
  return value
}

function notRedis(what: string): CliError {
  return new CliError('UNREACHABLE', `the peer does not speak the Redis protocol: ${what}`)
}
