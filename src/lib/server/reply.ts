import {addToRun, beginRun, endRun} from './bulk-run.js'

/** Short lines are made once: `:5\r\n` and the like are most of what commands answer. */
const SHARED_MAX = 1024

function linesOf(type: string): readonly string[] {
  return Array.from({length: SHARED_MAX}, (_, number) => `${type}${number}\r\n`)
}

const INTEGERS = linesOf(':')
const BULK_HEADS = linesOf('$')

/**
 * Collects the replies of one client as one binary string; the shell writes it once per chunk of input.
 *
 * RESP2 and RESP3: aggregates, doubles, booleans, nil and verbatim strings take the form the client asked for in HELLO.
 */
export class ReplyWriter {
  /** 2 or 3 */
  resp = 2
  /** What is to be sent, in order. */
  out = ''
  /** Errors written so far; the dispatcher compares it to count failed calls. */
  errorCount = 0
  /** The last error's text, without `-`. */
  lastError = ''

  take(): string {
    const {out} = this
    this.out = ''
    return out
  }

  raw(text: string): void {
    this.out += text
  }

  ok(): void {
    this.out += '+OK\r\n'
  }

  /** @param text - without CR and LF */
  simple(text: string): void {
    this.out += `+${text}\r\n`
  }

  /** @param text - with its code: `ERR syntax error`; CR and LF become spaces */
  error(text: string): void {
    const line = text.includes('\n') || text.includes('\r') ? text.replace(/[\r\n]/g, ' ') : text
    this.errorCount++
    this.lastError = line
    this.out += `-${line}\r\n`
  }

  integer(value: number | bigint): void {
    const isShared = typeof value === 'number' && value >= 0 && value < SHARED_MAX
    this.out += isShared ? INTEGERS[value]! : `:${value}\r\n`
  }

  bulk(text: string): void {
    const {length} = text
    const head = length < SHARED_MAX ? BULK_HEADS[length]! : `$${length}\r\n`
    this.out += `${head}${text}\r\n`
  }

  /** A bulk string, or nil. */
  bulkOrNil(text: string | undefined): void {
    if (text === undefined) this.nil()
    else this.bulk(text)
  }

  nil(): void {
    this.out += this.resp === 3 ? '_\r\n' : '$-1\r\n'
  }

  nilArray(): void {
    this.out += this.resp === 3 ? '_\r\n' : '*-1\r\n'
  }

  /** The header alone; `count` elements must follow. */
  array(count: number): void {
    this.out += `*${count}\r\n`
  }

  /** `count` pairs must follow; a flat array in RESP2. */
  map(count: number): void {
    this.out += this.resp === 3 ? `%${count}\r\n` : `*${count * 2}\r\n`
  }

  set(count: number): void {
    this.out += this.resp === 3 ? `~${count}\r\n` : `*${count}\r\n`
  }

  push(count: number): void {
    this.out += this.resp === 3 ? `>${count}\r\n` : `*${count}\r\n`
  }

  /** @param text - how Redis would print it; see `formatDouble` */
  double(text: string): void {
    if (this.resp === 3) this.out += `,${text}\r\n`
    else this.bulk(text)
  }

  boolean(value: boolean): void {
    if (this.resp === 3) this.out += value ? '#t\r\n' : '#f\r\n'
    else this.out += value ? ':1\r\n' : ':0\r\n'
  }

  /** @param format - three characters; plain bulk in RESP2 */
  verbatim(text: string, format: 'txt' | 'mkd'): void {
    if (this.resp === 3) this.out += `=${text.length + 4}\r\n${format}:${text}\r\n`
    else this.bulk(text)
  }

  bigNumber(digits: string): void {
    if (this.resp === 3) this.out += `(${digits}\r\n`
    else this.bulk(digits)
  }

  /** An array of bulk strings. */
  bulks(items: readonly string[]): void {
    this.array(items.length)
    this.texts(items)
  }

  /** Bulk strings alone: the elements of what was begun before. */
  texts(items: Iterable<string>): void {
    beginRun()
    for (const item of items) addToRun(this, item, 0, item.length)
    endRun(this)
  }

  /** An array of status replies, as HELP answers. */
  simples(items: readonly string[]): void {
    this.array(items.length)
    for (const item of items) this.simple(item)
  }
}
