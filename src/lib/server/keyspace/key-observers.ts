import type {KeyspaceState, Watcher} from './keyspace-state.js'

/** Who is to hear of the keys of one database: transactions that watch, blocked clients, subscribers of events. */
export class KeyObservers {
  index: number
  readonly state: KeyspaceState
  /** Who watches which key; not a property of the data, so SWAPDB and FLUSHDB leave it in place. */
  readonly watchers = new Map<string, Set<Watcher>>()
  /** Keys that blocked clients wait for, and those of them that have changed since `takeReady`. */
  protected readonly awaited = new Set<string>()
  private ready = new Set<string>()

  constructor(index: number, state: KeyspaceState) {
    this.index = index
    this.state = state
  }

  /** Somebody is blocked on the key. */
  await(key: string): void {
    this.awaited.add(key)
  }

  awaitNoMore(key: string): void {
    this.awaited.delete(key)
  }

  /** Awaited keys that have changed, in the order of their first change; each is told once. */
  takeReady(): ReadonlySet<string> {
    const {ready} = this
    if (ready.size > 0) this.ready = new Set()
    return ready
  }

  /** Those blocked on the key are to be tried. */
  noteReady(key: string): void {
    this.ready.add(key)
    this.state.hasReady = true
  }

  /** An event for whoever subscribed to the keyspace's (notify-keyspace-events). @param kind - a NOTIFY_... bit */
  notify(kind: number, event: string, key: string): void {
    const {state} = this
    if ((state.notifyMask & kind) !== 0) state.onEvent?.(kind, event, key, this.index)
  }

  watch(key: string, watcher: Watcher): void {
    const watchers = this.watchers.get(key)
    if (watchers === undefined) this.watchers.set(key, new Set([watcher]))
    else watchers.add(watcher)
  }

  unwatch(key: string, watcher: Watcher): void {
    const watchers = this.watchers.get(key)
    if (watchers === undefined) return
    watchers.delete(watcher)
    if (watchers.size === 0) this.watchers.delete(key)
  }

  /** To whom it is no change that the key is deleted only now: it had run out before they watched it. */
  protected whoSawExpired(key: string): Watcher[] {
    const watchers = [...(this.watchers.get(key) ?? [])]
    return watchers.filter((one) => !one.watchBroken && one.hasSeenExpired(this, key))
  }

  breakWatch(key: string): void {
    const watchers = this.watchers.get(key)
    if (watchers !== undefined) for (const watcher of watchers) watcher.watchBroken = true
  }
}
