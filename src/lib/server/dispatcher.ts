import {isTooLong} from '../kernel/too-long.js'
import {hashSlot} from '../protocol/hash-slot.js'
import {denialText} from './acl/acl.js'
import {
  type Client,
  SPECIAL_IMPORT,
  SPECIAL_MONITOR,
  SPECIAL_MULTI,
  SPECIAL_NOT_AUTHENTICATED,
  SPECIAL_PRIMARY,
  SPECIAL_REPLICA,
  SPECIAL_REPLY_MODE,
  SPECIAL_RESTRICTED,
  SPECIAL_SUBSCRIBED,
  SPECIAL_TRACKING,
} from './client.js'
import type {Command} from './commands/command.js'
import {adminStateOf} from './info/admin-state.js'
import {routeKeys} from './key-routing.js'
import {OUT_OF_MEMORY} from './memory-limit.js'
import {redacted} from './redaction.js'
import type {ReplyWriter} from './reply.js'
import {INTERNAL_ERROR, NO_REPLICAS, PRIMARY_DOWN, READ_ONLY_REPLICA, ReplyError, TOO_LONG} from './reply-error.js'
import {scriptingOf} from './scripting/scripting.js'
import {
  SERVER_BUSY,
  SERVER_DISK_FULL,
  SERVER_HOLDS_KEYS,
  SERVER_LOADING,
  SERVER_MONITORED,
  SERVER_PAUSED,
  SERVER_ROLE,
  type Server,
} from './server.js'

/** Of quick commands one in 64 is timed and counts for all: the clock costs as much as they do. */
const SAMPLING_MASK = 63

/** Redis cuts names and arguments it repeats in an error. */
const ECHO_BYTES_MAX = 128

/**
 * From argv to a reply: lookup, arity, authentication, routing, transactions, then the handler.
 *
 * The order of the checks is Redis's (wire.md 1.13). A client and a server in no special state take the short path, which
 * reads two zeros and, in cluster mode, one byte of `core.serves`.
 */
export class Dispatcher {
  private readonly server: Server

  constructor(server: Server) {
    this.server = server
  }

  /** The command as typed; the subcommand where there is one; the container otherwise. */
  find(argv: readonly string[]): Command | undefined {
    const {commands} = this.server
    const name = argv[0]!
    const command = commands.get(name) ?? commands.get(name.toLowerCase())
    if (command?.subcommands === undefined || argv.length < 2) return command
    return command.subcommands.get(argv[1]!.toLowerCase()) ?? command
  }

  execute(client: Client, argv: string[]): void {
    const {server} = this
    const name = argv[0]!
    let command = server.commands.get(name) ?? server.commands.get(name.toLowerCase())
    if (command === undefined) {
      this.reject(client, unknownCommand(argv))
      return
    }
    if (command.subcommands !== undefined && argv.length > 1) {
      const subcommand = command.subcommands.get(argv[1]!.toLowerCase())
      if (subcommand === undefined) {
        if (command.run === undefined) {
          this.reject(client, unknownSubcommand(command, argv[1]!))
          return
        }
      } else {
        command = subcommand
      }
    }
    const {arity} = command
    if (arity > 0 ? argv.length !== arity : argv.length < -arity) {
      this.forbid(client, command, `ERR wrong number of arguments for '${command.fullName}' command`)
      return
    }
    if ((client.special | server.special) !== 0) {
      this.executeSpecial(client, command, argv)
      return
    }
    const {cluster} = server
    if (cluster !== undefined && (command.firstKey !== 0 || command.keyIndexes !== undefined)) {
      const {firstKey} = command
      const key = argv[firstKey]!
      let refusal: string | undefined
      if (command.lastKey === firstKey && firstKey !== 0 && command.keyIndexes === undefined) {
        const slot = hashSlot(key)
        client.context.db.hint(key, slot)
        if (cluster.core.serves[slot] === 0) refusal = routeKeys(server, client, command, argv)
      } else {
        refusal = routeKeys(server, client, command, argv)
      }
      if (refusal !== undefined) {
        client.asking = false
        this.refuse(client, command, refusal)
        return
      }
    }
    if (server.memory.isSet && server.memory.refuses(client, command)) {
      this.refuse(client, command, OUT_OF_MEMORY)
      return
    }
    this.call(client, command, argv)
  }

