/** Ids of the clients that read a key: one alone, as for most keys, or several. */
export type Readers = number | ReadonlySet<number>

/** Which client read which key, until the key changes. Keys of all databases share one namespace, as in Redis. */
export class InvalidationTable {
  private readonly readers = new Map<string, number | Set<number>>()
  /** Where eviction goes on: from the start it would step over all the holes it has left. */
  private eviction: IterableIterator<string> | undefined
  /** Pairs of key and client. */
  items = 0

  get size(): number {
    return this.readers.size
  }

  add(key: string, client: number): void {
    const known = this.readers.get(key)
    if (known === undefined) this.readers.set(key, client)
    else if (typeof known === 'number') {
      if (known === client) return
      this.readers.set(key, new Set([known, client]))
    } else if (known.has(client)) return
    else known.add(client)
    this.items++
  }

  /** Forgets the key. @returns who read it */
  take(key: string): Readers | undefined {
    const found = this.readers.get(key)
    if (found === undefined) return undefined
    this.readers.delete(key)
    this.items -= typeof found === 'number' ? 1 : found.size
    return found
  }

  /** A key to do without, about the one that was read longest ago. */
  evictable(): string | undefined {
    for (let round = 0; round < 2; round++) {
      this.eviction ??= this.readers.keys()
      const next = this.eviction.next()
      if (!next.done) return next.value
      this.eviction = undefined
    }
    return undefined
  }

  clear(): void {
    this.readers.clear()
    this.eviction = undefined
    this.items = 0
  }
}
