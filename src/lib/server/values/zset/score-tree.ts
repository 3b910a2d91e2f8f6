import type {MemberTable} from './member-table.js'
import {type Before, isBefore, type ScoredList} from './scored-list.js'

/**
 * The elements of a large sorted set in order: a B+ tree that counts.
 *
 *   Inner  sizes of its children, and the least element that each was made with   -> rank and place in O(log n)
 *   Leaf   up to 64 scores and slot numbers (see MemberTable); linked both ways     -> ranges without going up again
 *
 * What stands between two children is a bound, not an element: `bound <= all of child i`, and `> all of child i - 1`.
 * So removing an element never changes bounds. A node that gets less than a quarter full is merged with a neighbour if
 * the two fit well into one.
 */
const WIDTH = 64
const HALF = WIDTH / 2
const SPARSE = WIDTH / 4
const MERGED_MAX = WIDTH - SPARSE

/** Copied for each leaf: arrays of doubles and of small integers from the start, at their full length. */
const NO_SCORES: readonly number[] = Array.from({length: WIDTH}, () => 0.5)
const NO_SLOTS: readonly number[] = Array.from({length: WIDTH}, () => 0)

class Leaf {
  count = 0
  readonly scores: number[] = NO_SCORES.slice()
  readonly slots: number[] = NO_SLOTS.slice()
  prev: Leaf | undefined = undefined
  next: Leaf | undefined = undefined

  moveUp(from: number): void {
    const {scores, slots} = this
    for (let i = this.count; i > from; i--) {
      scores[i] = scores[i - 1]!
      slots[i] = slots[i - 1]!
    }
    this.count++
  }

  cut(from: number, count: number): void {
    const {scores, slots} = this
    const left = this.count - count
    for (let i = from; i < left; i++) {
      scores[i] = scores[i + count]!
      slots[i] = slots[i + count]!
    }
    this.count = left
  }

  /** Appends elements of `from`, `first` and those behind it. */
  take(from: Leaf, first: number): void {
    for (let i = first; i < from.count; i++) {
      this.scores[this.count] = from.scores[i]!
      this.slots[this.count] = from.slots[i]!
      this.count++
    }
    from.count = first
  }
}

class Inner {
  readonly children: Node[] = []
  /** Elements below each child. */
  readonly sizes: number[] = []
  /** Bounds; the first is never asked for. */
  readonly scores: number[] = []
  readonly members: string[] = []

  insertAt(i: number, child: Node, size: number, score: number, member: string): void {
    this.children.splice(i, 0, child)
    this.sizes.splice(i, 0, size)
    this.scores.splice(i, 0, score)
    this.members.splice(i, 0, member)
  }

  removeAt(i: number): void {
    this.children.splice(i, 1)
    this.sizes.splice(i, 1)
    this.scores.splice(i, 1)
    this.members.splice(i, 1)
  }

  take(from: Inner, first: number): void {
    for (let i = first; i < from.children.length; i++) {
      this.children.push(from.children[i]!)
      this.sizes.push(from.sizes[i]!)
      this.scores.push(from.scores[i]!)
      this.members.push(from.members[i]!)
    }
    for (const list of [from.children, from.sizes, from.scores, from.members]) list.length = first
  }

  /** The child where the element is or belongs. */
  childFor(score: number, member: string): number {
    const {members, scores} = this
    let low = 1
    let high = this.children.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isBefore(score, member, scores[middle]!, members[middle]!)) high = middle
      else low = middle + 1
    }
    return low - 1
  }
}

type Node = Leaf | Inner

function widthOf(node: Node): number {
  return node instanceof Leaf ? node.count : node.children.length
}

function totalOf(node: Node): number {
  if (node instanceof Leaf) return node.count
  let total = 0
  for (const size of node.sizes) total += size
  return total
}

export class ScoreTree {
  private readonly table: MemberTable
  private root: Node = new Leaf()
  /** From the root to `leaf`, by the last descent: inner nodes and the child taken in each. */
  private readonly path: Inner[] = []
  private readonly taken: number[] = []
  private depth = 0
  /** Where the last descent ended. */
  private leaf: Leaf

