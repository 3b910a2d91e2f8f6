import type {Client} from './client.js'
import {DeadlineHeap, type Timed} from './deadline-heap.js'
import type {HeldKeys} from './held-keys.js'
import type {Database} from './keyspace/database.js'
import type {AwaitedType} from './keyspace/store.js'
import {INTERNAL_ERROR, ReplyError} from './reply-error.js'

/** What a client waits for that a blocking command could not serve at once (BLPOP, BZPOPMIN, XREAD BLOCK, ...). */
export interface Wait {
  readonly db: Database
  readonly keys: readonly string[]
  /** What it waits for; absent: no key at all. */
  readonly type?: AwaitedType
  /** A key that serving writes to besides; '' or absent: none. */
  readonly target?: string
  /** Only a key that is there can serve it: it is not tried when one has gone. */
  readonly needsKey?: boolean
  /** Unix milliseconds; 0 = for ever. */
  readonly deadlineMs: number
  /**
   * Tries again now that the key has changed. Whatever it writes, it writes to the client's own reply and database. A
   * `ReplyError` ends the wait with that error.
   *
   * @returns whether the client is served: its reply is written
   */
  serve(key: string): boolean
  /** Writes the answer of a wait that ended without: nil, as a rule. Also for CLIENT UNBLOCK. */
  timeOut(): void
}

/** A wait with what is kept of it here. */
class Parked implements Timed {
  readonly deadlineMs: number
  readonly order: number
  heapIndex = -1
  /** CLIENT REPLY may have been turned off, or the answer to this command only: it says nothing about the moment of the answer. */
  readonly wantsReply: boolean

  constructor(
    readonly client: Client,
    readonly wait: Wait,
  ) {
    this.deadlineMs = wait.deadlineMs
    this.order = client.id
    this.wantsReply = client.replyMode === 'on'
  }
}

/**
 * Clients that wait for keys to change, longest waiting first.
 *
 * A key that is waited for is noted when it changes, in whatever way (`Database.changed`). Waiters are served after the
 * command or transaction that changed it, so that nobody sees it half done; and serving may change further keys.
 */
export class BlockedClients {
  /** Set by the shell: `expire` is wanted at this time, before the next cron. Unix milliseconds. */
  onDeadline: ((atMs: number) => void) | undefined = undefined

  private readonly held: HeldKeys
  private readonly parked = new Map<Client, Parked>()
  private readonly byKey = new Map<Database, Map<string, Set<Client>>>()
  private readonly deadlines = new DeadlineHeap<Parked>()
  /** Changed keys whose waiters must wait on: MIGRATE is at one of the keys. */
  private postponed: {readonly db: Database; readonly key: string}[] = []
  /** How many are to be tried when a key has gone, too. */
  private countOfGone = 0
  private isServing = false

  constructor(held: HeldKeys) {
    this.held = held
  }

  get count(): number {
    return this.parked.size
  }

  /** Those among them that do not wait for ever. */
  get countTimed(): number {
    return this.deadlines.size
  }

  waitOf(client: Client): Wait | undefined {
    return this.parked.get(client)?.wait
  }

  *clients(): Generator<[Client, Wait]> {
    for (const [client, {wait}] of this.parked) yield [client, wait]
  }

  /** The client is parked until it is served, runs out of time, or goes. */
  block(client: Client, wait: Wait): void {
    const parked = new Parked(client, wait)
    this.parked.set(client, parked)
    const byKey = this.byKey.get(wait.db) ?? new Map<string, Set<Client>>()
    this.byKey.set(wait.db, byKey)
    for (const key of wait.keys) {
      const clients = byKey.get(key) ?? new Set()
      clients.add(client)
      byKey.set(key, clients)
      wait.db.await(key)
    }
    if (wait.type !== undefined) wait.db.state.waiting[wait.type]++
    if (wait.needsKey !== true) this.countOfGone++
    if (wait.deadlineMs !== 0) {
      this.deadlines.add(parked)
      if (this.deadlines.first === parked) this.announceDeadline()
    }
    client.park()
  }

  private announceDeadline(): void {
    const {first} = this.deadlines
    if (first !== undefined) this.onDeadline?.(first.deadlineMs)
  }

