import type {StoredKey} from './key-state.js'
import type {SlotTable} from './slot-table.js'

/**
 * What is known of the keys of one slot: beside what clients see where there is such a place, in a table of the slot
 * otherwise. No key is in both.
 */
export class SlotKeys {
  /** Undefined while it is empty. */
  private own: Map<string, StoredKey> | undefined = undefined

  constructor(
    private readonly table: SlotTable,
    private readonly slot: number,
  ) {}

  get size(): number {
    return (this.own?.size ?? 0) + (this.table.placed?.countIn(this.slot) ?? 0)
  }

  /** @returns a row or counter may be a copy: what is changed in it must be `set` */
  get(key: string): StoredKey | undefined {
    return this.table.placed?.get(key) ?? this.own?.get(key)
  }

  has(key: string): boolean {
    return this.get(key) !== undefined
  }

  /** @param key - kept as it is, unless it has a place already: a string of its own */
  set(key: string, stored: StoredKey): void {
    if (this.table.placed?.set(key, stored) === true) this.deleteOwn(key)
    else this.setOwn(key, stored)
  }

  delete(key: string): void {
    if (this.table.placed?.delete(key) !== true) this.deleteOwn(key)
  }

  /** As they are now. */
  names(): string[] {
    const own = this.own === undefined ? [] : [...this.own.keys()]
    return this.table.placed === undefined ? own : own.concat(this.table.placed.names(this.slot))
  }

  /** Nothing may change meanwhile. */
  *[Symbol.iterator](): Generator<[string, StoredKey]> {
    if (this.own !== undefined) yield* this.own
    if (this.table.placed !== undefined) yield* this.table.placed.entries(this.slot)
  }

  /** Of which more is known than a plain string or a number, and some others; nothing may change meanwhile. */
  *objects(): Generator<[string, StoredKey]> {
    if (this.own !== undefined) yield* this.own
    if (this.table.placed !== undefined) yield* this.table.placed.objects(this.slot)
  }

  /** The key loses its place, or never had one. @param key - a string of its own */
  setOwn(key: string, stored: StoredKey): void {
    this.own ??= new Map()
    this.own.set(key, stored)
    this.count()
  }

  clear(): void {
    this.own = undefined
    this.count()
    this.table.placed?.clearSlot(this.slot)
  }

  private deleteOwn(key: string): void {
    if (this.own?.delete(key) !== true) return
    if (this.own.size === 0) this.own = undefined
    this.count()
  }

  /** Tells those beside how many are here. */
  count(): void {
    const {placed} = this.table
    if (placed !== undefined) placed.elsewhere[this.slot] = this.own?.size ?? 0
  }
}
