/**
 * The heart of the simulation: what happens next, in order of (virtual time, insertion number).
 *
 * The insertion number makes the order total, so two events of one instant never depend on anything but the order in
 * which the world asked for them. A binary heap in two parallel arrays; 10^6 events per second and more.
 */
export class EventQueue {
  private readonly heap: Event[] = []
  private inserted = 0
  /** Virtual milliseconds since the world began, fractions allowed; never decreases. */
  nowMs = 0
  /** Events run so far. */
  count = 0

  /** @param delayMs - 0 or more; 0 runs after everything already asked for at this instant */
  after(delayMs: number, run: () => void): void {
    this.push({at: this.nowMs + Math.max(0, delayMs), order: this.inserted++, run})
  }

  /** Runs every event up to and including `untilMs`, then stands at `untilMs`. */
  runUntil(untilMs: number, stop: () => boolean = never): void {
    for (let next = this.heap[0]; next && next.at <= untilMs; next = this.heap[0]) {
      if (stop()) return
      this.pop()
      this.nowMs = next.at
      this.count++
      next.run()
    }
    this.nowMs = Math.max(this.nowMs, untilMs)
  }

  private push(event: Event): void {
    const {heap} = this
    let index = heap.length
    heap.push(event)
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = heap[parentIndex] as Event
      if (!before(event, parent)) break
      heap[index] = parent
      index = parentIndex
    }
    heap[index] = event
  }

  private pop(): void {
    const {heap} = this
    const last = heap.pop() as Event
    const length = heap.length
    if (length === 0) return
    let index = 0
    for (;;) {
      let childIndex = 2 * index + 1
      if (childIndex >= length) break
      const right = heap[childIndex + 1]
      if (right && before(right, heap[childIndex] as Event)) childIndex++
      const child = heap[childIndex] as Event
      if (!before(child, last)) break
      heap[index] = child
      index = childIndex
    }
    heap[index] = last
  }
}

interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

function never(): boolean {
  return false
}
