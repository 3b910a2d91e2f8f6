import type {Rng} from '../kernel/rng.js'
import {type ProtocolLimits, REQUEST_TOO_BIG} from '../protocol/resp/request-parser.js'
import {Acl} from './acl/acl.js'
import {BlockedClients} from './blocked-clients.js'
import {checkBlockedClients} from './blocked-in-cluster.js'
import {Client, type ClientOptions, SPECIAL_NOT_AUTHENTICATED} from './client.js'
import type {ClusterBinding} from './cluster/api.js'
import type {Command} from './commands/command.js'
import {commandTable} from './commands/index.js'
import type {Config} from './config/config.js'
import type {CrdtDatabase} from './crdt/crdt-database.js'
import {Dispatcher} from './dispatcher.js'
import type {ServerEffects} from './effects.js'
import {HeldKeys} from './held-keys.js'
import {ActiveExpiry} from './keyspace/active-expiry.js'
import {Database} from './keyspace/database.js'
import {KeyspaceState} from './keyspace/keyspace-state.js'
import {STRING_BYTES_MAX} from './keyspace/string-bytes.js'
import {MemoryLimit} from './memory-limit.js'
import {Monitors} from './monitors.js'
import {AppendOnly} from './persistence/append-only.js'
import {Saving} from './persistence/saving.js'
import type {FormerDatabase} from './persistence/state-source.js'
import {eventMask, publishEvent} from './pubsub/keyspace-events.js'
import {PubSub} from './pubsub/pubsub.js'
import {Replication} from './replication/replication.js'
import {openSnapshot} from './replication/stream-place.js'
import {ServerStats} from './server-stats.js'
import {SlotMigrations} from './slot-migration/slot-migrations.js'
import {Tracking} from './tracking/tracking.js'

export interface ServerOptions {
  readonly config: Config
  readonly effects: ServerEffects
  readonly rng: Rng
  /** Unix milliseconds at the start. */
  readonly nowMs: number
  readonly processId: number
}

/** What keeps all clients from the dispatcher's short path. */
export const SERVER_HOLDS_KEYS = 1
export const SERVER_PAUSED = 2
export const SERVER_MONITORED = 256
/** A replica, or a primary with too few of them: what may be done depends on the command. */
export const SERVER_ROLE = 8
/** The data are not there yet. */
export const SERVER_LOADING = 16
/** A script has run for longer than busy-reply-threshold. */
export const SERVER_BUSY = 4
/** The append-only file cannot be written. */
export const SERVER_DISK_FULL = 32

/** No quick command takes longer. */
const QUICK_COMMAND_US_MAX = 1000

/** The version of Redis whose behaviour the node offers. */
export const REDIS_VERSION = '7.0.15'

/**
 * The node without sockets, timers and disk: clients' bytes in, replies out, effects into a sink.
 *
 * The shell feeds clients, calls `cron` every 100 ms and carries out what goes to `effects`.
 */
export class Server {
  readonly config: Config
  readonly effects: ServerEffects
  readonly rng: Rng
  readonly state = new KeyspaceState()
  readonly databases: Database[]
  readonly commands: ReadonlyMap<string, Command>
  readonly acl: Acl
  readonly clients = new Map<number, Client>()
  readonly startedMs: number
  readonly processId: number
  /** 40 hex characters, new at every start. */
  readonly runId: string
  readonly stats = new ServerStats()
  /** Number of error replies by their code. */
  readonly errorCounts = new Map<string, number>()
  /** Input later than this (Unix ms) comes after this process did not run for a while: `onWake` is called first. */
  staleAfterMs = Number.POSITIVE_INFINITY
  onWake: () => void = () => undefined
  /** In cluster mode, once the bus shell has set it; undefined otherwise. */
  cluster: ClusterBinding | undefined = undefined
  readonly isCluster: boolean
  /** While this node holds an instance of an active-active database; what it needs is loaded with it. */
  crdt: CrdtDatabase | undefined = undefined
  /** What this node's own files may hold of a database that it has left. */
  former: FormerDatabase | undefined = undefined
  /** OR of SERVER_...; the dispatcher's short path runs at 0 only. */
  special = 0
  /** slowlog-log-slower-than is so low that every command has to be timed. */
  timesAll = false
  /** What a client's parser accepts; follows the settings. */
  readonly limits: ProtocolLimits
  readonly held: HeldKeys
  readonly blocked: BlockedClients
  readonly memory: MemoryLimit
  readonly pubsub = new PubSub()
  readonly tracking = new Tracking(this)
  readonly monitors = new Monitors()
  readonly replication: Replication
  readonly migrations: SlotMigrations
  /** Whose command runs, if it is a client that gets messages other than replies; undefined otherwise. */
  running: Client | undefined = undefined
  /** CLIENT PAUSE: unix milliseconds; 0 = not paused. */
  pausedUntilMs = 0
  pausesWritesOnly = false
  /** A replica takes this primary's place: unix milliseconds until which no data changes; 0 = that is not so. */
  failoverPausedUntilMs = 0
  readonly saving: Saving
  readonly appendOnly: AppendOnly
  /** A file is being loaded at the start: bytes of it; undefined: no. */
  loading: {readonly bytes: number; readonly startedMs: number} | undefined = undefined
  loadedBytes = 0
  /** Of the file that was loaded at the start. */
  loadedKeys = {expired: 0, loaded: 0}
  cronCount = 0