  /** Serves whom the changes since the last call made ready. To be called after each outermost command. */
  serveReady(databases: readonly Database[]): void {
    // A waiter that is served may be a command of its own, which comes back here.
    if (this.isServing) return
    this.isServing = true
    try {
      for (let isDone = false; !isDone; ) {
        isDone = true
        for (const db of databases) {
          for (const key of db.takeReady()) {
            isDone = false
            this.serveKey(db, key)
          }
        }
      }
    } finally {
      this.isServing = false
    }
  }

  /**
   * Everybody who waits for the key gets a chance, once, in order. Who cannot use it lines up again at the end, as in
   * redis-server: that is where a client that waits for a list of this name stands once a sorted set has been there.
   */
  private serveKey(db: Database, key: string): void {
    const clients = this.byKey.get(db)?.get(key)
    if (clients === undefined) return
    // Whatever it is now: if it has run out, this deletes it and tells so, as in redis-server.
    const wasThere = db.peek(key) !== undefined
    if (!canServe(db, key) && this.allNeedKey(clients)) return
    // Every element that is taken at once leaves such a key; looking at all who wait would make a push slow.
    if (!wasThere && this.countOfGone === 0) return
    let left = clients.size
    for (const client of clients) {
      if (left-- === 0) break
      const parked = this.parked.get(client)!
      const {needsKey, target} = parked.wait
      if (needsKey === true && !wasThere) continue
      if (this.held.isHeld(db, key) || (target !== undefined && this.held.isHeld(db, target))) {
        this.postponed.push({db, key})
        break
      }
      if (this.serve(parked, key)) {
        this.release(client)
        // Used up.
        if (wasThere && db.peek(key) === undefined) break
      } else if (wasThere) {
        clients.delete(client)
        clients.add(client)
      }
    }
  }

  private allNeedKey(clients: Iterable<Client>): boolean {
    for (const client of clients) if (this.parked.get(client)!.wait.needsKey !== true) return false
    return true
  }

  private serve({client, wait, wantsReply}: Parked, key: string): boolean {
    const {reply} = client
    const before = reply.out
    const {propagation} = wait.db.state
    const wasReplaced = propagation.begin(true)
    let isServed: boolean
    try {
      isServed = wait.serve(key)
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      reply.out = before
      reply.error(error.message)
      isServed = true
    }
    propagation.end(wasReplaced, wait.db.index, [], false)
    if (propagation.hasFailed) {
      propagation.hasFailed = false
      reply.out = before
      reply.error(INTERNAL_ERROR)
    }
    if (isServed && !wantsReply) reply.out = before
    return isServed
  }

  /** MIGRATE has let go of keys. */
  servePostponed(): void {
    const {postponed} = this
    this.postponed = []
    for (const {db, key} of postponed) db.noteReady(key)
  }

  /** Ends the waits whose time is over. */
  expire(nowMs: number): void {
    for (let {first} = this.deadlines; first !== undefined && first.deadlineMs <= nowMs; first = this.deadlines.first) {
      this.end(first.client)
    }
    this.announceDeadline()
  }

  /** Ends a wait. @param error - instead of the answer of a wait that ran out. @returns whether the client waited */
  end(client: Client, error?: string): boolean {
    const parked = this.parked.get(client)
    if (parked === undefined) return false
    const before = client.reply.out
    if (error === undefined) parked.wait.timeOut()
    else client.reply.error(error)
    if (!parked.wantsReply) client.reply.out = before
    this.release(client)
    return true
  }

  /** The client is gone; nothing is written to it. */
  forget(client: Client): void {
    const parked = this.parked.get(client)
    if (parked === undefined) return
    const {wait} = parked
    this.parked.delete(client)
    this.deadlines.remove(parked)
    if (wait.type !== undefined) wait.db.state.waiting[wait.type]--
    if (wait.needsKey !== true) this.countOfGone--
    const byKey = this.byKey.get(wait.db)
    for (const key of wait.keys) {
      const clients = byKey?.get(key)
      if (clients === undefined) continue
      clients.delete(client)
      if (clients.size > 0) continue
      byKey?.delete(key)
      wait.db.awaitNoMore(key)
    }
  }

  private release(client: Client): void {
    this.forget(client)
    client.unpark()
  }
}

/** Whether it is there, and of a type that somebody can wait for. */
function canServe(db: Database, key: string): boolean {
  const place = db.store.find(key)
  return place >= 0 && db.store.awaitedTypeAt(place) !== undefined
}