  constructor(table: MemberTable) {
    this.table = table
    this.leaf = this.root as Leaf
  }

  insert(score: number, member: string, slot: number): void {
    this.descend(score, member)
    let {leaf} = this
    let at = this.placeIn(leaf, score, member)
    if (leaf.count === WIDTH) {
      leaf = this.makeRoom(leaf, at, score, member)
      at = this.placeIn(leaf, score, member)
    }
    leaf.moveUp(at)
    leaf.scores[at] = score
    leaf.slots[at] = slot
    this.grow(1)
  }

  /** The element must be there. */
  remove(score: number, member: string): void {
    this.descend(score, member)
    this.leaf.cut(this.placeIn(this.leaf, score, member), 1)
    this.grow(-1)
    this.settle()
  }

  /** @returns false if the element does not keep its place among its neighbours: nothing is done then */
  changeInPlace(before: number, member: string, score: number): boolean {
    this.descend(before, member)
    const {leaf} = this
    const at = this.placeIn(leaf, before, member)
    // The neighbours of the first and the last are elsewhere.
    if (at === 0 || at + 1 >= leaf.count) return false
    const {scores, slots} = leaf
    if (!isBefore(scores[at - 1]!, this.table.member(slots[at - 1]!), score, member)) return false
    if (!isBefore(score, member, scores[at + 1]!, this.table.member(slots[at + 1]!))) return false
    scores[at] = score
    return true
  }

  /** The element must be there. */
  rankOf(score: number, member: string): number {
    this.descend(score, member)
    let rank = this.placeIn(this.leaf, score, member)
    for (let level = 0; level < this.depth; level++) {
      const {sizes} = this.path[level]!
      for (let i = this.taken[level]! - 1; i >= 0; i--) rank += sizes[i]!
    }
    return rank
  }

