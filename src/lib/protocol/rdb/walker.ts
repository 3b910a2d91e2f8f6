import {crc64} from '../crc64.js'
import {ChunkCursor, INCOMPLETE} from './chunk-cursor.js'
import {fitsPayload} from './dump.js'
import {CHECKSUM_LENGTH, MAGIC_LENGTH, NO_CHECKSUM, OP} from './file-format.js'
import {PartSkipper} from './part-skipper.js'
import {RdbError} from './reader.js'
import {type Part, type Shape, shapeOf} from './shape.js'

/**
 * Walks an RDB file that comes in chunks (wire.md 3.1) and tells what stands in it, one item at a time. Values are not
 * understood, only skipped: an RDB file holds the same bytes of a value as a DUMP payload, so cutting them out at the
 * right place makes one.
 *
 *     magic  (aux | function | select | sizes | slot | module-aux | [expiry] [freq | idle] type key value)*  end checksum
 *
 * Where a chunk ends does not matter (`part-skipper.ts`).
 */
export type RdbItem =
  | {readonly kind: 'header'; readonly version: number; readonly valkey: boolean}
  | {readonly kind: 'aux'; readonly name: string; readonly value: string}
  /** The source of a library, with its `#!lua name=...`; binary (latin1) like all text here. */
  | {readonly kind: 'function'; readonly code: string}
  | {readonly kind: 'module-aux'}
  | RdbKey
  /** `none`: the node was told not to compute one. */
  | {readonly kind: 'end'; readonly checksum: 'ok' | 'none' | 'wrong'}

export interface RdbKey {
  readonly kind: 'key'
  readonly database: number
  readonly key: string
  /** The type byte. */
  readonly type: number
  /** Of the value in the file. */
  readonly bytes: number
  /** Absolute, Unix time in milliseconds. */
  readonly expireAtMs?: number
  /** What DUMP would give; only if the walker keeps values, and it is not too long to be carried (`fitsPayload`). */
  readonly payload?: string
}

export interface WalkOptions {
  /** Give payloads. Then the longest value is held in memory, otherwise nothing but one chunk. */
  readonly keepValues: boolean
}

const MAGIC = /^(?:REDIS(\d{4})|VALKEY(\d{3}))$/
const SLOT_IMPORT: readonly Part[] = ['string', {each: ['length', 'length']}]
const MODULE_AUX: readonly Part[] = ['length', 'length', 'length', 'module']
type Pending =
  | {readonly kind: 'skip'}
  | {readonly kind: 'module-aux'}
  | {readonly kind: 'key'; readonly key: string; readonly type: number; readonly shape: Shape; readonly offset: number}

export class RdbWalker {
  private readonly cursor = new ChunkCursor()
  private readonly skipper = new PartSkipper(this.cursor)
  private pending: Pending | undefined
  private header: {readonly version: number; readonly valkey: boolean} | undefined
  private database = 0
  private expireAtMs: number | undefined
  private ended = false

  constructor(private readonly options: WalkOptions) {}

  /** Bytes held in memory. */
  get heldBytes(): number {
    return this.cursor.heldBytes
  }

  /** Copies the chunk; the caller may use it again. */
  push(chunk: Uint8Array): void {
    this.cursor.push(chunk)
  }

  /**
   * @returns the next item; undefined if it has not all arrived, or after the end
   * @throws {RdbError} on bytes that are no RDB file, a type that nobody knows, or bytes after the end
   */
  next(): RdbItem | undefined {
    const {cursor} = this
    if (this.ended) {
      if (cursor.left > 0) throw new RdbError(`bytes after the end, at ${cursor.offset}`)
      return undefined
    }
    try {
      for (;;) {
        const item = this.pending ? this.finishPending() : this.readHead()
        if (item) return item
      }
    } catch (error) {
      if (error === INCOMPLETE) return undefined
      throw error
    }
  }

  /** @throws {RdbError} if the file has not come to its end */
  requireEnd(): void {
    if (!this.ended) throw new RdbError(`the file ends early, at ${this.cursor.offset + this.cursor.left}`)
  }

