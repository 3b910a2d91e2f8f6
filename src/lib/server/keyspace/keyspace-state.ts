import {Propagation} from '../propagation/propagation.js'
import type {KeyObservers} from './key-observers.js'
import type {Lfu} from './lfu.js'
import type {MemoryMeter} from './memory-meter.js'
import type {AwaitedType, Store} from './store.js'

/** Whoever copies keys while they change. */
export interface KeyWalk {
  /** What lies at the place is about to be changed. */
  willChange(store: Store, place: number): void
  /** The key at the place is about to go; the last one comes into its place. */
  willRemove(store: Store, place: number): void
}

/** Who watches a key for EXEC. */
export interface Watcher {
  /** A watched key was changed: EXEC answers nil. */
  watchBroken: boolean
  /** Had the key run out when it was watched? Asked once, when it is deleted for that. */
  hasSeenExpired(db: KeyObservers, key: string): boolean
}

/** Where not every node may delete what has run out: in an active-active database. */
export interface ExpiryPolicy {
  /** May the key, whose deadline has passed, be deleted? Otherwise it is only hidden. */
  mayExpire(key: string): boolean
}

/** What all databases of a server share: time, counters, and the hooks of whoever must hear of changes. */
export class KeyspaceState {
  /** Unix milliseconds, cached for the input being processed. */
  nowMs = 0
  /** Seconds, for OBJECT IDLETIME and eviction; set along with `nowMs`. */
  lruClock = 0
  /** What a key that was just asked for bears: `lruClock`, or -1 if every access counts (`lfu`). */
  accessMark = 0
  /** While the policy of eviction goes by frequency. */
  lfu: Lfu | undefined = undefined
  /** While memory is limited. */
  meter: MemoryMeter | undefined = undefined
  /** Takes all changes to replicas and to disk. */
  readonly propagation = new Propagation()
  /** Keys that run out or are evicted go out as UNLINK instead of DEL: lazyfree-lazy-expire and -eviction. */
  unlinksExpired = false
  unlinksEvicted = false
  /** Changes since the last save, as INFO's rdb_changes_since_last_save; also tells whether a command changed anything. */
  dirty = 0
  hits = 0
  misses = 0
  expiredKeys = 0
  evictedKeys = 0
  /** DEBUG SET-ACTIVE-EXPIRE. */
  activeExpire = true
  /** A replica hides expired keys but leaves their deletion to its primary. */
  keepExpired = false
  /** Undefined: every primary deletes what has run out. */
  expiry: ExpiryPolicy | undefined = undefined
  /** What runs comes from the primary: it is carried out, whatever the clock or the rules for clients say. */
  isApplying = false
  /** Told of each key before it changes: snapshots being made, slots on their way to another node. */
  readonly walks = new Set<KeyWalk>()
  /** A key that a client is blocked on has changed: somebody may be served. */
  hasReady = false
  /** How many clients wait for a value of each type, in any database. */
  readonly waiting: Record<AwaitedType, number> = {list: 0, stream: 0, zset: 0}
  /** The change under way is a deletion for a deadline: nobody's doing, whoever's command came upon it. */
  isExpiring = false
  /** OR of NOTIFY_... that anybody is to hear of; 0 = none. */
  notifyMask = 0
  /** Takes the events of `notifyMask`. */
  onEvent: ((kind: number, event: string, key: string, database: number) => void) | undefined = undefined
  /** Told of every change of a key, in any database; undefined while nobody needs it. */
  onChange: ((key: string) => void) | undefined = undefined

  /** A deadline in the past is kept like any other: the stream may put it off, and deletes the key otherwise. */
  get leavesExpired(): boolean {
    return this.keepExpired || this.isApplying
  }

  /** What lies at a place is about to be changed. */
  willChange(store: Store, place: number): void {
    for (const walk of this.walks) walk.willChange(store, place)
  }

  /** The key at a place is about to go. */
  willRemove(store: Store, place: number): void {
    for (const walk of this.walks) walk.willRemove(store, place)
  }

  setTime(nowMs: number): void {
    this.nowMs = nowMs
    this.lruClock = Math.floor(nowMs / 1000)
    this.accessMark = this.lfu === undefined ? this.lruClock : -1
    this.lfu?.setTime(nowMs)
  }

  /** The mark of a key after an access, in place of the one before. */
  nextMark(before: number): number {
    return this.lfu === undefined ? this.lruClock : this.lfu.accessed(before)
  }

  /** The mark of a key that is added. */
  get firstMark(): number {
    return this.lfu === undefined ? this.lruClock : this.lfu.markOf()
  }
}