  private readonly dispatcher: Dispatcher
  private readonly expiry = new ActiveExpiry()
  private nextClientId = 1

  constructor(options: ServerOptions) {
    this.config = options.config
    this.effects = options.effects
    this.rng = options.rng
    this.processId = options.processId
    this.startedMs = options.nowMs
    this.runId = options.rng.hex(40)
    this.isCluster = options.config.values.clusterEnabled
    this.state.setTime(options.nowMs)
    const count = this.isCluster ? 1 : options.config.values.databases
    this.databases = Array.from({length: count}, (_, index) => new Database(index, this.state, this.isCluster))
    this.commands = commandTable(options.config.values.enableFaultCommand !== 'no')
    this.held = new HeldKeys(this)
    this.blocked = new BlockedClients(this.held)
    this.dispatcher = new Dispatcher(this)
    this.memory = new MemoryLimit(this)
    this.state.onEvent = (_kind, event, key, database) => {
      publishEvent(this.pubsub, this.config.values.notifyKeyspaceEvents, event, key, database)
    }
    this.limits = {bulkBytesMax: 0, requestBytesMax: 0}
    this.saving = new Saving(this)
    this.appendOnly = new AppendOnly(this)
    this.replication = new Replication(this, (parts) => openSnapshot(this, parts))
    this.migrations = new SlotMigrations(this)
    this.applySettings()
    this.acl = new Acl(this)
    this.acl.loadAtStart()
    this.config.onChange((changed) => {
      if (changed.has('requirepass')) this.acl.setDefaultPassword(this.config.values.requirepass)
      this.applySettings()
      return undefined
    })
  }

  private applySettings(): void {
    const {
      clientQueryBufferLimit,
      lazyfreeLazyEviction,
      lazyfreeLazyExpire,
      notifyKeyspaceEvents,
      protoMaxBulkLen,
      slowlogLogSlowerThan,
    } = this.config.values
    this.state.notifyMask = eventMask(notifyKeyspaceEvents)
    this.state.unlinksExpired = lazyfreeLazyExpire
    this.state.unlinksEvicted = lazyfreeLazyEviction
    this.timesAll = slowlogLogSlowerThan >= 0 && slowlogLogSlowerThan < QUICK_COMMAND_US_MAX
    this.limits.bulkBytesMax = Math.min(protoMaxBulkLen, STRING_BYTES_MAX)
    this.limits.requestBytesMax = clientQueryBufferLimit
    this.memory.applySettings()
    this.refreshRole()
  }

  /** A connection was accepted. */
  addClient(options: ClientOptions): Client {
    const client = new Client(this, this.nextClientId++, options, this.limits)
    this.acl.logIn(client, this.acl.defaultUser, !this.acl.needsLogin)
    this.clients.set(client.id, client)
    this.stats.connections++
    return client
  }

  /** The connection is gone. Safe to call twice. */
  removeClient(client: Client): void {
    if (!this.clients.delete(client.id)) return
    client.closing = true
    client.discard()
    this.leaveModes(client)
    this.replication.replicas.detach(client)
    this.migrations.forget(client)
    this.crdt?.peers?.feeds.forget(client)
    this.held.forget(client)
    this.blocked.forget(client)
  }

  /** No subscription, tracking or MONITOR any more; nothing is said to the client. */
  leaveModes(client: Client): void {
    this.pubsub.forget(client)
    this.tracking.disable(client)
    this.stopMonitoring(client)
  }

  startMonitoring(client: Client): void {
    this.monitors.add(client)
    this.special |= SERVER_MONITORED
  }

  private stopMonitoring(client: Client): void {
    this.monitors.remove(client)
    if (this.monitors.count === 0) this.special &= ~SERVER_MONITORED
  }

  /** Serves blocked clients after a command that changed what they wait for. */
  serveBlocked(): void {
    this.state.hasReady = false
    this.blocked.serveReady(this.databases)
  }

  /** Runs one command and writes its reply to the client. */
  execute(client: Client, argv: string[]): void {
    this.dispatcher.execute(client, argv)
  }

  /** Runs one command without the checks before it: EXEC made them when it was queued. */
  call(client: Client, command: Command, argv: string[]): void {
    this.dispatcher.call(client, command, argv)
  }

  /** This node copies another's data. */
  get isReplica(): boolean {
    return this.replication.link !== undefined || this.cluster?.core.myself.primary !== undefined
  }

  /** A replica whose clients may not write. */
  get refusesWrites(): boolean {
    return this.isReplica && this.config.values.replicaReadOnly
  }

  /** A primary with fewer replicas near than `min-replicas-to-write` asks. */
  get lacksReplicas(): boolean {
    return !this.isReplica && !this.replication.replicas.areEnough
  }

