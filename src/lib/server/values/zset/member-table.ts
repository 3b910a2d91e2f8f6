import {hashString} from '../table/string-hash.js'

/**
 * Members by number and numbers by member: every member has a slot number that does not change while it is there.
 *
 * A hash table with chains that grows by one bucket at a time (linear hashing), all of it in chunks: adding the millionth
 * member copies nothing, so it takes no longer than adding the first. About 30 bytes per member beside its string.
 *
 *   bucket of hash h:  h & mask, or h & (2 * mask + 1) if that bucket is already split (it is less than `split`)
 *   buckets:           0 .. mask + split
 *   free slots:        a list through `next`, whose entries are negative
 */
const SLOT_BITS = 9
const SLOTS = 1 << SLOT_BITS
const SLOT_MASK = SLOTS - 1
const BUCKET_BITS = 10
const BUCKETS = 1 << BUCKET_BITS
const BUCKET_MASK = BUCKETS - 1
const FIRST_MASK = 127

/** Per member, beside its own bytes; see the head of the file. */
export const SLOT_BYTES = 30

class Chunk {
  readonly members: string[] = new Array<string>(SLOTS).fill('')
  readonly scores = new Float64Array(SLOTS)
  readonly hashes = new Int32Array(SLOTS)
  /** The next slot of the chain plus 1; 0 = none. Of a free slot: -1 less the next free one plus 1. */
  readonly next = new Int32Array(SLOTS)
}

export class MemberTable {
  size = 0
  /** Of all members. */
  textBytes = 0
  /** Slots 0 to here were in use at some time. */
  used = 0
  private readonly chunks: Chunk[] = []
  private readonly buckets: Int32Array[] = [new Int32Array(BUCKETS)]
  private mask = FIRST_MASK
  private split = 0
  /** First free slot plus 1; 0 = none. */
  private free = 0

  /** What `find` saw last: who did not find a member adds it next. */
  private lastMember: string | undefined = undefined
  private lastHash = 0

  private hash(member: string): number {
    if (member === this.lastMember) return this.lastHash
    const hash = hashString(member)
    this.lastMember = member
    this.lastHash = hash
    return hash
  }

  private bucketOf(hash: number): number {
    const bucket = hash & this.mask
    return bucket < this.split ? hash & (2 * this.mask + 1) : bucket
  }

  /** @returns the member's slot; -1 without it */
  find(member: string): number {
    const hash = this.hash(member)
    const bucket = this.bucketOf(hash)
    let link = this.buckets[bucket >>> BUCKET_BITS]![bucket & BUCKET_MASK]!
    while (link !== 0) {
      const slot = link - 1
      const chunk = this.chunks[slot >>> SLOT_BITS]!
      const index = slot & SLOT_MASK
      if (chunk.hashes[index] === hash && chunk.members[index] === member) return slot
      link = chunk.next[index]!
    }
    return -1
  }

  member(slot: number): string {
    return this.chunks[slot >>> SLOT_BITS]!.members[slot & SLOT_MASK]!
  }

  score(slot: number): number {
    return this.chunks[slot >>> SLOT_BITS]!.scores[slot & SLOT_MASK]!
  }

  setScore(slot: number, score: number): void {
    this.chunks[slot >>> SLOT_BITS]!.scores[slot & SLOT_MASK] = score
  }

  isUsed(slot: number): boolean {
    return this.chunks[slot >>> SLOT_BITS]!.next[slot & SLOT_MASK]! >= 0
  }

  /** The member must not be there. @returns its slot */
  add(member: string, score: number): number {
    const hash = this.hash(member)
    const slot = this.takeSlot()
    const chunk = this.chunks[slot >>> SLOT_BITS]!
    const index = slot & SLOT_MASK
    chunk.members[index] = member
    chunk.scores[index] = score
    chunk.hashes[index] = hash
    this.link(slot, chunk, index, this.bucketOf(hash))
    this.size++
    this.textBytes += member.length
    if (this.size > this.mask + 1 + this.split) this.splitBucket()
    return slot
  }

  private takeSlot(): number {
    if (this.free !== 0) {
      const slot = this.free - 1
      this.free = -1 - this.chunks[slot >>> SLOT_BITS]!.next[slot & SLOT_MASK]!
      return slot
    }
    const slot = this.used++
    if ((slot & SLOT_MASK) === 0) this.chunks.push(new Chunk())
    return slot
  }

  private link(slot: number, chunk: Chunk, index: number, bucket: number): void {
    const heads = this.buckets[bucket >>> BUCKET_BITS]!
    chunk.next[index] = heads[bucket & BUCKET_MASK]!
    heads[bucket & BUCKET_MASK] = slot + 1
  }

  /** One more bucket: part of the chain of bucket `split` moves there. */
  private splitBucket(): void {
    const from = this.split
    const to = this.mask + 1 + from
    if (to >>> BUCKET_BITS === this.buckets.length) this.buckets.push(new Int32Array(BUCKETS))
    const heads = this.buckets[from >>> BUCKET_BITS]!
    let link = heads[from & BUCKET_MASK]!
    heads[from & BUCKET_MASK] = 0
    while (link !== 0) {
      const slot = link - 1
      const chunk = this.chunks[slot >>> SLOT_BITS]!
      const index = slot & SLOT_MASK
      link = chunk.next[index]!
      this.link(slot, chunk, index, (chunk.hashes[index]! & (this.mask + 1)) === 0 ? from : to)
    }
    this.split++
    if (this.split > this.mask) {
      this.mask = 2 * this.mask + 1
      this.split = 0
    }
  }

  /** The slot must be in use. */
  removeSlot(slot: number): void {
    const chunk = this.chunks[slot >>> SLOT_BITS]!
    const index = slot & SLOT_MASK
    const bucket = this.bucketOf(chunk.hashes[index]!)
    const heads = this.buckets[bucket >>> BUCKET_BITS]!
    const after = chunk.next[index]!
    let link = heads[bucket & BUCKET_MASK]!
    if (link === slot + 1) {
      heads[bucket & BUCKET_MASK] = after
    } else {
      for (;;) {
        const before = this.chunks[(link - 1) >>> SLOT_BITS]!
        const beforeIndex = (link - 1) & SLOT_MASK
        link = before.next[beforeIndex]!
        if (link !== slot + 1) continue
        before.next[beforeIndex] = after
        break
      }
    }
    this.textBytes -= chunk.members[index]!.length
    chunk.members[index] = ''
    chunk.next[index] = -1 - this.free
    this.free = slot + 1
    this.size--
  }
}
