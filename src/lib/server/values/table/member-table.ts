import {StringChunks} from './string-chunks.js'
import {hashString} from './string-hash.js'

/** Up to so many members are looked through one by one: an index would cost more time and several times their memory. */
const UNINDEXED_MAX = 16

const SHIFT = 12
const CHUNK = 1 << SHIFT
const MASK = CHUNK - 1
const FIRST_ROOM = 32

/** At which a member was found last, in whatever table. */
let lastPlace = 0

/** Buckets are given back once there are this many per member. */
const BUCKETS_PER_MEMBER_MAX = 2

/**
 * Different strings in places 0..size-1: any is found by its text or its place in constant time.
 *
 * Who is removed leaves his place to the last, so no place is ever empty, a random place is a random member, and members
 * only ever move to lower places. A walk from the highest place down therefore meets every member that stays, whatever is
 * added and removed meanwhile: the place is all that SSCAN's cursor must hold.
 *
 * The index is linear hashing. Per member a node, its hash and the next of its bucket; buckets are split and merged one
 * by one as members come and go, so that no command pays for rehashing all of them:
 *
 *   heads[bucket] -> place + 1, or 0        nodes[2 * place] = hash        nodes[2 * place + 1] -> next place + 1, or 0
 *   bucket of a hash: hash & mask, less the top bit of the mask if there is no such bucket yet
 */
export class MemberTable {
  private members = new StringChunks()
  /** Undefined while there are few members. */
  private heads: Int32Array[] | undefined = undefined
  private nodes: Int32Array[] | undefined = undefined
  private bucketCount = 0
  /** The least 2^k - 1 that is no less than `bucketCount - 1`. */
  private mask = 0

  get size(): number {
    return this.members.length
  }

  /** Makes buckets for so many at once, where many are to come: to split them one by one takes longer than to add. */
  reserve(count: number): void {
    if (this.members.length > 0 || count < CHUNK) return
    this.bucketCount = count
    this.mask = 2 ** (32 - Math.clz32(count - 1)) - 1
    this.heads = Array.from({length: ((count - 1) >>> SHIFT) + 1}, () => new Int32Array(CHUNK))
    this.nodes = [new Int32Array(FIRST_ROOM * 2)]
  }

  get textBytes(): number {
    return this.members.textBytes
  }

  at(place: number): string {
    return this.members.at(place)
  }

  /** @returns its place, or -1 */
  find(member: string): number {
    return this.heads === undefined ? this.search(member) : this.findHashed(member, hashString(member))
  }

  /**
   * `find` of a member that another table was asked for just before: tables that took the same members in the same order
   * have them at the same places.
   */
  findAgain(member: string): number {
    return lastPlace < this.members.length && this.members.at(lastPlace) === member ? lastPlace : this.find(member)
  }

  private search(member: string): number {
    const {members} = this
    for (let place = members.length - 1; place >= 0; place--) if (members.at(place) === member) return place
    return -1
  }

  private findHashed(member: string, hash: number): number {
    const bucket = this.bucketOf(hash)
    let link = this.heads![bucket >>> SHIFT]![bucket & MASK]!
    while (link !== 0) {
      const place = link - 1
      const chunk = this.nodes![place >>> SHIFT]!
      const at = (place & MASK) << 1
      if (chunk[at] === hash && this.members.at(place) === member) {
        lastPlace = place
        return place
      }
      link = chunk[at + 1]!
    }
    return -1
  }

  /**
   * @param member - a flat string of its own, for it is kept
   * @returns the place it has, or -1 if it was added, behind all others
   */
  add(member: string): number {
    if (this.heads === undefined) {
      const place = this.search(member)
      if (place >= 0) return place
      this.addNew(member)
      return -1
    }
    const hash = hashString(member)
    const place = this.findHashed(member, hash)
    if (place >= 0) return place
    this.addHashed(member, hash)
    return -1
  }

  /** `add` of a member that is not there. */
  addNew(member: string): void {
    if (this.heads !== undefined) {
      this.addHashed(member, hashString(member))
      return
    }
    this.members.push(member)
    if (this.members.length > UNINDEXED_MAX) this.buildIndex()
  }

  private addHashed(member: string, hash: number): void {
    this.members.push(member)
    this.link(this.members.length - 1, hash)
    if (this.members.length > this.bucketCount) this.split()
  }

  /** @returns the place it had, which is now the last one's, or -1 */
  remove(member: string): number {
    if (this.heads === undefined) {
      const place = this.search(member)
      if (place >= 0) this.members.removeAt(place)
      return place
    }
    const place = this.findHashed(member, hashString(member))
    if (place >= 0) this.removeAt(place)
    return place
  }

