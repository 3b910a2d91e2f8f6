import {ChunkBuffer} from '../chunk-buffer.js'

/** A reply of RESP2 or RESP3. Texts are binary strings, numbers are as they came; a map's items are key, value, key, ... */
export type Reply =
  | {readonly kind: ScalarKind; readonly text: string}
  | {readonly kind: AggregateKind; readonly items: readonly Reply[]}

/** `verbatim` without its format; `boolean` is `t` or `f`; the text of `nil` is empty. */
export type ScalarKind = 'status' | 'error' | 'integer' | 'bulk' | 'nil' | 'double' | 'boolean' | 'bignum' | 'verbatim'
export type AggregateKind = 'array' | 'map' | 'set' | 'push'

/** Bytes that are no reply. */
export class ReplySyntaxError extends Error {
  override readonly name = 'ReplySyntaxError'
}

interface Open {
  readonly kind: AggregateKind | 'attribute'
  readonly items: Reply[]
  /** Items still to come; > 0. */
  left: number
}

const LINES: Readonly<Record<string, ScalarKind>> = {
  '+': 'status',
  '-': 'error',
  ':': 'integer',
  '#': 'boolean',
  ',': 'double',
  '(': 'bignum',
  _: 'nil',
}
const BULKS: Readonly<Record<string, ScalarKind>> = {'!': 'error', $: 'bulk', '=': 'verbatim'}
const AGGREGATES: Readonly<Record<string, Open['kind']>> = {
  '%': 'map',
  '*': 'array',
  '>': 'push',
  '|': 'attribute',
  '~': 'set',
}

const NIL: Reply = {kind: 'nil', text: ''}
const LF = 10
/** proto-max-bulk-len as it is by default, which is about what a string can hold. */
const BULK_BYTES_MAX = 512 * 1024 * 1024 - 32
/** No length without a value behind it reserves anything; this bounds the recursion of whoever reads the reply. */
const DEPTH_MAX = 128
/** Statuses, errors and numbers are far shorter. */
const LINE_BYTES_MAX = 1024 * 1024
const LENGTH = /^\d{1,10}$/
/** `txt:` before a verbatim text. */
const FORMAT_LENGTH = 4

/**
 * Replies from bytes, however they are split: push a chunk, take replies with `next` until it answers undefined. What has been read
 * is not read again. Attributes (`|`) are left out.
 */
export class ReplyParser {
  private readonly bytes = new ChunkBuffer()
  private readonly open: Open[] = []
  /** The bulk whose length has been read. */
  private bulk: {readonly kind: ScalarKind; readonly length: number} | undefined

  push(chunk: Uint8Array): void {
    this.bytes.push(chunk)
  }

  /** @throws {ReplySyntaxError} then nothing that follows can be read */
  next(): Reply | undefined {
    for (;;) {
      const part = this.bulk ? this.bulkText(this.bulk) : this.header()
      this.bytes.keep = this.bytes.at
      if (part === 'incomplete') return
      const whole = part && this.closed(part)
      if (whole) return whole
    }
  }

  /** Puts a complete value where it belongs. @returns the reply, once it is all there */
  private closed(value: Reply): Reply | undefined {
    let done = value
    for (let top = this.open.at(-1); top; top = this.open.at(-1)) {
      top.items.push(done)
      top.left--
      if (top.left > 0) return
      this.open.pop()
      if (top.kind === 'attribute') return
      done = {items: top.items, kind: top.kind}
    }
    return done
  }

  /** A line: a value of its own, or the beginning of one. */
  private header(): Reply | 'incomplete' | undefined {
    const end = this.bytes.rest().indexOf(LF)
    if ((end < 0 ? this.bytes.left : end) > LINE_BYTES_MAX) throw new ReplySyntaxError('line too long')
    if (end < 0) return 'incomplete'
    const line = this.bytes.text(end + 1)
    const type = line[0] as string
    const text = line.slice(1, line.endsWith('\r\n') ? -2 : -1)
    const scalar = LINES[type]
    if (scalar) return {kind: scalar, text}
    const isBulk = BULKS[type] !== undefined
    if (!isBulk && AGGREGATES[type] === undefined)
      throw new ReplySyntaxError(`got ${JSON.stringify(type)} as type byte`)
    if (text === '-1') return NIL
    if (!LENGTH.test(text)) throw new ReplySyntaxError('bad length')
    if (isBulk) return this.beginBulk(BULKS[type] as ScalarKind, Number(text))
    return this.beginAggregate(AGGREGATES[type] as Open['kind'], Number(text))
  }

  private beginBulk(kind: ScalarKind, length: number): undefined {
    if (length > BULK_BYTES_MAX) throw new ReplySyntaxError('bulk too long')
    this.bulk = {kind, length}
  }

  private beginAggregate(kind: Open['kind'], length: number): Reply | undefined {
    const left = kind === 'map' || kind === 'attribute' ? length * 2 : length
    if (left === 0) return kind === 'attribute' ? undefined : {items: [], kind}
    if (this.open.length === DEPTH_MAX) throw new ReplySyntaxError('nested too deeply')
    this.open.push({items: [], kind, left})
    return
  }

  private bulkText({kind, length}: {readonly kind: ScalarKind; readonly length: number}): Reply | 'incomplete' {
    const lineEnd = 2
    if (this.bytes.left < length + lineEnd) return 'incomplete'
    const text = this.bytes.text(length)
    if (this.bytes.text(lineEnd) !== '\r\n') throw new ReplySyntaxError('no line end after a bulk')
    this.bulk = undefined
    return {kind, text: kind === 'verbatim' ? text.slice(FORMAT_LENGTH) : text}
  }
}
