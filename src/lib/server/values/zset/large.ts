import {MemberTable, SLOT_BYTES} from './member-table.js'
import {ScoreTree} from './score-tree.js'
import type {Before, ScoredList, ScoredMembers} from './scored-list.js'

/** Of the tree, per element: scores and slot numbers of leaves two thirds full. */
const TREE_BYTES = 24
const STRING_BYTES = 24

/** A sorted set of any size: a hash table for what asks by member, a tree for what asks by order. */
export class LargeMembers implements ScoredMembers {
  private readonly table = new MemberTable()
  private readonly tree = new ScoreTree(this.table)

  get size(): number {
    return this.table.size
  }

  scoreOf(member: string): number | undefined {
    const slot = this.table.find(member)
    return slot < 0 ? undefined : this.table.score(slot)
  }

  add(member: string, score: number): void {
    this.tree.insert(score, member, this.table.add(member, score))
  }

  setScore(member: string, before: number, score: number): void {
    const slot = this.table.find(member)
    this.table.setScore(slot, score)
    if (this.tree.changeInPlace(before, member, score)) return
    this.tree.remove(before, member)
    this.tree.insert(score, this.table.member(slot), slot)
  }

  remove(member: string): boolean {
    const slot = this.table.find(member)
    if (slot < 0) return false
    this.tree.remove(this.table.score(slot), member)
    this.table.removeSlot(slot)
    return true
  }

  rankOf(member: string, score: number): number {
    return this.tree.rankOf(score, member)
  }

  countBefore(before: Before): number {
    return this.tree.countBefore(before)
  }

  slice(rank: number, count: number, list: ScoredList): void {
    this.tree.slice(rank, count, list)
  }

  removeRange(rank: number, count: number): void {
    this.tree.removeRange(rank, count)
  }

  /**
   * A page of elements in the order of their slots: whoever stays from the first page to the last is shown exactly once.
   *
   * @param cursor - 0 to begin, else what the page before answered
   * @returns the next page's cursor; 0 = all was seen
   */
  scan(cursor: number, count: number, list: ScoredList): number {
    const {table} = this
    const end = Math.min(table.used, cursor + count)
    for (let slot = cursor; slot < end; slot++) {
      if (table.isUsed(slot)) list.push(table.member(slot), table.score(slot))
    }
    return end < table.used ? end : 0
  }

  sizeBytes(): number {
    const {size, table} = this
    return size * (SLOT_BYTES + TREE_BYTES + STRING_BYTES) + table.textBytes
  }
}
