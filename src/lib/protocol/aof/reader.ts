import {TEXT_LENGTH_MAX} from '../bytes.js'
import {ChunkBuffer, INCOMPLETE} from '../chunk-buffer.js'

/**
 * Reads the commands of an append only file that comes in chunks (wire.md 4), one item at a time, so that the caller may
 * stop after any of them.
 *
 *     *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n        a command, as clients send them
 *     #TS:1700000000\r\n                              when the next ones were written; other comments are passed over
 *
 * A file whose end is missing (`end` says so, `wholeBytes` where to cut it) is what a crash leaves behind. Anything else
 * that is no command is damage: AofError.
 */
export type AofItem =
  | {readonly kind: 'command'; readonly argv: string[]}
  /** What stood between MULTI and EXEC: all of it was written, or none of it is read. */
  | {readonly kind: 'transaction'; readonly commands: readonly string[][]}
  | {readonly kind: 'timestamp'; readonly unixSeconds: number}

/** How the file ends: after a whole command, in one, or in a transaction. */
export type AofEnd = 'whole' | 'truncated' | 'in-transaction'

/** The bytes are no append only file. */
export class AofError extends Error {
  override readonly name = 'AofError'

  constructor(
    what: string,
    /** From the start of the file. */
    readonly offset: number,
  ) {
    super(`${what} at ${offset}`)
  }
}

const LINE_BYTES_MAX = 1024
const ARGUMENTS_MAX = 0x7fff_ffff
const CR = 13
const LF = 10
const HASH = 35
const DOLLAR = 36
const STAR = 42
const TIMESTAMP = /^#TS:(\d{1,15})$/

export class AofReader {
  private readonly bytes = new AofBytes()
  private argv: string[] = []
  /** Arguments still to come of the command being read; 0 = between commands. */
  private argumentsLeft = 0
  /** Announced length of the argument being read; -1 = its length comes first. */
  private bulkLength = -1
  /** Between MULTI and EXEC. */
  private queue: string[][] | undefined
  private whole: number

  /** @param start - where in the file the commands begin, if something else stands before them */
  constructor(private readonly start = 0) {
    this.whole = start
  }

  /** Where in the file the last whole command ends, a transaction being one command. */
  get wholeBytes(): number {
    return this.whole
  }

  /** Bytes read, from the start of the file. */
  get offset(): number {
    return this.start + this.bytes.offset
  }

  /** Copies the chunk; the caller may use it again. */
  push(chunk: Uint8Array): void {
    this.bytes.push(chunk)
  }

  /** @returns the next item; undefined if it has not all arrived @throws {AofError} */
  next(): AofItem | undefined {
    const {bytes} = this
    try {
      for (;;) {
        const item = this.argumentsLeft === 0 ? this.readHead() : this.readArgument()
        bytes.keep = bytes.at
        if (item !== undefined) return item
      }
    } catch (error) {
      // Nothing was taken that has to be read again.
      if (error === INCOMPLETE) return undefined
      throw error
    }
  }

  /** How the file ends if nothing more comes. */
  end(): AofEnd {
    if (this.queue !== undefined) return 'in-transaction'
    return this.argumentsLeft === 0 && this.bytes.left === 0 ? 'whole' : 'truncated'
  }

  private readHead(): AofItem | undefined {
    const {bytes} = this
    const first = bytes.peek()
    if (first === HASH) return this.readComment()
    if (first !== STAR) throw this.damaged('no command')
    const count = bytes.count()
    if (count < 1 || count > ARGUMENTS_MAX) throw this.damaged('a wrong number of arguments')
    this.argv = []
    this.argumentsLeft = count
    return undefined
  }

  private readComment(): AofItem | undefined {
    const line = this.bytes.line()
    if (line === undefined) throw this.damaged('a comment without end')
    const unixSeconds = TIMESTAMP.exec(line)?.[1]
    return unixSeconds === undefined ? undefined : {kind: 'timestamp', unixSeconds: Number(unixSeconds)}
  }

  private readArgument(): AofItem | undefined {
    const {argv, bytes} = this
    if (this.bulkLength < 0) {
      if (bytes.peek() !== DOLLAR) throw this.damaged('no argument')
      const length = bytes.count()
      if (length < 0 || length > TEXT_LENGTH_MAX) throw this.damaged('a wrong length')
      this.bulkLength = length
    }
    bytes.need(this.bulkLength + 2)
    argv.push(bytes.text(this.bulkLength))
    if (bytes.byte() !== CR || bytes.byte() !== LF) throw this.damaged('no line end')
    this.bulkLength = -1
    if (--this.argumentsLeft > 0) return undefined
    this.argv = []
    return this.itemOf(argv)
  }

  private itemOf(argv: string[]): AofItem | undefined {
    const {queue} = this
    if (queue === undefined) {
      if (isNamed(argv, 'multi')) {
        this.queue = []
        return undefined
      }
      this.whole = this.offset
      return {kind: 'command', argv}
    }
    if (!isNamed(argv, 'exec')) {
      queue.push(argv)
      return undefined
    }
    this.queue = undefined
    this.whole = this.offset
    return {kind: 'transaction', commands: queue}
  }

  private damaged(what: string): AofError {
    return new AofError(what, this.start + this.bytes.offset)
  }
}

function isNamed([name]: readonly string[], wanted: string): boolean {
  return name!.length === wanted.length && name!.toLowerCase() === wanted
}

class AofBytes extends ChunkBuffer {
  /** @throws INCOMPLETE */
  peek(): number {
    this.need(1)
    return this.bytes[this.at] as number
  }

  /** The number in a line such as `*12\r\n`, the mark being known. @returns -1 if there is none @throws INCOMPLETE */
  count(): number {
    const {bytes, end} = this
    let value = 0
    let at = this.at + 1
    const digitsMax = at + 15
    for (; at < end && at < digitsMax; at++) {
      const digit = (bytes[at] as number) - 48
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    if (at + 1 >= end) {
      // What has come so far must do for an integer.
      if (at < end && (at === this.at + 1 || bytes[at] !== CR)) return -1
      throw INCOMPLETE
    }
    if (at === this.at + 1 || bytes[at] !== CR || bytes[at + 1] !== LF) return -1
    this.at = at + 2
    return value
  }

  /** A short line without its end. @returns undefined if it is too long @throws INCOMPLETE */
  line(): string | undefined {
    const {at, bytes, end} = this
    const found = bytes.subarray(at, Math.min(end, at + LINE_BYTES_MAX)).indexOf(LF)
    if (found < 0) {
      if (end - at >= LINE_BYTES_MAX) return undefined
      throw INCOMPLETE
    }
    this.at = at + found + 1
    return bytes.latin1Slice(at, at + found).replace(/\r$/, '')
  }
}
