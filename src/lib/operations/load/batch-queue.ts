export interface QueuedTask {
  /** About what it takes on the way. */
  readonly bytes: number
}

/** Keys per batch: a batch keeps a node busy for a few milliseconds. */
const BATCH_COUNT_MAX = 256
/** A batch ends with the task that reaches this, so that a big key goes as good as alone. */
const BATCH_BYTES_MAX = 512 * 1024

/** Tasks in the order they came, given out in batches that are bounded by count and by bytes. */
export class BatchQueue<T extends QueuedTask> {
  private tasks: T[] = []
  /** Tasks before it are gone; they are dropped from the array now and then, since shifting one by one costs. */
  private head = 0

  get length(): number {
    return this.tasks.length - this.head
  }

  push(task: T): void {
    this.tasks.push(task)
  }

  /** @returns at least one task if there is any */
  take(): T[] {
    let bytes = 0
    let end = this.head
    while (end < this.tasks.length && end - this.head < BATCH_COUNT_MAX && bytes < BATCH_BYTES_MAX) {
      bytes += (this.tasks[end++] as T).bytes
    }
    const batch = this.tasks.slice(this.head, end)
    this.head = end
    if (this.head * 2 >= this.tasks.length) {
      this.tasks = this.tasks.slice(this.head)
      this.head = 0
    }
    return batch
  }

  takeAll(): T[] {
    const rest = this.tasks.slice(this.head)
    this.tasks = []
    this.head = 0
    return rest
  }
}