  /** A replica without a link that is not to serve data that may be out of date. */
  get isStale(): boolean {
    const {link} = this.replication
    return link !== undefined && !link.isUp && !this.config.values.replicaServeStaleData
  }

  /** Where replicas and the cluster are to reach this node's clients' port. */
  get announcedPort(): number {
    const {port, tlsPort, tlsReplication} = this.config.values
    return tlsReplication ? tlsPort : port
  }

  get isLoading(): boolean {
    return this.loading !== undefined
  }

  beginLoading(bytes: number): void {
    this.loading = {bytes, startedMs: this.effects.nowMs()}
    this.special |= SERVER_LOADING
  }

  /** The data are there. */
  endLoading(): void {
    this.loading = undefined
    this.special &= ~SERVER_LOADING
  }

  /** Replication has changed in a way that what commands may do depends on. */
  refreshRole(): void {
    const {minReplicasMaxLag, minReplicasToWrite} = this.config.values
    const needsReplicas = minReplicasToWrite > 0 && minReplicasMaxLag > 0
    const {isReplica} = this
    if (isReplica || needsReplicas || this.crdt?.writeRefusal !== undefined) this.special |= SERVER_ROLE
    else this.special &= ~SERVER_ROLE
    // Deletions of a replica come from its primary; and a paused primary's stream must stand still.
    this.state.keepExpired = this.replication.link !== undefined || this.failoverPausedUntilMs !== 0
  }

  /** Looks a command up as typed; a subcommand if the container has one of that name. */
  findCommand(argv: readonly string[]): Command | undefined {
    return this.dispatcher.find(argv)
  }

  /** Other clients' commands on these keys of `db` wait until `releaseKeys`. */
  holdKeys(holder: Client, db: Database, keys: readonly string[]): void {
    this.held.hold(holder, db, keys)
  }

  releaseKeys(holder: Client): void {
    this.held.release(holder)
  }

  /** CLIENT PAUSE. */
  pause(untilMs: number, writesOnly: boolean): void {
    this.pausedUntilMs = Math.max(untilMs, this.pausedUntilMs)
    this.pausesWritesOnly = writesOnly
    this.special |= SERVER_PAUSED
  }

  unpause(): void {
    this.pausedUntilMs = 0
    this.wakePaused()
  }

  /**
   * The data set and the stream to replicas stand still, so that a replica can take over without a loss: writes wait, reads
   * are served, nothing expires or is evicted. CLIENT UNPAUSE does not end it.
   */
  pauseForFailover(untilMs: number): void {
    this.failoverPausedUntilMs = untilMs
    this.refreshRole()
    this.special |= SERVER_PAUSED
  }

  /** Safe to call at any time. */
  endFailoverPause(): void {
    if (this.failoverPausedUntilMs === 0) return
    this.failoverPausedUntilMs = 0
    this.refreshRole()
    this.wakePaused()
  }

  /** Who must wait for another reason is parked again. */
  wakePaused(): void {
    const isPaused = this.pausedUntilMs !== 0 || this.failoverPausedUntilMs !== 0 || this.migrations.isPausing
    if (!isPaused) this.special &= ~SERVER_PAUSED
    this.held.wakePaused()
  }

  onProtocolError(client: Client, reason: string): void {
    if (reason === REQUEST_TOO_BIG) {
      const whose = `id=${client.id} addr=${client.address}`
      this.effects.log('warning', `Closing client that reached max query buffer length: ${whose}`)
      return
    }
    this.countError('ERR')
    this.effects.log('verbose', `Protocol error (${reason}) from client: id=${client.id} addr=${client.address}`)
  }

  countError(code: string): void {
    this.stats.errorReplies++
    this.errorCounts.set(code, (this.errorCounts.get(code) ?? 0) + 1)
  }

  /** New passwords and the like do not log anybody out; a client without AUTH stays marked. */
  isAuthenticated(client: Client): boolean {
    return (client.special & SPECIAL_NOT_AUTHENTICATED) === 0
  }

  /** Every 100 ms. */
  cron(nowMs: number): void {
    this.cronCount++
    this.state.setTime(nowMs)
    if (this.pausedUntilMs !== 0 && this.pausedUntilMs <= nowMs) this.unpause()
    if (this.failoverPausedUntilMs <= nowMs) this.endFailoverPause()
    this.replication.cron(nowMs)
    this.migrations.cron(nowMs)
    this.saving.cron(nowMs)
    this.appendOnly.cron(nowMs)
    checkBlockedClients(this)
    this.blocked.expire(nowMs)
    this.memory.cron()
    // Changes that no client's command made.
    if (this.state.hasReady) this.serveBlocked()
    this.tracking.limit()
    this.tracking.flushBroadcasts()
  }

  /**
   * Deletes expired keys, about `entryLimit` looked at.
   *
   * @returns whether a whole round over all deadlines is not yet finished and it pays to go on
   */
  activeExpire(nowMs: number, entryLimit: number): boolean {
    if (this.isLoading) return false
    this.state.setTime(nowMs)
    const goesOn = this.expiry.run(this.databases, entryLimit)
    this.tracking.flushBroadcasts()
    return goesOn
  }
}
