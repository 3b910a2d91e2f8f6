import {ChunkOutput} from '../chunk-output.js'

const CR = 13
const LF = 10
const DOLLAR = 36
const STAR = 42
const ZERO = 48
/** Numbers of three digits at most. */
const SHORT_MAX = 1000

/** Writes commands as an append only file has them: `*2\r\n$3\r\nGET\r\n$1\r\nk\r\n`. Text is binary (latin1). */
export class AofOutput extends ChunkOutput {
  /** @param count - of the arguments that follow, the command's name included */
  head(count: number): void {
    this.line(STAR, count)
  }

  argument(text: string): void {
    this.line(DOLLAR, text.length)
    this.raw(text)
    this.reserve(2)
    const {at, bytes} = this
    bytes[at] = CR
    bytes[at + 1] = LF
    this.at = at + 2
  }

  /** A command with few arguments. */
  command(...argv: readonly string[]): void {
    this.commandOf(argv)
  }

  commandOf(argv: readonly string[]): void {
    this.head(argv.length)
    for (let i = 0; i < argv.length; i++) this.argument(argv[i]!)
  }

  /** @param bytes - of which the first `length` are the argument */
  argumentBytes(bytes: Uint8Array, length: number): void {
    this.line(DOLLAR, length)
    this.piece(bytes, length)
    this.reserve(2)
    const {at} = this
    this.bytes[at] = CR
    this.bytes[at + 1] = LF
    this.at = at + 2
  }

  /** A mark and a number, digit by digit: nearly all are short, and making a string of one costs more than writing it. */
  private line(mark: number, value: number): void {
    if (value >= SHORT_MAX) {
      this.raw(`${String.fromCharCode(mark)}${value}\r\n`)
      return
    }
    this.reserve(6)
    const {bytes} = this
    let {at} = this
    bytes[at++] = mark
    if (value >= 100) bytes[at++] = ZERO + Math.floor(value / 100)
    if (value >= 10) bytes[at++] = ZERO + (Math.floor(value / 10) % 10)
    bytes[at++] = ZERO + (value % 10)
    bytes[at++] = CR
    bytes[at++] = LF
    this.at = at
  }
}