  /** Reads what stands before a value, whole or not at all. @returns undefined if that was no item by itself */
  private readHead(): RdbItem | undefined {
    const {cursor} = this
    const start = cursor.at
    try {
      const item = this.header ? this.readOperation() : this.readHeader()
      if (!this.pending || !this.options.keepValues) cursor.keep = cursor.at
      return item
    } catch (error) {
      cursor.at = start
      throw error
    }
  }

  private readHeader(): RdbItem {
    const match = MAGIC.exec(this.cursor.text(MAGIC_LENGTH))
    if (!match) throw new RdbError('not an RDB file')
    this.header = {version: Number(match[1] ?? match[2]), valkey: match[1] === undefined}
    return {kind: 'header', ...this.header}
  }

  private readOperation(): RdbItem | undefined {
    const {cursor} = this
    const operation = cursor.byte()
    switch (operation) {
      case OP.aux:
        return {kind: 'aux', name: cursor.string(), value: cursor.string()}
      case OP.function2:
        return {kind: 'function', code: cursor.string()}
      case OP.database:
        this.database = cursor.length()
        return undefined
      case OP.sizes:
        return this.skipLengths(2)
      case OP.slotInfo:
        return this.skipLengths(3)
      case OP.idle:
        return this.skipLengths(1)
      case OP.freq:
        cursor.byte()
        return undefined
      case OP.expireMs:
        this.expireAtMs = cursor.int64LE()
        return undefined
      case OP.expireSeconds:
        this.expireAtMs = cursor.int32LE() * 1000
        return undefined
      case OP.moduleAux:
        return this.begin({kind: 'module-aux'}, MODULE_AUX)
      case OP.slotImport:
        return this.begin({kind: 'skip'}, SLOT_IMPORT)
      case OP.end:
        return this.readEnd()
      default:
        return this.readKey(operation)
    }
  }

  private skipLengths(count: number): undefined {
    for (let i = 0; i < count; i++) this.cursor.length()
  }

  private readKey(type: number): undefined {
    const {cursor} = this
    const shape = shapeOf(type, this.header?.valkey === true)
    if (!shape) throw new RdbError(`unknown type ${type} at ${cursor.offset - 1}`)
    const key = cursor.string()
    cursor.keep = cursor.at
    return this.begin({kind: 'key', key, type, shape, offset: cursor.offset}, shape.parts)
  }

  private readEnd(): RdbItem {
    const {cursor} = this
    // An older file has no checksum at all, but that is before every version that is still about.
    cursor.need(CHECKSUM_LENGTH)
    const computed = cursor.checksum()
    const stored = cursor.text(CHECKSUM_LENGTH)
    this.ended = true
    return {kind: 'end', checksum: stored === NO_CHECKSUM ? 'none' : stored === computed ? 'ok' : 'wrong'}
  }

  private begin(pending: Pending, parts: readonly Part[]): undefined {
    this.pending = pending
    this.skipper.begin(parts)
  }

  private finishPending(): RdbItem | undefined {
    const {cursor, pending} = this
    try {
      this.skipper.skip()
    } finally {
      if (!this.isKept(pending)) cursor.keep = cursor.at
    }
    this.pending = undefined
    if (pending?.kind === 'module-aux') return {kind: 'module-aux'}
    if (pending?.kind !== 'key') return undefined
    const {key, offset, shape, type} = pending
    const {database, expireAtMs} = this
    this.expireAtMs = undefined
    const bytes = cursor.offset - offset
    const payload = this.isKept(pending) ? this.payload(type, shape) : undefined
    cursor.keep = cursor.at
    return {
      kind: 'key',
      database,
      key,
      type,
      bytes,
      ...(expireAtMs !== undefined && {expireAtMs}),
      ...(payload !== undefined && {payload}),
    }
  }

  /** A value that turns out too long is dropped as soon as that is known. */
  private isKept(pending: Pending | undefined): boolean {
    if (!this.options.keepValues || pending?.kind !== 'key') return false
    return fitsPayload(this.cursor.offset + this.skipper.skipping - pending.offset)
  }

  private payload(type: number, {version}: Shape): string {
    const {fromCharCode} = String
    const body = `${fromCharCode(type)}${this.cursor.textSince(this.cursor.keep)}${fromCharCode(version, 0)}`
    return body + crc64(body)
  }
}
