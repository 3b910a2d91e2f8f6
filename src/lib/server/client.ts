import {type ProtocolLimits, REQUEST_TOO_BIG, RequestParser} from '../protocol/resp/request-parser.js'
import type {User} from './acl/user.js'
import type {Command, CommandContext} from './commands/command.js'
import type {Database} from './keyspace/database.js'
import type {KeyObservers} from './keyspace/key-observers.js'
import type {Watcher} from './keyspace/keyspace-state.js'
import type {Subscriptions} from './pubsub/pubsub.js'
import {ReplyWriter} from './reply.js'
import type {Server} from './server.js'
import type {ClientTracking} from './tracking/tracking.js'

export interface ClientOptions {
  /** `host:port` of the peer, `[::1]:port` for IPv6, and of our side; as CLIENT LIST prints them. */
  readonly address: string
  readonly localAddress: string
  /** Unix milliseconds. */
  readonly nowMs: number
}

export interface QueuedCommand {
  readonly command: Command
  readonly argv: string[]
}

/** What keeps a client from the dispatcher's short path; 0 = nothing. */
export const SPECIAL_NOT_AUTHENTICATED = 1
export const SPECIAL_MULTI = 2
export const SPECIAL_REPLY_MODE = 4
export const SPECIAL_SUBSCRIBED = 256
export const SPECIAL_TRACKING = 512
/** Gets the invalidations of another one that tracks. */
export const SPECIAL_REDIRECTED = 1024
export const SPECIAL_MONITOR = 2048
/** The stream of this node's primary: carried out without asking. */
export const SPECIAL_PRIMARY = 4096
/** A replica that follows this node. */
export const SPECIAL_REPLICA = 8192
/** A node that gives slots to this one: what it sends is carried out for them. */
export const SPECIAL_IMPORT = 16384
/** Its user may not do everything. */
export const SPECIAL_RESTRICTED = 64

/** A pipeline of small requests for big values must not gather all its answers in memory. */
const OUTPUT_BATCH_BYTES_MAX = 1024 * 1024

/** Of the client as which scripts run their commands. */
export const SCRIPT_CLIENT_ID = 0

/**
 * One connection as the pure server sees it: input bytes go to `feed`, output gathers in `reply`.
 *
 * A parked client (`park`) keeps its input unprocessed, in order, until `unpark`: MIGRATE waiting for its target, held
 * keys, CLIENT PAUSE. The shell stops reading from it when too much has piled up.
 */
export class Client implements Watcher {
  readonly id: number
  readonly server: Server
  readonly address: string
  readonly localAddress: string
  readonly createdMs: number
  readonly reply = new ReplyWriter()
  readonly context: CommandContext
  readonly parser: RequestParser

  /** OR of SPECIAL_...; the dispatcher's short path runs at 0 only. */
  special = 0
  /** To change with `Acl.logIn` alone. */
  account: User
  /** CLIENT SETNAME. */
  name = ''
  lastInteractionMs: number
  lastCommand: Command | undefined = undefined

  /** Commands queued since MULTI; undefined outside a transaction. */
  queue: QueuedCommand[] | undefined = undefined
  /** A command was refused while queueing: EXEC answers EXECABORT. */
  queueBroken = false
  watchBroken = false
  readonly watched: {readonly db: Database; readonly key: string; wasExpired: boolean}[] = []

  /** READONLY in cluster mode. */
  isReadonly = false
  /** ASKING was sent just before: holds for one command. */
  asking = false
  /** CLIENT REPLY. */
  replyMode: 'on' | 'off' | 'skip' = 'on'
  /** CLIENT NO-EVICT. */
  noEvict = false
  noTouch = false

  /** Undefined if it never had any. */
  subscriptions: Subscriptions | undefined = undefined
  /** CLIENT TRACKING is on. */
  tracking: ClientTracking | undefined = undefined
  /** Messages that came while a command of this client ran, to be placed before and behind its reply. */
  pushesBefore = ''
  pushesAfter = ''

  /** Bytes written to the socket and not yet taken by the kernel; the shell keeps it current for CLIENT LIST. */
  unsentBytes = 0
  /** Where the replication stream was after this client's last command that went out; for WAIT. */
  writeOffset = 0
  /** Told when the kernel has taken all output. */
  onDrain: (() => void) | undefined = undefined
  /** Output is to be sent before more commands run: `reply.out` has grown beyond `outputBatchMax` bytes. */
  throttled = false
  outputBatchMax = OUTPUT_BATCH_BYTES_MAX

  /** Waits; input is kept, not processed. */
  parked = false
  /** Runs commands of a transaction or script: a blocking one answers at once, as if its time were over. */
  mustNotBlock = false
  /** Cluster mode: slot of the keys of the transaction under way, or else of the script; -1 = none yet. */
  slot = -1
  /** What to run first after `unpark`, if anything. */
  private afterPark: (() => void) | undefined = undefined
  /** No further input is processed; the connection ends after pending output. */
  closing = false

  constructor(server: Server, id: number, options: ClientOptions, limits: ProtocolLimits) {
    this.server = server
    this.id = id
    this.address = options.address
    this.localAddress = options.localAddress
    this.createdMs = options.nowMs
    this.lastInteractionMs = options.nowMs
    this.parser = new RequestParser(limits)
    this.account = server.acl.defaultUser
    this.context = {server, client: this, db: server.databases[0]!, reply: this.reply, nowMs: options.nowMs}
  }

