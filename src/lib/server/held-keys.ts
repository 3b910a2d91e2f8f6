import {type Client, SPECIAL_REPLICA} from './client.js'
import type {Command} from './commands/command.js'
import type {Database} from './keyspace/database.js'
import {SERVER_HOLDS_KEYS, SERVER_PAUSED, type Server} from './server.js'

/**
 * Keys that are on their way to another node, and the clients that wait for them.
 *
 * MIGRATE must not freeze the loop while its target answers, but nobody may see or change a key meanwhile. So commands of
 * other clients that name a held key are parked, whole and in order, and run again from the start after the release.
 */
export class HeldKeys {
  private readonly server: Server
  private readonly byHolder = new Map<Client, {readonly db: Database; readonly keys: ReadonlySet<string>}>()
  private readonly waiting = new Set<Client>()
  private readonly paused = new Set<Client>()

  constructor(server: Server) {
    this.server = server
  }

  hold(holder: Client, db: Database, keys: readonly string[]): void {
    this.byHolder.set(holder, {db, keys: new Set(keys)})
    this.server.special |= SERVER_HOLDS_KEYS
  }

  release(holder: Client): void {
    if (!this.byHolder.delete(holder)) return
    if (this.byHolder.size === 0) this.server.special &= ~SERVER_HOLDS_KEYS
    wake(this.waiting)
    this.server.blocked.servePostponed()
  }

  isHeld(db: Database, key: string): boolean {
    for (const held of this.byHolder.values()) if (held.db === db && held.keys.has(key)) return true
    return false
  }

  /** Clients that CLIENT PAUSE or a failover keeps. */
  get pausedCount(): number {
    return this.paused.size
  }

  /** The client is gone, whatever it was. */
  forget(client: Client): void {
    this.waiting.delete(client)
    this.paused.delete(client)
  }

  wakePaused(): void {
    wake(this.paused)
  }

  /**
   * Parks the client if its command must wait now; `retry` runs it again later.
   *
   * @param keys - of the command, or of the whole transaction
   */
  parkIfNeeded(
    client: Client,
    command: Command,
    isWrite: boolean,
    keys: readonly string[],
    retry: () => void,
  ): boolean {
    const {special} = this.server
    if ((special & SERVER_HOLDS_KEYS) !== 0 && this.mustWait(client, isWrite, keys)) {
      this.waiting.add(client)
      client.park(retry)
      return true
    }
    // What replicas have to say must come through.
    const isReplica = (client.special & SPECIAL_REPLICA) !== 0
    if ((special & SERVER_PAUSED) !== 0 && !isReplica && this.isPausedFor(command, isWrite, keys)) {
      this.paused.add(client)
      client.park(retry)
      return true
    }
    return false
  }

  private mustWait(client: Client, isWrite: boolean, keys: readonly string[]): boolean {
    for (const [holder, {db, keys: held}] of this.byHolder) {
      if (holder === client) continue
      // FLUSHALL and its like name no key but reach all.
      if (keys.length === 0 && isWrite) return true
      if (db === client.db && keys.some((key) => held.has(key))) return true
    }
    return false
  }

  private isPausedFor(command: Command, isWrite: boolean, keys: readonly string[]): boolean {
    const {failoverPausedUntilMs, migrations, pausedUntilMs, pausesWritesOnly} = this.server
    const changes = isWrite || command.mayReplicate
    if (failoverPausedUntilMs !== 0 && changes) return true
    if (migrations.isPausing && changes && command.group !== 'pubsub' && migrations.holdsBack(keys)) return true
    if (pausedUntilMs === 0) return false
    if (pausesWritesOnly) return changes
    // Otherwise nobody could end the pause.
    return command.parent?.name !== 'client'
  }
}

function wake(clients: Set<Client>): void {
  const all = [...clients]
  clients.clear()
  for (const client of all) client.unpark()
}
