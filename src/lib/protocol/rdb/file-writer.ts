import {CHUNK_BYTES} from '../chunk-output.js'
import {Crc64} from '../crc64.js'
import {RDB_VERSION} from './dump.js'
import {MAGIC_LENGTH, NO_CHECKSUM, OP} from './file-format.js'
import {MODULE_TAG, moduleId} from './module-name.js'
import {RdbOutput} from './output.js'
import {codecOf, type RdbObject, type RdbValue, typeOf} from './value.js'

/**
 * Writes an RDB file piece by piece, for a file as well as for a replica (wire.md 3.1). The caller walks the keyspace:
 *
 *     aux*, library*, (module, value*, moduleEnd)*, (database, key ...)*, end
 *
 * Bytes leave in chunks of up to 64 KiB. `key` writes about as much as fits one chunk; of a longer value `more` writes the
 * rest in as many steps, so that nobody has to wait for one value. Between the steps the value given must stay as it is.
 */
export interface RdbFileOptions {
  /** The configuration's `rdbcompression`: long strings go through LZF. */
  readonly compress: boolean
  /** The configuration's `rdbchecksum`; without it the file says that none was computed. */
  readonly checksum: boolean
  /** Given each chunk, which is its own; `giveBack` what is not needed any more. */
  readonly emit: (chunk: Uint8Array) => void
}

/** A longer string would be compressed for longer than anybody may be kept waiting. */
const COMPRESS_LENGTH_MAX = 512 * 1024
/** Of a module's data: they stand before the keys. */
const BEFORE_KEYS = 1

/** Parts of a value that are written before looking at how much that was. */
const PARTS_AT_ONCE = 64

export class RdbFileWriter {
  private readonly out: RdbOutput
  private readonly crc = new Crc64()
  private readonly hasChecksum: boolean
  /** The value that is being written; invariant: 0 < nextPart < its parts. */
  private value: RdbObject | undefined
  private nextPart = 0

  constructor({checksum, compress, emit}: RdbFileOptions) {
    this.out = new RdbOutput(compress ? COMPRESS_LENGTH_MAX : 0, (chunk) => {
      if (checksum) this.crc.addBytes(chunk)
      emit(chunk)
    })
    this.hasChecksum = checksum
    this.out.raw(`REDIS${String(RDB_VERSION).padStart(MAGIC_LENGTH - 5, '0')}`)
  }

  /** Bytes written, handed out or not. */
  get bytes(): number {
    return this.out.position
  }

  /** Gives a chunk back that is not needed any more, for another one to be made of its memory. */
  giveBack(chunk: Uint8Array): void {
    this.out.giveBack(chunk)
  }

  aux(name: string, value: string): void {
    const {out} = this
    out.byte(OP.aux)
    out.string(name)
    out.string(value)
  }

  /** @param code - of a library of functions, with its `#!lua name=...` */
  library(code: string): void {
    this.out.byte(OP.function2)
    this.out.string(code)
  }

  /** Values that a module keeps beside the keys follow. @param name - of nine characters @param version - 0..1023 */
  module(name: string, version: number): void {
    const {out} = this
    out.byte(OP.moduleAux)
    out.longLength(moduleId(name, version))
    out.length(MODULE_TAG.number)
    out.length(BEFORE_KEYS)
  }

  /** @param value - a text, or a number from 0 to 2^53 - 1 */
  moduleValue(value: number | string): void {
    const {out} = this
    if (typeof value === 'number') {
      out.length(MODULE_TAG.number)
      out.length(value)
    } else {
      out.length(MODULE_TAG.text)
      out.string(value)
    }
  }

  moduleEnd(): void {
    this.out.length(MODULE_TAG.end)
  }

  /** The keys that follow are in this database. @param size - about how many @param expiresSize - with a deadline */
  database(index: number, size: number, expiresSize: number): void {
    const {out} = this
    out.byte(OP.database)
    out.length(index)
    out.byte(OP.sizes)
    out.length(size)
    out.length(expiresSize)
  }

  /** Before a key: when it expires. @param expireAtMs - Unix time in milliseconds */
  expiry(expireAtMs: number): void {
    this.out.byte(OP.expireMs)
    this.out.int64LE(expireAtMs)
  }

  /** Before a key, after its expiry, if memory is limited by an LRU policy. */
  idle(seconds: number): void {
    this.out.byte(OP.idle)
    this.out.length(seconds)
  }

  /** Before a key, after its expiry, if memory is limited by an LFU policy. @param counter - 0..255 */
  frequency(counter: number): void {
    this.out.byte(OP.freq)
    this.out.byte(counter)
  }

  /** @returns whether all is written; if not, go on with `more` */
  key(key: string, value: RdbValue): boolean {
    const {out} = this
    out.byte(typeOf(value))
    out.string(key)
    if (typeof value === 'string') {
      out.string(value)
      return true
    }
    this.value = value
    this.nextPart = 0
    return this.more()
  }

  /** Goes on with the last key's value. @returns whether all is written */
  more(): boolean {
    const {out, value} = this
    if (value === undefined) return true
    const codec = codecOf(value)
    const parts = codec.partCount(value)
    const stopAt = out.position + CHUNK_BYTES
    while (this.nextPart < parts && out.position < stopAt) {
      const to = Math.min(parts, this.nextPart + PARTS_AT_ONCE)
      codec.encode(value, out, this.nextPart, to)
      this.nextPart = to
    }
    if (this.nextPart < parts) return false
    this.value = undefined
    return true
  }

  /** Ends the file and hands out what is left. Nothing may be written after it. */
  end(): void {
    const {out} = this
    out.byte(OP.end)
    // All but the checksum itself goes into the checksum.
    out.flush()
    out.raw(this.hasChecksum ? this.crc.digest() : NO_CHECKSUM)
    out.flush()
  }
}
