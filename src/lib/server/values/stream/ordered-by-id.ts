import {compareIds, type StreamId} from '../../../protocol/stream-id.js'

/** Full chunks are split in halves; so long a move costs less than one more level of search. */
const CHUNK_MAX = 256

/**
 * Items in the order of their ids: a list of short sorted lists. Finding is O(log n), adding at the end and taking from
 * the start are O(1) nearly always; any other change moves half a chunk.
 *
 * Positions are ids, so a walk by `after` survives any change on the way.
 */
export class OrderedById<T extends StreamId> {
  size = 0
  /** Rises with every change. */
  changes = 0
  /** None is empty. */
  private readonly chunks: T[][] = []

  first(): T | undefined {
    return this.chunks[0]?.[0]
  }

  last(): T | undefined {
    const chunk = this.chunks[this.chunks.length - 1]
    return chunk?.[chunk.length - 1]
  }

  get(id: StreamId): T | undefined {
    const found = this.atOrBefore(id)
    return found !== undefined && found.ms === id.ms && found.seq === id.seq ? found : undefined
  }

  /** The last item that does not come after `id`. */
  atOrBefore(id: StreamId): T | undefined {
    const chunk = this.chunks[this.chunkOf(id)]
    return chunk?.[countUpTo(chunk, id) - 1]
  }

  /** The first item that comes after `id`. */
  after(id: StreamId): T | undefined {
    const at = this.chunkOf(id)
    const chunk = this.chunks[at]
    if (chunk === undefined) return this.first()
    return chunk[countUpTo(chunk, id)] ?? this.chunks[at + 1]?.[0]
  }

  atOrAfter(id: StreamId): T | undefined {
    return this.get(id) ?? this.after(id)
  }

  /** The last item that comes before the item of this id. */
  before(id: StreamId): T | undefined {
    const at = this.chunkOf(id)
    const chunk = this.chunks[at]
    if (chunk === undefined) return undefined
    const index = countUpTo(chunk, id) - 2
    if (index >= 0) return chunk[index]
    const previous = this.chunks[at - 1]
    return previous?.[previous.length - 1]
  }

  /** @returns false if there is one of that id already: then nothing is changed */
  insert(item: T): boolean {
    this.changes++
    const {chunks} = this
    const at = this.chunkOf(item)
    const chunk = chunks[at]
    if (chunk === undefined) {
      const first = chunks[0]
      if (first === undefined || first.length >= CHUNK_MAX) chunks.unshift([item])
      else first.unshift(item)
      this.size++
      return true
    }
    const index = countUpTo(chunk, item)
    if (compareIds(chunk[index - 1]!, item) === 0) return false
    this.size++
    if (index === chunk.length) {
      // What is added at the end leaves full chunks behind.
      if (chunk.length < CHUNK_MAX) chunk.push(item)
      else chunks.splice(at + 1, 0, [item])
      return true
    }
    chunk.splice(index, 0, item)
    if (chunk.length > CHUNK_MAX) chunks.splice(at + 1, 0, chunk.splice(chunk.length >>> 1))
    return true
  }

  delete(id: StreamId): T | undefined {
    const {chunks} = this
    const at = this.chunkOf(id)
    const chunk = chunks[at]
    if (chunk === undefined) return undefined
    const index = countUpTo(chunk, id) - 1
    const item = chunk[index]!
    if (compareIds(item, id) !== 0) return undefined
    this.size--
    this.changes++
    if (index === 0) chunk.shift()
    else chunk.splice(index, 1)
    if (chunk.length === 0) chunks.splice(at, 1)
    else this.joinNext(at)
    return item
  }

  /** Random deletions must not leave a long list of tiny lists. */
  private joinNext(at: number): void {
    const chunk = this.chunks[at]!
    const next = this.chunks[at + 1]
    if (next === undefined || chunk.length + next.length > CHUNK_MAX >>> 1) return
    for (const item of next) chunk.push(item)
    this.chunks.splice(at + 1, 1)
  }

  *values(): Generator<T> {
    for (const chunk of this.chunks) yield* chunk
  }

  /** Index of the last chunk that starts at or before `id`; -1 if all start after it. */
  private chunkOf(id: StreamId): number {
    const {chunks} = this
    let low = 0
    let high = chunks.length
    // Most often it is the last.
    if (high > 0 && compareIds(chunks[high - 1]![0]!, id) <= 0) return high - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareIds(chunks[middle]![0]!, id) <= 0) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}

/** How many items of a sorted list come at or before `id`. */
function countUpTo<T extends StreamId>(chunk: readonly T[], id: StreamId): number {
  let low = 0
  let high = chunk.length
  if (compareIds(chunk[high - 1]!, id) <= 0) return high
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareIds(chunk[middle]!, id) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
