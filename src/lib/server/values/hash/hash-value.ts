import {ownString} from '../../../kernel/own-string.js'
import type {RdbHash} from '../../../protocol/rdb/hash.js'
import {RdbError} from '../../../protocol/rdb/reader.js'
import {addToRun, beginRun, endRun} from '../../bulk-run.js'
import type {ObjectValue, ValueDigest} from '../../keyspace/value.js'
import {FieldTable} from './field-table.js'
import {PackedHash} from './packed-hash.js'

/** Rough bytes beside the texts: the objects themselves, and per field of a table its node, bucket and string headers. */
const OBJECT_BYTES = 96
const FIELD_BYTES = 72

/** The settings that say how long a hash stays packed. */
export interface HashLimits {
  readonly hashMaxListpackEntries: number
  readonly hashMaxListpackValue: number
}

/** A hash: packed while its fields are few and short, else a table. It never goes back to packed. */
export class HashValue implements ObjectValue {
  readonly type = 'hash'
  private packed: PackedHash | undefined = new PackedHash()
  private table: FieldTable | undefined = undefined

  /** @throws RdbError for a field that is there twice */
  static fromRdb(rdb: RdbHash, limits: HashLimits): HashValue {
    const hash = new HashValue()
    if (rdb.encoding === 'listpack') {
      const {entries, size} = rdb
      hash.packed = new PackedHash(entries, size)
      if (size > limits.hashMaxListpackEntries) hash.convert(hash.packed)
      return hash
    }
    const {pairs} = rdb
    if (pairs.length / 2 > limits.hashMaxListpackEntries) hash.convert(new PackedHash()).reserve(pairs.length / 2)
    for (let i = 0; i < pairs.length; i += 2) {
      if (!hash.set(pairs[i]!, pairs[i + 1]!, limits)) throw new RdbError('a field twice')
    }
    return hash
  }

  get size(): number {
    return this.table === undefined ? this.packed!.size : this.table.size
  }

  /** HSCAN shows packed hashes whole. */
  get isPacked(): boolean {
    return this.table === undefined
  }

  has(field: string): boolean {
    return this.table === undefined ? this.packed!.has(field) : this.table.has(field)
  }

  get(field: string): string | undefined {
    return this.table === undefined ? this.packed!.get(field) : this.table.get(field)
  }

  /**
   * Makes it a table if any of argv[first..last] is too long for a packed hash: before a command sets any of them, as
   * redis-server does.
   */
  prepareFor(argv: readonly string[], first: number, last: number, limits: HashLimits): void {
    if (this.packed === undefined) return
    for (let i = first; i <= last; i++) {
      if (argv[i]!.length > limits.hashMaxListpackValue) {
        this.convert(this.packed)
        return
      }
    }
  }

  /** Both are kept: flat strings of their own. @returns whether the field is new */
  set(field: string, value: string, limits: HashLimits): boolean {
    if (this.table !== undefined) return this.table.set(field, value)
    const packed = this.packed!
    const valueMax = limits.hashMaxListpackValue
    if (field.length > valueMax || value.length > valueMax) return this.convert(packed).set(field, value)
    const isNew = packed.set(field, value)
    if (packed.size > limits.hashMaxListpackEntries) this.convert(packed)
    return isNew
  }

  private convert(packed: PackedHash): FieldTable {
    const table = new FieldTable()
    const pairs = packed.pairs()
    for (let i = 0; i < pairs.length; i += 2) table.set(ownString(pairs[i]!), ownString(pairs[i + 1]!))
    this.packed = undefined
    this.table = table
    return table
  }

  /** @returns whether it was there */
  delete(field: string): boolean {
    return this.table === undefined ? this.packed!.delete(field) : this.table.delete(field)
  }

  /** field, value, field, value, ... for showing, not for keeping. */
  pairs(): string[] {
    const {table} = this
    if (table === undefined) return this.packed!.pairs()
    const pairs: string[] = []
    const {size} = table
    for (let place = 0; place < size; place++) pairs.push(table.fieldAt(place), table.valueAt(place))
    return pairs
  }

  /** field, value, field, value, ... as bulk strings. */
  writePairs(output: {out: string}): void {
    const {table} = this
    if (table === undefined) {
      this.packed!.writePairs(output)
      return
    }
    const {size} = table
    beginRun()
    for (let place = 0; place < size; place++) {
      const [field, value] = [table.fieldAt(place), table.valueAt(place)]
      addToRun(output, field, 0, field.length)
      addToRun(output, value, 0, value.length)
    }
    endRun(output)
  }

  /** Of a table, 0..size-1: a random place is a random field. */
  fieldAt(place: number): string {
    return this.table!.fieldAt(place)
  }

  valueAt(place: number): string {
    return this.table!.valueAt(place)
  }

  encoding(): string {
    return this.isPacked ? 'listpack' : 'hashtable'
  }

  copy(): HashValue {
    const copy = new HashValue()
    copy.packed = this.packed?.copy()
    copy.table = this.table?.copy()
    return copy
  }

  sizeBytes(): number {
    const {table} = this
    if (table === undefined) return OBJECT_BYTES + this.packed!.entries.length
    return OBJECT_BYTES + FIELD_BYTES * table.size + table.textBytes
  }

  toRdb(): RdbHash {
    const {packed} = this
    if (packed === undefined) return {encoding: 'hashtable', pairs: this.pairs(), type: 'hash'}
    const {entries, size} = packed
    return {encoding: 'listpack', entries, size, type: 'hash'}
  }

  addToDigest(digest: ValueDigest): void {
    const pairs = this.pairs()
    for (let i = 0; i < pairs.length; i += 2) digest.xorMixed(pairs[i]!, pairs[i + 1]!)
  }
}