  /** Runs the handler and counts. The one place that turns a thrown `ReplyError` into a reply. */
  call(client: Client, command: Command, argv: string[]): void {
    const {server} = this
    const {reply} = client
    const errorsBefore = reply.errorCount
    const outBefore = reply.out
    const isTimed = command.isSlow || (command.calls & SAMPLING_MASK) === 0 || server.timesAll
    const startedUs = isTimed ? server.effects.monotonicUs() : 0
    command.calls++
    server.stats.commands++
    client.lastCommand = command
    const {state} = server
    const {propagation} = state
    const isPropagated = propagation.isOn
    const dirtyBefore = state.dirty
    const database = client.context.db.index
    const wasReplaced = isPropagated && propagation.begin(command.isWrite)
    try {
      command.run!(client.context, argv)
    } catch (error) {
      // Half a reply would shift every later one.
      reply.out = outBefore
      if (error instanceof ReplyError) reply.error(error.message)
      else if (isTooLong(error)) reply.error(TOO_LONG)
      else {
        this.onBug(reply, command, error)
        if (isPropagated) propagation.abandon(argv)
      }
    }
    if (isPropagated) {
      if (propagation.capture !== undefined && command.changesData && reply.errorCount === errorsBefore) {
        propagation.capture.ran(command.fullName, argv)
      }
      propagation.end(wasReplaced, database, argv, command.changesData && state.dirty !== dirtyBefore)
      client.writeOffset = server.replication.offset
      if (propagation.hasFailed) {
        propagation.hasFailed = false
        reply.out = outBefore
        reply.error(INTERNAL_ERROR)
      }
    }
    if (isTimed) this.countTime(client, command, argv, server.effects.monotonicUs() - startedUs)
    if (reply.errorCount !== errorsBefore) {
      command.failedCalls++
      server.countError(errorCode(reply.lastError))
    }
    if (client.asking && command.name !== 'asking' && client.queue === undefined) client.asking = false
    if ((client.special | server.special) !== 0) this.tellOfCall(client, command, argv)
  }

  private tellOfCall(client: Client, command: Command, argv: string[]): void {
    const {server} = this
    if ((client.special & SPECIAL_TRACKING) !== 0) server.tracking.noteRead(client, command, argv)
    if ((server.special & SERVER_MONITORED) !== 0) server.monitors.feed(client, command, argv, server.effects.unixUs())
  }

  private countTime(client: Client, command: Command, argv: string[], tookUs: number): void {
    const {server} = this
    command.usec += command.isSlow || server.timesAll ? tookUs : tookUs * (SAMPLING_MASK + 1)
    const limitUs = server.config.values.slowlogLogSlowerThan
    if (limitUs < 0 || tookUs < limitUs || command.flags.includes('skip_slowlog')) return
    const {address, name} = client
    const at = Math.floor(server.state.nowMs / 1000)
    adminStateOf(server).slowLog.record(
      {address, argv: redacted(command, argv), at, durationUs: Math.round(tookUs), name},
      server.config.values.slowlogMaxLen,
    )
  }

  /** One command failed for a reason of ours: the node and its other clients go on. */
  private onBug(reply: ReplyWriter, command: Command, error: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.server.effects.log('warning', `Bug in command '${command.fullName}': ${detail}`)
    reply.error(INTERNAL_ERROR)
  }

