import {constants} from 'node:buffer'
import {ChunkCursor, INCOMPLETE} from './chunk-cursor.js'
import {EXPIRING_HASHES} from './expiring-hash.js'
import {CHECKSUM_LENGTH, MAGIC_LENGTH, NO_CHECKSUM, OP} from './file-format.js'
import {MODULE_TAG, moduleName} from './module-name.js'
import {PartSkipper} from './part-skipper.js'
import {EmptyValueError, RdbError} from './reader.js'
import {type Shape, shapeOf} from './shape.js'
import {type RdbValue, readValue, STRING_TYPE} from './value.js'

/**
 * Reads an RDB file that comes in chunks (wire.md 3.1): every version from 1 to 12, one item at a time, so that the caller
 * may stop after any of them. Held in memory is one chunk, or the one value that is longer.
 *
 *     magic  (aux | function | module value* | database | sizes | slot | [expiry] [freq | idle] type key value)*  end [checksum]
 *
 * What a peer or a disk may have damaged gives an RdbError, with Redis's words where Redis has some.
 */
export type RdbFileItem =
  | {readonly kind: 'header'; readonly version: number}
  | {readonly kind: 'aux'; readonly name: string; readonly value: string}
  /** The source of a library, with its `#!lua name=...`. */
  | {readonly kind: 'function'; readonly code: string}
  /** Of one of the modules whose data the caller takes. */
  | {readonly kind: 'module-value'; readonly value: number | string}
  | {readonly kind: 'database'; readonly index: number}
  /** About how many keys the database has, and how many with a deadline. */
  | {readonly kind: 'sizes'; readonly size: number; readonly expiresSize: number}
  | RdbFileKey
  /** A key whose value has no elements: Redis passes over it. */
  | {readonly kind: 'empty-key'; readonly key: string}
  /** `none`: the file has none. `unchecked`: nobody wanted to know. */
  | {readonly kind: 'end'; readonly checksum: 'ok' | 'none' | 'unchecked'}

export interface RdbFileKey {
  readonly kind: 'key'
  readonly database: number
  readonly key: string
  /** That no element is there twice is for who makes a value of it to see. */
  readonly value: RdbValue
  /** Unix time in milliseconds; it may have passed. */
  readonly expireAtMs: number | undefined
  readonly idleSeconds: number | undefined
  /** 0..255 */
  readonly frequency: number | undefined
}

export interface RdbReadOptions {
  /** The configuration's `rdbchecksum`: compare the checksum, if the file has one. */
  readonly checksum: boolean
  /** Name of the module whose data beside the keys are wanted. Default: none is. */
  readonly module?: string
}

const VERSION_MAX = 12
/** Before it a file ends without a checksum. */
const VERSION_WITH_CHECKSUM = 5
const MAGIC = /^REDIS(\d{4})$/
const MODULE_PRE_GA = 6
const MODULE_2 = 7

export class RdbFileReader {
  private readonly cursor: ChunkCursor
  private readonly skipper: PartSkipper
  private readonly checksum: boolean
  private readonly module: string | undefined
  /** Amid a module's data. */
  private isInModule = false
  private version = 0
  private database = 0
  private expireAtMs: number | undefined
  private idleSeconds: number | undefined
  private frequency: number | undefined
  /** The key whose value is being waited for; undefined between keys. */
  private key: string | undefined
  private type = 0
  private ended = false

  constructor({checksum, module}: RdbReadOptions) {
    this.checksum = checksum
    this.module = module
    this.cursor = new ChunkCursor(checksum)
    this.skipper = new PartSkipper(this.cursor)
  }

  /** Bytes read, from the start of the file. */
  get offset(): number {
    return this.cursor.offset
  }

  /** Bytes held in memory. */
  get heldBytes(): number {
    return this.cursor.heldBytes
  }

  /** Copies the chunk; the caller may use it again. @throws {RdbError} if a value is too long for this process */
  push(chunk: Uint8Array): void {
    if (this.cursor.heldBytes + chunk.length > constants.MAX_LENGTH) throw new RdbError('a value that is too long')
    this.cursor.push(chunk)
  }

  /**
   * @returns the next item; undefined if it has not all arrived, or after the end
   * @throws {RdbError} on bytes that are no RDB file, or hold what this node cannot keep
   */
  next(): RdbFileItem | undefined {
    if (this.ended) return undefined
    const {cursor} = this
    // Where to go back to if something has not all arrived.
    let start = cursor.at
    try {
      for (;;) {
        const item = this.key === undefined ? this.readOperation() : this.readWaiting(this.key)
        start = cursor.at
        cursor.keep = start
        if (item !== undefined) return item
      }
    } catch (error) {
      if (error !== INCOMPLETE) throw error
      // A value that is waited for is not passed over twice.
      if (this.key === undefined) cursor.at = start
      return undefined
    }
  }

  /** The file has come to its end. */
  get isWhole(): boolean {
    return this.ended
  }

  /** Bytes behind the end that have arrived: an old append only file goes on there. Good until the next `push`. */
  rest(): Uint8Array {
    return this.cursor.rest()
  }

  /** @throws {RdbError} if the file has not come to its end */
  requireEnd(): void {
    if (!this.ended) throw new RdbError('Unexpected EOF reading RDB file')
  }

