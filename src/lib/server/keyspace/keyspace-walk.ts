import type {Database} from './database.js'
import type {Store} from './store.js'
import type {Value} from './value.js'

/** A key as it was when the walk began. Value objects may change after the visit. */
export interface KeyVisitor {
  /** @param size - about how many keys follow @param expiresSize - of them with a deadline */
  database(index: number, size: number, expiresSize: number): void
  /** @param expireAtMs - unix milliseconds @param mark - of its last access */
  key(database: number, key: string, value: Value, expireAtMs: number | undefined, mark: number): void
  /** The key that was visited last is about to change. */
  settle(): void
}

interface Stop {
  readonly database: number
  readonly store: Store
}

/**
 * Visits every key of all databases as it was at one moment, in slices, while commands go on. Who is about to change a key
 * says so (`willChange`): one that the walk has not come to is visited first. What is changed is never visited again.
 */
export class KeyspaceWalk {
  /** Stores not come to; the next one is last. */
  private readonly stops: Stop[] = []
  private readonly databaseOf = new Map<Store, number>()
  /** Changed, or added, in a store not come to. */
  private readonly touched = new Map<Store, Set<string>>()
  private current: Stop | undefined
  /** Of the current store. */
  private readonly pending = new Set<string>()
  private announced = -1
  private lastStore: Store | undefined
  private lastKey = ''

  constructor(
    private readonly databases: readonly Database[],
    private readonly visitor: KeyVisitor,
  ) {
    for (const db of databases) {
      for (const store of db.stores) if (store !== undefined) this.stops.push({database: db.index, store})
    }
    this.stops.reverse()
    for (const {database, store} of this.stops) this.databaseOf.set(store, database)
  }

  /** The key is about to be changed, deleted or added. */
  willChange(store: Store, key: string): void {
    if (key === this.lastKey && store === this.lastStore) this.visitor.settle()
    const database = this.databaseOf.get(store)
    // A store of later, or one that is done.
    if (database === undefined) return
    if (store === this.current?.store) {
      if (this.pending.delete(key)) this.visitBeforeChange(database, store, key)
      return
    }
    const touched = this.touched.get(store)
    if (touched?.has(key)) return
    if (touched === undefined) this.touched.set(store, new Set([key]))
    else touched.add(key)
    this.visitBeforeChange(database, store, key)
  }

  /** Visits one more key. @returns false: that was all */
  step(): boolean {
    for (const key of this.pending) {
      this.pending.delete(key)
      this.visit(this.current!.database, this.current!.store, key)
      return true
    }
    if (this.current !== undefined) this.databaseOf.delete(this.current.store)
    this.current = this.stops.pop()
    if (this.current === undefined) return false
    const {store} = this.current
    const touched = this.touched.get(store)
    this.touched.delete(store)
    for (const key of store.entries.keys()) if (touched?.has(key) !== true) this.pending.add(key)
    return true
  }

  private visitBeforeChange(database: number, store: Store, key: string): void {
    this.visit(database, store, key)
    this.visitor.settle()
  }

  private visit(database: number, store: Store, key: string): void {
    const entry = store.entries.get(key)
    if (entry === undefined) return
    if (database !== this.announced) {
      this.announced = database
      const db = this.databases.find(({index}) => index === database)
      this.visitor.database(database, db?.size ?? 0, db?.expiresSize ?? 0)
    }
    this.lastStore = store
    this.lastKey = key
    this.visitor.key(database, key, entry.value, store.expires?.get(key), entry.lru)
  }
}