  private executeSpecial(client: Client, command: Command, argv: string[]): void {
    const {server} = this
    if ((client.special & SPECIAL_PRIMARY) !== 0) {
      if (client.queue !== undefined && !command.isTransactionControl) client.queue.push({argv, command})
      else this.call(client, command, argv)
      return
    }
    if ((client.special & SPECIAL_NOT_AUTHENTICATED) !== 0 && !command.noAuth && server.acl.needsLogin) {
      this.forbid(client, command, 'NOAUTH Authentication required.')
      return
    }
    if ((client.special & SPECIAL_IMPORT) !== 0) {
      server.migrations.onImported(client, command, argv, () => this.call(client, command, argv))
      return
    }
    const isQueueing = (client.special & SPECIAL_MULTI) !== 0
    if (isQueueing && command.noMulti) {
      this.refuse(client, command, 'ERR Command not allowed inside a transaction')
      return
    }
    if ((client.special & SPECIAL_RESTRICTED) !== 0) {
      client.lastCommand = command
      const denial = server.acl.check(client, command, argv)
      if (denial !== undefined) {
        this.forbid(client, command, denialText(denial, command))
        return
      }
    }
    const refusal = server.cluster === undefined ? undefined : routeKeys(server, client, command, argv)
    if (refusal !== undefined) {
      if (command.name === 'exec') client.discard()
      client.asking = false
      this.refuse(client, command, refusal)
      return
    }
    if (server.memory.isSet && server.memory.refuses(client, command)) {
      this.forbid(client, command, OUT_OF_MEMORY)
      return
    }
    if ((server.special & SERVER_DISK_FULL) !== 0 && (command.name === 'ping' || writes(client, command))) {
      this.forbid(client, command, server.appendOnly.refusal!)
      return
    }
    if ((server.special & SERVER_ROLE) !== 0) {
      const refusal = refusalInRole(server, client, command)
      if (refusal !== undefined) {
        this.forbid(client, command, refusal)
        return
      }
    }
    if ((server.special & SERVER_LOADING) !== 0 && !command.flags.includes('loading')) {
      this.forbid(client, command, 'LOADING Redis is loading the dataset in memory')
      return
    }
    const modeRefusal = refusalInMode(client, command)
    if (modeRefusal !== undefined) {
      this.refuse(client, command, modeRefusal)
      return
    }
    if ((server.special & SERVER_BUSY) !== 0) {
      const busy = scriptingOf(server).busyRefusal(command, argv)
      if (busy !== undefined) {
        this.forbid(client, command, busy)
        return
      }
    }
    const queued = isQueueing && !command.isTransactionControl
    if ((server.special & (SERVER_HOLDS_KEYS | SERVER_PAUSED)) !== 0 && !queued && this.parks(client, command, argv))
      return
    const {reply} = client
    const before = reply.out
    if (queued) {
      // What is bound to fail is not kept: neither its keys nor its memory count any more.
      if (!client.queueBroken && !client.watchBroken) client.queue!.push({argv, command})
      reply.simple('QUEUED')
    } else {
      server.running = client
      this.call(client, command, argv)
      server.running = undefined
    }
    if ((client.special & SPECIAL_REPLY_MODE) !== 0) this.dropReply(client, command, before)
    if (client.pushesBefore !== '') client.placePushes(before)
    if (client.pushesAfter !== '') {
      reply.out += client.pushesAfter
      client.pushesAfter = ''
    }
    if (client.tracking?.caching && client.queue === undefined && command.parent?.name !== 'client') {
      client.tracking.caching = false
    }
  }

  /** CLIENT REPLY OFF and SKIP: the command ran, its answer is not sent. */
  private dropReply(client: Client, command: Command, before: string): void {
    if (command.fullName === 'client|reply') return
    client.reply.out = before
    if (client.replyMode === 'skip') {
      client.replyMode = 'on'
      client.special &= ~SPECIAL_REPLY_MODE
    }
  }

  private parks(client: Client, command: Command, argv: string[]): boolean {
    const isExec = command.name === 'exec' && client.queue !== undefined
    const calls = isExec ? client.queue! : [{argv, command}]
    const keys = calls.flatMap((one) => keysOf(one.command, one.argv))
    const isWrite = calls.some((one) => one.command.isWrite)
    return this.server.held.parkIfNeeded(client, command, isWrite, keys, () => this.execute(client, argv))
  }