  countBefore(before: Before): number {
    let count = 0
    let node = this.root
    while (node instanceof Inner) {
      let low = 1
      let high = node.children.length
      while (low < high) {
        const middle = (low + high) >>> 1
        if (before(node.scores[middle]!, node.members[middle]!)) low = middle + 1
        else high = middle
      }
      for (let i = low - 2; i >= 0; i--) count += node.sizes[i]!
      node = node.children[low - 1]!
    }
    let low = 0
    let high = node.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (before(node.scores[middle]!, this.table.member(node.slots[middle]!))) low = middle + 1
      else high = middle
    }
    return count + low
  }

  slice(rank: number, count: number, list: ScoredList): void {
    if (count === 0) return
    let i = this.seek(rank)
    let {leaf} = this
    for (let left = count; left > 0; left--) {
      if (i === leaf.count) {
        leaf = leaf.next!
        i = 0
      }
      list.push(this.table.member(leaf.slots[i]!), leaf.scores[i]!)
      i++
    }
  }

  /** Removes elements from both the tree and the table, leaf by leaf. */
  removeRange(rank: number, count: number): void {
    for (let left = count; left > 0; ) {
      const from = this.seek(rank)
      const {leaf} = this
      const taken = Math.min(left, leaf.count - from)
      for (let i = from; i < from + taken; i++) this.table.removeSlot(leaf.slots[i]!)
      leaf.cut(from, taken)
      this.grow(-taken)
      this.settle()
      left -= taken
    }
  }

  /** Finds the leaf where the element is or belongs. */
  private descend(score: number, member: string): void {
    let node = this.root
    let depth = 0
    while (node instanceof Inner) {
      const i = node.childFor(score, member)
      this.path[depth] = node
      this.taken[depth] = i
      depth++
      node = node.children[i]!
    }
    this.depth = depth
    this.leaf = node
  }

  /** Finds the leaf with the element of that rank. @returns its index there */
  private seek(rank: number): number {
    let left = rank
    let node = this.root
    let depth = 0
    while (node instanceof Inner) {
      const {sizes} = node
      let i = 0
      while (left >= sizes[i]! && i + 1 < sizes.length) left -= sizes[i++]!
      this.path[depth] = node
      this.taken[depth] = i
      depth++
      node = node.children[i]!
    }
    this.depth = depth
    this.leaf = node
    return left
  }

  /** Index of the element, or where it belongs. */
  private placeIn(leaf: Leaf, score: number, member: string): number {
    const {scores, slots} = leaf
    let low = 0
    let high = leaf.count
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = scores[middle]!
      if (other < score || (other === score && this.table.member(slots[middle]!) < member)) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The path's nodes have that many elements more. */
  private grow(by: number): void {
    for (let level = 0; level < this.depth; level++) this.path[level]!.sizes[this.taken[level]!]! += by
  }

  /** Divides the full leaf that the path ends in. @returns the leaf for the element; the path leads to it */
  private makeRoom(leaf: Leaf, at: number, score: number, member: string): Leaf {
    const right = new Leaf()
    right.next = leaf.next
    right.prev = leaf
    if (leaf.next !== undefined) leaf.next.prev = right
    leaf.next = right
    const level = this.depth - 1
    // Elements that come in ascending or descending order leave full leaves behind, not half-empty ones.
    if (at === WIDTH && right.next === undefined) {
      this.attach(level, right, score, member)
    } else {
      right.take(leaf, at === 0 && leaf.prev === undefined ? 0 : HALF)
      this.attach(level, right, right.scores[0]!, this.table.member(right.slots[0]!))
    }
    this.descend(score, member)
    return this.leaf
  }

  /** Puts `node`, whose elements were taken from the path's node below `level`, behind that node; the bound is `node`'s. */
  private attach(level: number, node: Node, score: number, member: string): void {
    if (level < 0) {
      const root = new Inner()
      root.insertAt(0, this.root, totalOf(this.root), 0.5, '')
      root.insertAt(1, node, totalOf(node), score, member)
      this.root = root
      return
    }
    const parent = this.path[level]!
    const i = this.taken[level]!
    parent.sizes[i] = totalOf(parent.children[i]!)
    parent.insertAt(i + 1, node, totalOf(node), score, member)
    if (parent.children.length <= WIDTH) return
    const half = new Inner()
    half.take(parent, i + 1 === WIDTH ? WIDTH : HALF)
    this.attach(level - 1, half, half.scores[0]!, half.members[0]!)
  }

  /** After a removal: merges or drops what became too small along the path. */
  private settle(): void {
    let node: Node = this.leaf
    for (let level = this.depth - 1; level >= 0; level--) {
      const parent: Inner = this.path[level]!
      if (widthOf(node) >= SPARSE) break
      const i = this.taken[level]!
      if (widthOf(node) === 0) {
        if (node instanceof Leaf) unlink(node)
        parent.removeAt(i)
      } else if (i + 1 < parent.children.length && fits(node, parent.children[i + 1]!)) {
        merge(parent, i)
      } else if (i > 0 && fits(parent.children[i - 1]!, node)) {
        merge(parent, i - 1)
      } else {
        break
      }
      node = parent
    }
    while (this.root instanceof Inner && this.root.children.length <= 1) this.root = this.root.children[0] ?? new Leaf()
  }
}

function fits(left: Node, right: Node): boolean {
  return widthOf(left) + widthOf(right) <= MERGED_MAX
}

function unlink(leaf: Leaf): void {
  if (leaf.prev !== undefined) leaf.prev.next = leaf.next
  if (leaf.next !== undefined) leaf.next.prev = leaf.prev
}

/** Child `i + 1` goes into child `i`. */
function merge(parent: Inner, i: number): void {
  const left = parent.children[i]!
  const right = parent.children[i + 1]!
  if (left instanceof Leaf && right instanceof Leaf) {
    left.take(right, 0)
    unlink(right)
  } else if (left instanceof Inner && right instanceof Inner) {
    // What was the bound of the right one is that of its first child now.
    right.scores[0] = parent.scores[i + 1]!
    right.members[0] = parent.members[i + 1]!
    left.take(right, 0)
  }
  parent.sizes[i]! += parent.sizes[i + 1]!
  parent.removeAt(i + 1)
}
