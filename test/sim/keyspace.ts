import {hashSlot} from '../../src/lib/protocol/hash-slot.js'

/**
 * The least keyspace that can move slots: strings, per slot, and keys held while MIGRATE has them under way.
 *
 * It survives crashes, as with `appendfsync always`: persistence of data is not what this simulation is about.
 */
export class SimKeyspace {
  private readonly slots = new Map<number, Map<string, string>>()
  private readonly held = new Map<string, (() => void)[]>()
  keyCount = 0

  get(key: string): string | undefined {
    return this.slots.get(hashSlot(key))?.get(key)
  }

  set(key: string, value: string): void {
    const slot = hashSlot(key)
    let keys = this.slots.get(slot)
    if (!keys) {
      keys = new Map()
      this.slots.set(slot, keys)
    }
    if (!keys.has(key)) this.keyCount++
    keys.set(key, value)
  }

  delete(key: string): void {
    const slot = hashSlot(key)
    const keys = this.slots.get(slot)
    if (!keys?.delete(key)) return
    this.keyCount--
    if (keys.size === 0) this.slots.delete(slot)
  }

  /** All keys with their values. */
  entries(): (readonly [string, string])[] {
    return [...this.slots.values()].flatMap((keys) => [...keys])
  }

  countKeysInSlot(slot: number): number {
    return this.slots.get(slot)?.size ?? 0
  }

  keysInSlot(slot: number, count: number): string[] {
    return [...(this.slots.get(slot)?.keys() ?? [])].slice(0, count)
  }

  /** @returns the keys that were there */
  deleteSlot(slot: number): string[] {
    const keys = [...(this.slots.get(slot)?.keys() ?? [])]
    for (const key of keys) this.delete(key)
    return keys
  }

  clear(): void {
    this.slots.clear()
    this.keyCount = 0
  }

  hold(keys: readonly string[]): void {
    for (const key of keys) this.held.set(key, [])
  }

  /** Runs what waited for these keys, in its order. */
  release(keys: readonly string[]): void {
    for (const key of keys) {
      const parked = this.held.get(key) ?? []
      this.held.delete(key)
      for (const run of parked) run()
    }
  }

  releaseAll(): void {
    this.held.clear()
  }

  /** @returns true if `run` will run later, when the key is released */
  park(key: string, run: () => void): boolean {
    const parked = this.held.get(key)
    parked?.push(run)
    return parked !== undefined
  }

  isHeld(key: string): boolean {
    return this.held.has(key)
  }
}
