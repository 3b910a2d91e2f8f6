/** What ends at a time of its own. */
export interface Timed {
  /** Unix milliseconds. */
  readonly deadlineMs: number
  /** Of two that end together the smaller goes first. */
  readonly order: number
  /** Where the heap keeps it; -1 outside. */
  heapIndex: number
}

/** Deadlines, the earliest first: adding and removing cost O(log n). */
export class DeadlineHeap<T extends Timed> {
  private readonly items: T[] = []

  get size(): number {
    return this.items.length
  }

  get first(): T | undefined {
    return this.items[0]
  }

  add(item: T): void {
    this.items.push(item)
    this.up(item, this.items.length - 1)
  }

  /** What is not there is passed over. */
  remove(item: T): void {
    const at = item.heapIndex
    if (at < 0) return
    item.heapIndex = -1
    const last = this.items.pop()!
    if (last === item) return
    this.up(last, at)
    this.down(last, last.heapIndex)
  }

  private put(item: T, at: number): void {
    this.items[at] = item
    item.heapIndex = at
  }

  private up(item: T, from: number): void {
    let at = from
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = this.items[parentAt]!
      if (!isBefore(item, parent)) break
      this.put(parent, at)
      at = parentAt
    }
    this.put(item, at)
  }

  private down(item: T, from: number): void {
    const {items} = this
    let at = from
    for (;;) {
      let childAt = at * 2 + 1
      if (childAt >= items.length) break
      if (childAt + 1 < items.length && isBefore(items[childAt + 1]!, items[childAt]!)) childAt++
      const child = items[childAt]!
      if (!isBefore(child, item)) break
      this.put(child, at)
      at = childAt
    }
    this.put(item, at)
  }
}

function isBefore(a: Timed, b: Timed): boolean {
  return a.deadlineMs < b.deadlineMs || (a.deadlineMs === b.deadlineMs && a.order < b.order)
}
