import type {Client} from './client.js'
import type {Database} from './keyspace/database.js'

/** What a client waits for that a blocking command could not serve at once (BLPOP, BZPOPMIN, XREAD BLOCK, ...). */
export interface Wait {
  readonly db: Database
  readonly keys: readonly string[]
  /** Unix milliseconds; 0 = for ever. */
  readonly deadlineMs: number
  /**
   * Tries again now that the key has changed. Whatever it writes, it writes to the client's own reply and database.
   *
   * @returns whether the client is served: its reply is written
   */
  serve(key: string): boolean
  /** Writes the answer of a wait that ended without: nil, as a rule. Also for CLIENT UNBLOCK. */
  timeOut(): void
}

/**
 * Clients that wait for keys to change, longest waiting first.
 *
 * A key that is waited for is noted when it changes, in whatever way (`Database.changed`). Waiters are served after the
 * command or transaction that changed it, so that nobody sees it half done; and serving may change further keys.
 */
export class BlockedClients {
  private readonly waits = new Map<Client, Wait>()
  private readonly byKey = new Map<Database, Map<string, Set<Client>>>()
  private isServing = false

  get count(): number {
    return this.waits.size
  }

  waitOf(client: Client): Wait | undefined {
    return this.waits.get(client)
  }

  clients(): IterableIterator<[Client, Wait]> {
    return this.waits.entries()
  }

  /** The client is parked until it is served, runs out of time, or goes. */
  block(client: Client, wait: Wait): void {
    this.waits.set(client, wait)
    const byKey = this.byKey.get(wait.db) ?? new Map<string, Set<Client>>()
    this.byKey.set(wait.db, byKey)
    for (const key of wait.keys) {
      const clients = byKey.get(key) ?? new Set()
      clients.add(client)
      byKey.set(key, clients)
      wait.db.await(key)
    }
    client.park()
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

  private serveKey(db: Database, key: string): void {
    for (const client of [...(this.byKey.get(db)?.get(key) ?? [])]) {
      const wait = this.waits.get(client)
      if (wait === undefined || !wait.serve(key)) continue
      this.release(client)
    }
  }

  /** Those whose time is over. */
  expire(nowMs: number): void {
    for (const [client, {deadlineMs}] of this.waits) {
      if (deadlineMs !== 0 && deadlineMs <= nowMs) this.end(client)
    }
  }

  /** Ends a wait. @param error - instead of the answer of a wait that ran out. @returns whether the client waited */
  end(client: Client, error?: string): boolean {
    const wait = this.waits.get(client)
    if (wait === undefined) return false
    if (error === undefined) wait.timeOut()
    else client.reply.error(error)
    this.release(client)
    return true
  }

  /** The client is gone; nothing is written to it. */
  forget(client: Client): void {
    const wait = this.waits.get(client)
    if (wait === undefined) return
    this.waits.delete(client)
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
