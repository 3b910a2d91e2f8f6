import {type Client, SPECIAL_REDIRECTED, SPECIAL_SUBSCRIBED, SPECIAL_TRACKING} from '../client.js'
import type {Command} from '../commands/command.js'
import {keysOf} from '../dispatcher.js'
import {bulk} from '../pubsub/pubsub.js'
import type {Server} from '../server.js'
import {Broadcasts} from './broadcasts.js'
import {InvalidationTable} from './invalidation-table.js'

/** What CLIENT TRACKING ON asked for. */
export interface TrackingOptions {
  /** Id of the client that gets the invalidations; 0 = the one that tracks. */
  readonly redirect: number
  readonly broadcast: boolean
  readonly optIn: boolean
  readonly optOut: boolean
  readonly noLoop: boolean
  /** Those added, if it tracked by prefix before. */
  readonly prefixes: readonly string[]
}

/** Client side caching of one client, while it is on. */
export interface ClientTracking extends Omit<TrackingOptions, 'prefixes'> {
  readonly prefixes: Set<string>
  /** CLIENT CACHING was sent just before: holds for one command or transaction. */
  caching: boolean
  /** Whom invalidations go to has gone. */
  brokenRedirect: boolean
}

/** More keys than `tracking-table-max-keys` go little by little. */
const EVICTIONS_MAX = 100

/**
 * Tells clients which of the keys they have read changed, so that they can cache them (CLIENT TRACKING).
 *
 *   a tracking client reads a key -> the table remembers it, once -> the key changes -> told, and forgotten
 *
 * With BCAST nothing is remembered: every change of a key with one of the prefixes is told at the end of the turn. While
 * nobody tracks, the keyspace does not even ask (`KeyspaceState.onChange`).
 */
export class Tracking {
  readonly table = new InvalidationTable()
  readonly broadcasts = new Broadcasts()
  private readonly server: Server
  private readonly clients = new Set<Client>()
  private readonly onChange = (key: string): void => this.invalidate(key)

  constructor(server: Server) {
    this.server = server
  }

  get clientCount(): number {
    return this.clients.size
  }

  enable(client: Client, options: TrackingOptions): void {
    const prefixes = client.tracking?.prefixes ?? new Set()
    if (options.broadcast) {
      for (const prefix of options.prefixes.length === 0 ? [''] : options.prefixes) {
        prefixes.add(prefix)
        this.broadcasts.add(client, prefix)
      }
    }
    client.tracking = {...options, brokenRedirect: false, caching: client.tracking?.caching ?? false, prefixes}
    client.special |= SPECIAL_TRACKING
    const target = this.server.clients.get(options.redirect)
    if (target !== undefined) target.special |= SPECIAL_REDIRECTED
    this.clients.add(client)
    this.server.state.onChange = this.onChange
  }

  disable(client: Client): void {
    if (client.tracking === undefined) return
    for (const prefix of client.tracking.prefixes) this.broadcasts.remove(client, prefix)
    client.tracking = undefined
    client.special &= ~SPECIAL_TRACKING
    this.clients.delete(client)
    if (this.clients.size > 0) return
    this.server.state.onChange = undefined
    this.table.clear()
  }

  /** A tracking client ran a command: the keys it read are remembered, unless it opted otherwise. */
  noteRead(client: Client, command: Command, argv: readonly string[]): void {
    // A script counts by the commands it runs.
    if (command.isReadonly && command.group !== 'scripting') this.note(client, command, argv)
  }

  /** A script of a client read something. If the client tracks: whatever that was, the keys that the script declares are remembered. */
  noteScriptRead(client: Client, argv: readonly string[]): void {
    if (client.tracking !== undefined) this.note(client, this.server.findCommand(argv)!, argv)
  }

  private note(client: Client, command: Command, argv: readonly string[]): void {
    const {broadcast, caching, optIn, optOut} = client.tracking!
    if (broadcast || (optIn && !caching) || (optOut && caching)) return
    for (const key of keysOf(command, argv)) this.table.add(key, client.id)
    this.limit()
  }

  /** Brings the table below `tracking-table-max-keys`; who read what is given up is told that it changed. */
  limit(): void {
    const max = this.server.config.values.trackingTableMaxKeys
    if (max === 0) return
    for (let left = EVICTIONS_MAX; left > 0 && this.table.size > max; left--) {
      const key = this.table.evictable()
      if (key !== undefined) this.tellReaders(key)
    }
  }

  private invalidate(key: string): void {
    if (this.broadcasts.size > 0) {
      this.broadcasts.note(key, this.server.state.isExpiring ? undefined : this.server.running)
    }
    this.tellReaders(key)
  }

  private tellReaders(key: string): void {
    const readers = this.table.take(key)
    if (readers === undefined) return
    const keys = `*1\r\n${bulk(key)}`
    for (const id of typeof readers === 'number' ? [readers] : readers) {
      const client = this.server.clients.get(id)
      if (client?.tracking === undefined || client.tracking.broadcast) continue
      if (client.tracking.noLoop && this.server.running === client) continue
      this.send(client, keys)
    }
  }

  /** FLUSHALL, FLUSHDB: all that anybody may have cached is void. */
  invalidateAll(): void {
    if (this.clients.size === 0) return
    for (const client of this.server.clients.values()) {
      if (client.tracking !== undefined) this.send(client, client.reply.resp === 3 ? '_\r\n' : '$-1\r\n')
    }
    this.table.clear()
  }

  /** At the end of a turn. */
  flushBroadcasts(): void {
    this.broadcasts.flush((client, keys) => this.send(client, `*${keys.length}\r\n${keys.map(bulk).join('')}`))
  }

  private send(client: Client, keys: string): void {
    const {redirect} = client.tracking!
    const target = redirect === 0 ? client : this.server.clients.get(redirect)
    if (target === undefined) {
      client.tracking!.brokenRedirect = true
      if (client.reply.resp === 3) client.push(`>2\r\n$21\r\ntracking-redir-broken\r\n:${redirect}\r\n`, true)
    } else if (target.reply.resp === 3) {
      target.push(`>2\r\n$10\r\ninvalidate\r\n${keys}`, target === client)
    } else if (redirect !== 0 && (target.special & SPECIAL_SUBSCRIBED) !== 0) {
      // RESP2 has no pushes; a connection of its own that subscribed to this channel takes them as messages.
      target.push(`*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n${keys}`, target === client)
    }
  }
}