  removeAt(place: number): void {
    const {members} = this
    if (this.heads === undefined) {
      members.removeAt(place)
      return
    }
    this.relink(place, this.node(place)[((place & MASK) << 1) + 1]!)
    const last = members.length - 1
    if (place !== last) {
      const at = (last & MASK) << 1
      const from = this.node(last)
      this.relink(last, place + 1)
      const to = (place & MASK) << 1
      this.node(place)[to] = from[at]!
      this.node(place)[to + 1] = from[at + 1]!
    }
    members.removeAt(place)
    if ((last & MASK) === 0 && last > 0) this.nodes!.pop()
    if (members.length <= UNINDEXED_MAX / 2) this.dropIndex()
    else if (this.bucketCount > members.length * BUCKETS_PER_MEMBER_MAX) this.merge()
  }

  copy(): MemberTable {
    const copy = new MemberTable()
    copy.members = this.members.copy()
    copy.heads = this.heads?.map((chunk) => chunk.slice())
    copy.nodes = this.nodes?.map((chunk) => chunk.slice())
    copy.bucketCount = this.bucketCount
    copy.mask = this.mask
    return copy
  }

  private bucketOf(hash: number): number {
    const bucket = hash & this.mask
    return bucket < this.bucketCount ? bucket : bucket & (this.mask >>> 1)
  }

  private node(place: number): Int32Array {
    return this.nodes![place >>> SHIFT]!
  }

  private buildIndex(): void {
    const {length} = this.members
    this.bucketCount = FIRST_ROOM
    this.mask = FIRST_ROOM - 1
    this.heads = [new Int32Array(FIRST_ROOM)]
    this.nodes = [new Int32Array(FIRST_ROOM * 2)]
    for (let place = 0; place < length; place++) this.link(place, hashString(this.members.at(place)))
  }

  private dropIndex(): void {
    this.heads = undefined
    this.nodes = undefined
  }

  /** Puts a place without node into its bucket. */
  private link(place: number, hash: number): void {
    const chunk = roomFor(this.nodes!, place, 2)
    const bucket = this.bucketOf(hash)
    const heads = this.heads![bucket >>> SHIFT]!
    const at = (place & MASK) << 1
    chunk[at] = hash
    chunk[at + 1] = heads[bucket & MASK]!
    heads[bucket & MASK] = place + 1
  }

  /** Makes what points to `place` point elsewhere. */
  private relink(place: number, to: number): void {
    const bucket = this.bucketOf(this.node(place)[(place & MASK) << 1]!)
    const heads = this.heads![bucket >>> SHIFT]!
    let link = heads[bucket & MASK]!
    if (link === place + 1) {
      heads[bucket & MASK] = to
      return
    }
    for (;;) {
      const chunk = this.node(link - 1)
      const at = (((link - 1) & MASK) << 1) + 1
      link = chunk[at]!
      if (link === place + 1) {
        chunk[at] = to
        return
      }
    }
  }

  /** One more bucket, and to it what belongs there of the bucket that held it so far. */
  private split(): void {
    const added = this.bucketCount++
    if (added > this.mask) this.mask = this.mask * 2 + 1
    const addedHeads = roomFor(this.heads!, added, 1)
    const source = added & (this.mask >>> 1)
    const heads = this.heads![source >>> SHIFT]!
    let link = heads[source & MASK]!
    let stays = 0
    let goes = 0
    while (link !== 0) {
      const chunk = this.node(link - 1)
      const at = ((link - 1) & MASK) << 1
      const next = chunk[at + 1]!
      if ((chunk[at]! & this.mask) === added) {
        chunk[at + 1] = goes
        goes = link
      } else {
        chunk[at + 1] = stays
        stays = link
      }
      link = next
    }
    heads[source & MASK] = stays
    addedHeads[added & MASK] = goes
  }

  /** One bucket fewer: the last one's members go back to where they would be without it. */
  private merge(): void {
    if (this.bucketCount <= FIRST_ROOM) return
    const removed = --this.bucketCount
    const target = removed & (this.mask >>> 1)
    if (removed === (this.mask + 1) >>> 1) this.mask >>>= 1
    const heads = this.heads![target >>> SHIFT]!
    const removedHeads = this.heads![removed >>> SHIFT]!
    let link = removedHeads[removed & MASK]!
    removedHeads[removed & MASK] = 0
    while (link !== 0) {
      const chunk = this.node(link - 1)
      const at = (((link - 1) & MASK) << 1) + 1
      const next = chunk[at]!
      chunk[at] = heads[target & MASK]!
      heads[target & MASK] = link
      link = next
    }
    if ((removed & MASK) === 0) this.heads!.pop()
  }
}

/** The chunk that has room for `index`, made if need be; the first one grows by doubling. */
function roomFor(chunks: Int32Array[], index: number, width: number): Int32Array {
  const number = index >>> SHIFT
  if (number > 0) {
    if (number === chunks.length) chunks.push(new Int32Array(CHUNK * width))
    return chunks[number]!
  }
  const first = chunks[0]!
  if (index * width < first.length) return first
  const grown = new Int32Array(first.length * 2)
  grown.set(first)
  chunks[0] = grown
  return grown
}