  /** What EXEC itself must not do ends the transaction. */
  private forbid(client: Client, command: Command, text: string): void {
    if (command.name !== 'exec') {
      this.refuse(client, command, text)
      return
    }
    client.discard()
    // Redis repeats the reason as it stands, without the general code.
    const reason = text.startsWith('ERR ') ? text.slice('ERR '.length) : text
    this.refuse(client, command, `EXECABORT Transaction discarded because of: ${reason}`)
  }

  private refuse(client: Client, command: Command, text: string): void {
    command.rejectedCalls++
    this.reject(client, text)
  }

  /** An error before the handler ran: inside MULTI it dooms the transaction. */
  private reject(client: Client, text: string): void {
    if (client.queue !== undefined) client.queueBroken = true
    client.reply.error(text)
    this.server.countError(errorCode(text))
  }
}

/** Subscribers in RESP2 could not tell a reply from a message; a monitor is half a replica to Redis. */
function refusalInMode(client: Client, command: Command): string | undefined {
  if (
    (client.special & SPECIAL_SUBSCRIBED) !== 0 &&
    client.reply.resp === 2 &&
    !WHILE_SUBSCRIBED.has(command.fullName)
  ) {
    return `ERR Can't execute '${command.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`
  }
  if ((client.special & (SPECIAL_MONITOR | SPECIAL_REPLICA)) === 0) return undefined
  const isOfKeyspace = command.isWrite || command.isReadonly || command.mayReplicate
  return isOfKeyspace ? "ERR Replica can't interact with the keyspace" : undefined
}

function writes(client: Client, command: Command): boolean {
  if (command.name !== 'exec' || client.queue === undefined) return command.isWrite
  return client.queue.some((one) => one.command.isWrite)
}

/** What a replica, or a primary with too few of them, does not do; in redis-server's order. */
function refusalInRole(server: Server, client: Client, command: Command): string | undefined {
  const isWrite = writes(client, command)
  if (isWrite && server.lacksReplicas) return NO_REPLICAS
  if (isWrite && server.refusesWrites) return READ_ONLY_REPLICA
  if (isWrite && server.crdt?.writeRefusal !== undefined) return server.crdt.writeRefusal
  return !server.isStale || command.flags.includes('stale') ? undefined : PRIMARY_DOWN
}

const WHILE_SUBSCRIBED = new Set([
  'subscribe',
  'unsubscribe',
  'psubscribe',
  'punsubscribe',
  'ssubscribe',
  'sunsubscribe',
  'ping',
  'quit',
  'reset',
])

/** The keys a command names, in order. */
export function keysOf(command: Command, argv: readonly string[]): string[] {
  return keyIndexesOf(command, argv).map((index) => argv[index]!)
}

/** Indexes in argv of the keys; those beyond the end of argv are left out. */
export function keyIndexesOf(command: Command, argv: readonly string[]): number[] {
  if (command.keyIndexes !== undefined) return command.keyIndexes(argv)
  const {firstKey, keyStep, lastKey} = command
  if (firstKey === 0) return []
  const last = lastKey < 0 ? argv.length + lastKey : Math.min(lastKey, argv.length - 1)
  const indexes: number[] = []
  for (let index = firstKey; index <= last; index += keyStep) indexes.push(index)
  return indexes
}

function errorCode(text: string): string {
  const space = text.indexOf(' ')
  return space < 0 ? text : text.slice(0, space)
}

function unknownCommand(argv: readonly string[]): string {
  let shown = ''
  for (const argument of argv.slice(1)) {
    if (shown.length >= ECHO_BYTES_MAX) break
    shown += `'${argument.slice(0, ECHO_BYTES_MAX - shown.length)}' `
  }
  return `ERR unknown command '${argv[0]!.slice(0, ECHO_BYTES_MAX)}', with args beginning with: ${shown}`
}

function unknownSubcommand(command: Command, name: string): string {
  const shown = name.slice(0, ECHO_BYTES_MAX)
  return `ERR unknown subcommand '${shown}'. Try ${command.name.toUpperCase()} HELP.`
}
