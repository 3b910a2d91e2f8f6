/** Free places made at the front at once, at least. */
const GAP_MIN = 4
/** Fewer taken places at the front are not worth giving back. */
const TAKEN_MIN = 32

/**
 * A sequence that grows and shrinks at both ends in constant time.
 *
 *   items:  | free ...   | first ... last |
 *           0            start            items.length
 */
export class Deque<T> {
  /** Free places hold undefined, so that nothing is kept alive by them. */
  private items: (T | undefined)[]
  private start = 0

  /** @param items - taken over */
  constructor(items: T[] = []) {
    this.items = items
  }

  get length(): number {
    return this.items.length - this.start
  }

  /** @param index - must exist */
  at(index: number): T {
    return this.items[this.start + index] as T
  }

  put(index: number, item: T): void {
    this.items[this.start + index] = item
  }

  pushTail(item: T): void {
    this.items.push(item)
  }

  pushHead(item: T): void {
    if (this.start === 0) this.makeGap()
    this.items[--this.start] = item
  }

  private makeGap(): void {
    const {items} = this
    const gap = Math.max(GAP_MIN, items.length)
    const grown = new Array<T | undefined>(gap + items.length)
    for (let i = 0; i < gap; i++) grown[i] = undefined
    for (let i = 0; i < items.length; i++) grown[gap + i] = items[i]
    this.items = grown
    this.start = gap
  }

  /** There must be one. */
  popTail(): T {
    return this.items.pop() as T
  }

  /** There must be one. */
  popHead(): T {
    const {items} = this
    const item = items[this.start] as T
    items[this.start++] = undefined
    if (this.start >= TAKEN_MIN && this.start * 2 > items.length) {
      this.items = items.slice(this.start)
      this.start = 0
    }
    return item
  }

  /** Before what is at `index`. */
  insert(index: number, item: T): void {
    if (index === 0) this.pushHead(item)
    else this.items.splice(this.start + index, 0, item)
  }

  /** From `index` on; they must exist. */
  remove(index: number, count: number): void {
    if (index === 0 && count === 1) this.popHead()
    else this.items.splice(this.start + index, count)
  }

  /** From `from` on, all or up to `to`; a copy. */
  slice(from: number, to = this.length): T[] {
    return this.items.slice(this.start + from, this.start + to) as T[]
  }

  /** @param items - taken over */
  replace(items: T[]): void {
    this.items = items
    this.start = 0
  }
}
