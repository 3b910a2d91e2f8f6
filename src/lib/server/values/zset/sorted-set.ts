import {ownString} from '../../../kernel/own-string.js'
import {formatDouble} from '../../../protocol/double.js'
import {RdbError} from '../../../protocol/rdb/reader.js'
import type {ZsetRdb} from '../../../protocol/rdb/zset.js'
import type {ObjectValue, ValueDigest} from '../../keyspace/value.js'
import {LargeMembers} from './large.js'
import {PackedMembers} from './packed.js'
import {type Before, ScoredList, sortScored} from './scored-list.js'

/** Up to where a sorted set stays in its packed form: `zset-max-listpack-entries` and `-value`. */
export interface PackedLimits {
  readonly zsetMaxListpackEntries: number
  readonly zsetMaxListpackValue: number
}

/** A sorted set. Ranks count from 0, ascending by score and then by the bytes of the member. No score is NaN. */
export class SortedSet implements ObjectValue {
  readonly type = 'zset'
  private members: PackedMembers | LargeMembers

  private constructor(members: PackedMembers | LargeMembers) {
    this.members = members
  }

  /** For a member to come. @param length - of that member */
  static forMember(length: number, limits: PackedLimits): SortedSet {
    const isPacked = limits.zsetMaxListpackEntries > 0 && length <= limits.zsetMaxListpackValue
    return new SortedSet(isPacked ? new PackedMembers() : new LargeMembers())
  }

  /** In the form that fits. @param list - any order, members unique; is sorted here */
  static of(list: ScoredList, limits: PackedLimits): SortedSet {
    return SortedSet.build(list, fits(list, limits))
  }

  /** @throws RdbError for a member that is there twice */
  static fromRdb(rdb: ZsetRdb, limits: PackedLimits): SortedSet {
    const list = new ScoredList()
    // The big ones come highest first.
    for (let i = rdb.members.length - 1; i >= 0; i--) list.push(rdb.members[i]!, rdb.scores[i]!)
    // As redis-server: what was packed stays so whatever the length of its members.
    const isPacked = rdb.isPacked ? list.size <= limits.zsetMaxListpackEntries : fits(list, limits)
    if (isPacked && new Set(list.members).size !== list.size) throw new RdbError('a member twice')
    if (isPacked) return SortedSet.build(list, true)
    sortScored(list)
    const large = new LargeMembers()
    for (let i = 0; i < list.size; i++) {
      const member = list.members[i]!
      if (large.scoreOf(member) !== undefined) throw new RdbError('a member twice')
      large.add(member, list.scores[i]!)
    }
    return new SortedSet(large)
  }

  private static build(list: ScoredList, isPacked: boolean): SortedSet {
    sortScored(list)
    return new SortedSet(isPacked ? PackedMembers.of(list) : largeOf(list))
  }

  get size(): number {
    return this.members.size
  }

  get isPacked(): boolean {
    return this.members instanceof PackedMembers
  }

  encoding(): string {
    return this.isPacked ? 'listpack' : 'skiplist'
  }

  scoreOf(member: string): number | undefined {
    return this.members.scoreOf(member)
  }

  /** The member must not be there. */
  add(member: string, score: number, limits: PackedLimits): void {
    const {members} = this
    if (
      members instanceof PackedMembers &&
      (members.size >= limits.zsetMaxListpackEntries || member.length > limits.zsetMaxListpackValue)
    ) {
      this.unpack()
    }
    this.members.add(member, score)
  }

  /** From now on it is in the form of big ones. */
  unpack(): void {
    if (this.members instanceof PackedMembers) this.members = largeOf(this.list())
  }

  /** The member must be there with the score `before`. */
  setScore(member: string, before: number, score: number): void {
    this.members.setScore(member, before, score)
  }

  /** @returns whether it was there */
  remove(member: string): boolean {
    return this.members.remove(member)
  }

  rankOf(member: string): number | undefined {
    const score = this.members.scoreOf(member)
    return score === undefined ? undefined : this.members.rankOf(member, score)
  }

  countBefore(before: Before): number {
    return this.members.countBefore(before)
  }

  /** `count` elements from `rank` on, ascending; all of them must be there. */
  slice(rank: number, count: number): ScoredList {
    const list = new ScoredList()
    this.members.slice(rank, count, list)
    return list
  }

  /** All elements, ascending. */
  list(): ScoredList {
    return this.slice(0, this.size)
  }

  /** All of these elements must be there. */
  removeRange(rank: number, count: number): void {
    this.members.removeRange(rank, count)
  }

  /** See `LargeMembers.scan`; the packed form is shown at once. @returns the next cursor */
  scan(cursor: number, count: number, list: ScoredList): number {
    if (this.members instanceof LargeMembers) return this.members.scan(cursor, count, list)
    this.members.slice(0, this.size, list)
    return 0
  }

  copy(): SortedSet {
    return new SortedSet(this.members instanceof PackedMembers ? this.members.copy() : largeOf(this.list()))
  }

  sizeBytes(): number {
    return this.members.sizeBytes()
  }

  toRdb(): ZsetRdb {
    const {members, scores} = this.list()
    return {isPacked: this.members instanceof PackedMembers, members, scores, type: 'zset'}
  }

  addToDigest(digest: ValueDigest): void {
    const {members, scores} = this.list()
    for (let i = 0; i < members.length; i++) digest.xorMixed(members[i]!, formatDouble(scores[i]!))
  }
}

function fits({members, size}: ScoredList, limits: PackedLimits): boolean {
  if (size > limits.zsetMaxListpackEntries) return false
  return members.every((member) => member.length <= limits.zsetMaxListpackValue)
}

/** @param list - ascending */
function largeOf({members, scores}: ScoredList): LargeMembers {
  const large = new LargeMembers()
  for (let i = 0; i < members.length; i++) large.add(ownString(members[i]!), scores[i]!)
  return large
}