  /** Currently selected database. */
  get db(): Database {
    return this.context.db
  }

  set db(db: Database) {
    this.context.db = db
  }

  /** The name of its user. */
  get user(): string {
    return this.account.name
  }

  get authenticated(): boolean {
    return (this.special & SPECIAL_NOT_AUTHENTICATED) === 0
  }

  set authenticated(value: boolean) {
    if (value) this.special &= ~SPECIAL_NOT_AUTHENTICATED
    else this.special |= SPECIAL_NOT_AUTHENTICATED
    this.parser.trusted = value
  }

  /**
   * Takes a chunk of input and runs every complete command in it. `bytes` may be reused by the caller afterwards.
   *
   * @param nowMs - unix milliseconds
   */
  feed(bytes: Uint8Array, length: number, nowMs: number): void {
    if (this.closing) return
    this.lastInteractionMs = nowMs
    this.parser.feed(bytes, length)
    this.process(nowMs)
  }

  /** Runs what has been received and not yet run; called by `feed`, and by the shell after `unpark`. */
  process(nowMs: number): void {
    const {parser, server} = this
    if (nowMs > server.staleAfterMs) server.onWake()
    server.state.setTime(nowMs)
    this.context.nowMs = nowMs
    if (!this.parked && this.afterPark !== undefined) {
      const run = this.afterPark
      this.afterPark = undefined
      run()
      if (server.state.hasReady) server.serveBlocked()
    }
    this.throttled = false
    const {propagation} = server.state
    propagation.beginPipeline()
    try {
      this.runAll()
    } finally {
      propagation.endPipeline()
    }
    if (parser.error !== undefined && !this.closing && !this.parked && !this.throttled) {
      if (parser.error !== REQUEST_TOO_BIG) this.reply.error(`ERR Protocol error: ${parser.error}`)
      server.onProtocolError(this, parser.error)
      this.closing = true
    }
    if (this.closing) parser.clear()
    else parser.keep()
    server.tracking.flushBroadcasts()
  }

  /** Every complete command that has been received, as long as the client is to be served. */
  private runAll(): void {
    const {parser, server} = this
    while (!this.parked && !this.closing) {
      if (this.reply.out.length > this.outputBatchMax) {
        this.throttled = true
        break
      }
      const argv = parser.next()
      if (argv === undefined) break
      server.execute(this, argv)
      if (server.state.hasReady) server.serveBlocked()
    }
  }

  /**
   * Sends what is no reply. While a command of this client runs it is kept back, so as not to cut its reply in two.
   *
   * @param afterReply - else it goes before the reply of the running command
   */
  push(message: string, afterReply = false): void {
    if (this.server.running !== this) this.pushInline(message)
    else if (afterReply) this.pushesAfter += message
    else this.pushesBefore += message
  }

  /** Sends what is no reply behind all there is. */
  pushInline(message: string): void {
    if (this.closing) return
    // Whatever is there already is on its way out.
    if (this.reply.out === '') this.server.effects.flush(this)
    this.reply.out += message
  }

  /** Places what was pushed since `before` was all the output. */
  placePushes(before: string): void {
    const {reply} = this
    if (this.pushesBefore === '') return
    reply.out = before + this.pushesBefore + reply.out.slice(before.length)
    this.pushesBefore = ''
  }

  /** Stops processing input. @param then - runs first once unparked */
  park(then?: () => void): void {
    this.parked = true
    this.afterPark = then
  }

  /** Something more to run first once unparked, by who finds the client parked after its call. */
  afterUnpark(then: () => void): void {
    const before = this.afterPark
    this.afterPark = () => {
      before?.()
      then()
    }
  }

  /** Lets a parked client go on, soon, from the event loop. */
  unpark(): void {
    if (!this.parked) return
    this.parked = false
    this.server.effects.resume(this)
  }

  /** Bytes received and not yet processed. */
  get queryBufferBytes(): number {
    return this.parser.pendingBytes
  }

  hasSeenExpired(db: KeyObservers, key: string): boolean {
    const watched = this.watched.find((one) => one.db === db && one.key === key)
    if (watched?.wasExpired !== true) return false
    // From now on it is a key that is not there, like any other.
    watched.wasExpired = false
    return true
  }

  unwatchAll(): void {
    for (const {db, key} of this.watched) db.unwatch(key, this)
    this.watched.length = 0
    this.watchBroken = false
  }

  /** Ends a transaction: MULTI's queue and all watches are gone. */
  discard(): void {
    this.queue = undefined
    this.queueBroken = false
    this.special &= ~SPECIAL_MULTI
    this.unwatchAll()
  }

  /** RESET: as if just connected. */
  reset(): void {
    this.discard()
    this.db = this.server.databases[0]!
    this.isReadonly = false
    this.asking = false
    this.noEvict = false
    this.noTouch = false
    this.server.leaveModes(this)
    this.replyMode = 'on'
    this.special &= ~SPECIAL_REPLY_MODE
    this.reply.resp = 2
    this.name = ''
    const {acl} = this.server
    acl.logIn(this, acl.defaultUser, !acl.needsLogin)
  }
}