  private readOperation(): RdbFileItem | undefined {
    if (this.version === 0) return this.readHeader()
    if (this.isInModule) return this.readModuleValue()
    const {cursor} = this
    const operation = cursor.byte()
    if (operation === STRING_TYPE) return this.keyOf(cursor.string(), cursor.string())
    switch (operation) {
      case OP.aux:
        return {kind: 'aux', name: cursor.string(), value: cursor.string()}
      case OP.function2:
        return {kind: 'function', code: cursor.string()}
      case OP.functionOld:
        return this.readOldFunction()
      case OP.database: {
        const index = cursor.length()
        this.database = index
        return {kind: 'database', index}
      }
      case OP.sizes:
        return {kind: 'sizes', size: cursor.length(), expiresSize: cursor.length()}
      case OP.slotInfo:
        for (let i = 0; i < 3; i++) cursor.length()
        return undefined
      case OP.moduleAux:
        return this.readModule()
      case OP.end:
        return this.readEnd()
      default:
        return this.readKeyFact(operation)
    }
  }

  private readHeader(): RdbFileItem {
    const match = MAGIC.exec(this.cursor.text(MAGIC_LENGTH))
    if (!match) throw new RdbError('Wrong signature trying to load DB from file')
    const version = Number(match[1])
    if (version < 1 || version > VERSION_MAX) throw new RdbError(`Can't handle RDB format version ${version}`)
    this.version = version
    return {kind: 'header', version}
  }

  /** Its id, and when it wrote what follows: before or after the keys. */
  private readModule(): undefined {
    const {cursor} = this
    const name = moduleName(cursor)
    if (name !== this.module) {
      throw new RdbError(`The RDB file contains AUX module data I can't load: no matching module '${name}'`)
    }
    cursor.length()
    cursor.length()
    this.isInModule = true
  }

  private readModuleValue(): RdbFileItem | undefined {
    const {cursor} = this
    const tag = cursor.length()
    if (tag === MODULE_TAG.number) return {kind: 'module-value', value: cursor.length()}
    if (tag === MODULE_TAG.text) return {kind: 'module-value', value: cursor.string()}
    if (tag !== MODULE_TAG.end) throw new RdbError(`a tag ${tag} in a module's data, at ${cursor.offset - 1}`)
    this.isInModule = false
    return undefined
  }

  /** Of release candidates of 7.0: name, engine, whether there is a description, the description, the source. */
  private readOldFunction(): RdbFileItem {
    const {cursor} = this
    const name = cursor.string()
    const engine = cursor.string()
    if (cursor.length() !== 0) cursor.string()
    return {kind: 'function', code: `#!${engine.toLowerCase()} name=${name}\n${cursor.string()}`}
  }

  /** What stands before a key, or a key whose value is no string. */
  private readKeyFact(operation: number): RdbFileItem | undefined {
    const {cursor} = this
    switch (operation) {
      case OP.expireMs:
        this.expireAtMs = cursor.int64LE()
        return undefined
      case OP.expireSeconds:
        this.expireAtMs = cursor.int32LE() * 1000
        return undefined
      case OP.idle:
        this.idleSeconds = cursor.length()
        return undefined
      case OP.freq:
        this.frequency = cursor.byte()
        return undefined
      default:
        return this.readKey(operation)
    }
  }

  private readKey(type: number): undefined {
    const {cursor} = this
    const shape = this.shapeOf(type)
    const key = cursor.string()
    if (type === MODULE_2) {
      const name = moduleName(cursor)
      throw new RdbError(`The RDB file contains module data I can't load: no matching module type '${name}'`)
    }
    this.key = key
    this.type = type
    this.skipper.begin(shape.parts)
  }

  private shapeOf(type: number): Shape {
    if (type === MODULE_PRE_GA) throw new RdbError('Pre-release module format not supported')
    const shape = shapeOf(type, false)
    if (shape === undefined) throw new RdbError(`Unknown RDB encoding type ${type}, at ${this.cursor.offset - 1}`)
    return shape
  }

  /** The value is read once it is there as a whole. */
  private readWaiting(key: string): RdbFileItem {
    this.skipper.skip()
    this.key = undefined
    const reader = this.cursor.keptReader()
    try {
      const value = EXPIRING_HASHES.get(this.type)?.(reader) ?? readValue(this.type, reader)
      return this.keyOf(key, value)
    } catch (error) {
      if (!(error instanceof EmptyValueError)) throw error
      this.forgetFacts()
      return {kind: 'empty-key', key}
    }
  }

  private keyOf(key: string, value: RdbValue): RdbFileKey {
    const {database, expireAtMs, frequency, idleSeconds} = this
    this.forgetFacts()
    return {kind: 'key', database, key, value, expireAtMs, idleSeconds, frequency}
  }

  private forgetFacts(): void {
    this.expireAtMs = undefined
    this.idleSeconds = undefined
    this.frequency = undefined
  }

  private readEnd(): RdbFileItem {
    const {cursor} = this
    if (this.version < VERSION_WITH_CHECKSUM) {
      this.ended = true
      return {kind: 'end', checksum: 'none'}
    }
    cursor.need(CHECKSUM_LENGTH)
    const computed = this.checksum ? cursor.checksum() : undefined
    const stored = cursor.text(CHECKSUM_LENGTH)
    this.ended = true
    if (stored === NO_CHECKSUM) return {kind: 'end', checksum: 'none'}
    if (computed === undefined) return {kind: 'end', checksum: 'unchecked'}
    if (stored === computed) return {kind: 'end', checksum: 'ok'}
    const [expected, got] = [hexOf(stored), hexOf(computed)]
    throw new RdbError(`Wrong RDB checksum expected: (${expected}) but got (${got}). Aborting now.`)
  }
}

/** Eight bytes, little-endian, as `%llx` prints them. */
function hexOf(bytes: string): string {
  let value = 0n
  for (let i = CHECKSUM_LENGTH - 1; i >= 0; i--) value = value * 256n + BigInt(bytes.charCodeAt(i))
  return value.toString(16)
}
