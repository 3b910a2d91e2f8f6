import {RdbError} from '../../../protocol/rdb/reader.js'
import type {RdbSet} from '../../../protocol/rdb/set.js'
import {isInt64Text, type ObjectValue, type ValueDigest} from '../../keyspace/value.js'
import {MemberTable} from '../table/member-table.js'
import {Intset} from './intset.js'

/** Rough bytes beside the members: the objects themselves, and per member of a table its node, bucket and string header. */
const OBJECT_BYTES = 96
const MEMBER_BYTES = 40

/**
 * A set: packed while all members are integers and few, else a table. It never goes back to packed.
 *
 * Members have places 0..size-1, so that a random place is a random member; which place changes with every removal.
 */
export class SetValue implements ObjectValue {
  readonly type = 'set'
  private ints: Intset | undefined
  private table: MemberTable | undefined

  /** @param isPacked - it may hold integers only, so far */
  constructor(isPacked: boolean) {
    this.ints = isPacked ? new Intset() : undefined
    this.table = isPacked ? undefined : new MemberTable()
  }

  /** An empty set as Redis creates one to take `member`. */
  static for(member: string): SetValue {
    return new SetValue(isInt64Text(member))
  }

  /** @param intsetMax - the setting set-max-intset-entries @throws RdbError for a member that is there twice */
  static fromRdb(rdb: RdbSet, intsetMax: number): SetValue {
    const set = new SetValue(rdb.encoding === 'intset' || rdb.members.length <= intsetMax)
    if (rdb.encoding === 'intset') {
      set.ints = Intset.fromBlob(rdb.blob)
      if (set.ints.size > intsetMax) set.convert(set.ints)
    } else {
      set.table?.reserve(rdb.members.length)
      for (const member of rdb.members) {
        if (!set.add(member, intsetMax)) throw new RdbError('a member twice')
      }
    }
    return set
  }

  get size(): number {
    return this.table === undefined ? this.ints!.size : this.table.size
  }

  /** SSCAN shows packed sets whole. */
  get isPacked(): boolean {
    return this.table === undefined
  }

  has(member: string): boolean {
    return this.table === undefined ? this.ints!.has(member) : this.table.find(member) >= 0
  }

  /**
   * @param member - a flat string of its own, for it is kept
   * @param intsetMax - the setting set-max-intset-entries
   * @returns whether it was not there
   */
  add(member: string, intsetMax: number): boolean {
    if (this.table !== undefined) return this.table.add(member) < 0
    const ints = this.ints!
    const isAdded = ints.add(member)
    if (isAdded === undefined) return this.convert(ints).add(member) < 0
    if (isAdded && ints.size > intsetMax) this.convert(ints)
    return isAdded
  }

  private convert(ints: Intset): MemberTable {
    const table = new MemberTable()
    const {size} = ints
    for (let place = 0; place < size; place++) table.add(ints.at(place))
    this.ints = undefined
    this.table = table
    return table
  }

  /** @returns whether it was there */
  remove(member: string): boolean {
    return this.table === undefined ? this.ints!.remove(member) : this.table.remove(member) >= 0
  }

  at(place: number): string {
    return this.table === undefined ? this.ints!.at(place) : this.table.at(place)
  }

  removeAt(place: number): void {
    if (this.table === undefined) this.ints!.removeAt(place)
    else this.table.removeAt(place)
  }

  members(): string[] {
    const members: string[] = []
    const {size} = this
    for (let place = 0; place < size; place++) members.push(this.at(place))
    return members
  }

  encoding(): string {
    return this.isPacked ? 'intset' : 'hashtable'
  }

  copy(): SetValue {
    const copy = new SetValue(this.isPacked)
    copy.ints = this.ints?.copy()
    copy.table = this.table?.copy()
    return copy
  }

  sizeBytes(): number {
    const {table} = this
    if (table === undefined) return OBJECT_BYTES + this.ints!.byteLength
    return OBJECT_BYTES + MEMBER_BYTES * table.size + table.textBytes
  }

  toRdb(): RdbSet {
    if (this.table === undefined) return {blob: this.ints!.toBlob(), encoding: 'intset', type: 'set'}
    return {encoding: 'hashtable', members: this.members(), type: 'set'}
  }

  addToDigest(digest: ValueDigest): void {
    for (const member of this.members()) digest.xor(member)
  }
}
