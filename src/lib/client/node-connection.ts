import {isIP} from 'node:net'
import type {Redis} from 'ioredis'
import {CliError, messageOf} from '../kernel/errors.js'
import type {Address} from '../model/address.js'
import {isSocketPath, renderAddress} from '../model/address.js'
import {throwIfAborted, withDeadline} from './abort.js'
import type {ConnectOptions} from './connect-options.js'
import {NodeReplyError} from './reply-error.js'

export type CommandArgument = string | number | Buffer
export type Command = readonly [name: string, ...args: CommandArgument[]]

export interface CallOptions {
  /** Bound on the whole call; the connection's own timeout otherwise. */
  readonly timeoutMs?: number
  /** Bulk replies as Buffers, not UTF-8 text. */
  readonly buffers?: boolean
}

/**
 * One connection to one node. It never reconnects or repeats a command: what a lost connection means for a half-done
 * change is the caller's to decide.
 *
 * Error replies are `NodeReplyError`; everything else that goes wrong is a `CliError` UNREACHABLE or TIMED_OUT naming the
 * node. Neither holds the arguments of the command.
 */
export class NodeConnection {
  constructor(
    readonly address: Address,
    private readonly redis: Redis,
    private readonly timeoutMs: number,
  ) {}

  get name(): string {
    return renderAddress(this.address)
  }

  /** The IP that the name of the node turned out to be; undefined once the connection is closed. */
  get remoteIp(): string | undefined {
    return this.redis.stream?.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '')
  }

  get isOpen(): boolean {
    return this.redis.status === 'ready'
  }

  /** @throws {NodeReplyError} on an error reply */
  call(command: string, ...args: CommandArgument[]): Promise<unknown> {
    return this.callWith({}, command, ...args)
  }

  /** As `call`, with bulk replies as Buffers. */
  callBuffer(command: string, ...args: CommandArgument[]): Promise<unknown> {
    return this.callWith({buffers: true}, command, ...args)
  }

  async callWith(options: CallOptions, command: string, ...args: CommandArgument[]): Promise<unknown> {
    const [reply] = await this.pipeline([[command, ...args]], options)
    if (reply instanceof Error) throw reply
    return reply
  }

  /**
   * Sends all commands in one write.
   *
   * @returns the replies in order, an error reply as a `NodeReplyError` in its place
   * @throws {CliError} UNREACHABLE or TIMED_OUT; then some commands may have run
   */
  async pipeline(commands: readonly Command[], options: CallOptions = {}): Promise<(unknown | NodeReplyError)[]> {
    if (commands.length === 0) return []
    const timeoutMs = options.timeoutMs ?? this.timeoutMs
    const batch = this.redis.pipeline()
    for (const [command, ...args] of commands) {
      if (options.buffers) batch.callBuffer(command, ...args)
      else batch.call(command, ...args)
    }
    const outcomes = await withDeadline(
      batch.exec(),
      timeoutMs,
      () => new CliError('TIMED_OUT', `${this.name} did not answer ${commands[0]?.[0]} within ${timeoutMs} ms`),
    )
    return (outcomes ?? []).map(([error, reply]) => {
      if (!error) return reply
      if (error.name === 'ReplyError') return new NodeReplyError(error.message)
      throw unreachableError(this.address, error)
    })
  }

  /** Drops the connection at once. Closing twice is safe. */
  close(): void {
    // Hanging up twice would keep ioredis, and so the process, waiting for an end that has been.
    if (this.redis.status !== 'end') this.redis.disconnect()
  }
}

/** How long a node may take to hang up, before the process stops waiting for it. Milliseconds. */
const DISCONNECT_MS = 50

function ioredisOptions(address: Address, {tls, timeoutMs}: ConnectOptions, tlsName: string | undefined) {
  // SNI carries names only; without one, an address is checked against the certificate by itself.
  const servername = tls?.servername ?? (tlsName !== undefined && isIP(tlsName) === 0 ? tlsName : undefined)
  const socket = isSocketPath(address)
  return {
    ...(socket ? {path: address.host} : {host: address.host, port: address.port}),
    connectTimeout: timeoutMs,
    disableClientInfo: true,
    disconnectTimeout: DISCONNECT_MS,
    enableReadyCheck: false,
    // Whatever a name resolves to; ioredis would take IPv4 alone.
    family: 0,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    // RESP2 needs no HELLO, so a connection is ready without a round trip and 6.x nodes need no downgrade.
    protocol: 2 as const,
    retryStrategy: () => null,
    // No server speaks TLS on a Unix socket.
    ...(tls &&
      !socket && {
        tls: {
          ...(tls.ca !== undefined && {ca: tls.ca}),
          ...(tls.cert !== undefined && {cert: tls.cert}),
          ...(tls.key !== undefined && {key: tls.key}),
          ...(servername !== undefined && {servername}),
          rejectUnauthorized: !tls.insecure,
        },
      }),
  }
}

/**
 * Connects and logs in. The address is used as given; `options.addressMap` is for those who pass on announced addresses
 * (`mapAddress`).
 *
 * @param tlsName - the node's announced hostname, which its certificate is checked against
 * @throws {CliError} UNREACHABLE, TIMED_OUT, AUTH_FAILED or INTERRUPTED, within `options.timeoutMs`
 */
export async function connectNode(
  address: Address,
  options: ConnectOptions,
  {signal, tlsName}: {signal?: AbortSignal | undefined; tlsName?: string | undefined} = {},
): Promise<NodeConnection> {
  throwIfAborted(signal)
  const {default: ioredis} = await import('ioredis')
  const redis = new ioredis.Redis(ioredisOptions(address, options, tlsName))
  let lastError: Error | undefined
  redis.on('error', (error: Error) => {
    lastError = error
  })
  const connection = new NodeConnection(address, redis, options.timeoutMs)
  try {
    await withDeadline(
      redis.connect().then(() => logIn(connection, options)),
      options.timeoutMs,
      () => new CliError('TIMED_OUT', `${connection.name} did not answer within ${options.timeoutMs} ms`),
      signal,
    )
    return connection
  } catch (error) {
    connection.close()
    throw error instanceof CliError ? error : unreachableError(address, lastError ?? error)
  }
}

async function logIn(connection: NodeConnection, {username, password}: ConnectOptions): Promise<void> {
  const commands: Command[] = [['PING']]
  if (password !== undefined) {
    commands.unshift(username === undefined ? ['AUTH', password] : ['AUTH', username, password])
  }
  const replies = await connection.pipeline(commands)
  const refused = replies.find(
    (reply) => reply instanceof NodeReplyError && !isNoPasswordSet(reply) && !isAliveButUnwell(reply),
  )
  if (refused instanceof NodeReplyError) throw refusalError(connection.address, refused, password !== undefined)
}

/** A password given to a node that has none is harmless: the clusters of a migration may differ in that. */
function isNoPasswordSet({message}: NodeReplyError): boolean {
  return /no password is set|without any password configured/.test(message)
}

/** PING is refused like a write where a disk is full, and where a replica may not serve stale data; nodes tell all the same. */
function isAliveButUnwell({code}: NodeReplyError): boolean {
  return code === 'MISCONF' || code === 'MASTERDOWN'
}

function refusalError(address: Address, {code, message}: NodeReplyError, gavePassword: boolean): CliError {
  const name = renderAddress(address)
  if (code === 'NOAUTH') {
    return new CliError('AUTH_FAILED', `${name} wants a password`, {
      details: {address: name},
      suggestions: ['Set SHOAL_PASSWORD, or pass --askpass or --password.'],
    })
  }
  if (code === 'WRONGPASS' || (gavePassword && /invalid password/i.test(message))) {
    return new CliError('AUTH_FAILED', `${name} refused the user name or password`, {details: {address: name}})
  }
  return new CliError('UNREACHABLE', `${name} answered: ${message}`, {details: {address: name}})
}

/** What a failed socket means to the operator. */
function unreachableError(address: Address, cause: unknown): CliError {
  const name = renderAddress(address)
  const code = (cause as {code?: unknown})?.code
  const text = messageOf(cause)
  const details = {address: name, ...(typeof code === 'string' && {cause: code})}
  if (code === 'ECONNREFUSED') {
    const suggestions = ['Check the port, and that the node runs; shoal ps lists the environments of this machine.']
    return new CliError('UNREACHABLE', `${name} refuses connections`, {details, suggestions})
  }
  if (code === 'ENOENT') return new CliError('UNREACHABLE', `there is no Unix socket ${name}`, {details})
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new CliError('UNREACHABLE', `${address.host} is not a known host name`, {details})
  }
  if (code === 'ETIMEDOUT') return new CliError('TIMED_OUT', `${name} did not answer in time`, {details})
  if (/Protocol error|Unknown RESP type/.test(text)) {
    return new CliError('UNREACHABLE', `${name} does not speak the Redis protocol (is it the right port? TLS?)`, {
      details,
    })
  }
  if (/Connection is closed|aborted/.test(text)) {
    return new CliError('UNREACHABLE', `${name} closed the connection`, {
      details,
      suggestions: ['If the node wants TLS, pass --tls or --cacert FILE.'],
    })
  }
  const suggestions = /certificate/i.test(text)
    ? ['Pass --cacert FILE of the authority that signed it, --sni NAME if it is for another name, or --insecure.']
    : []
  return new CliError('UNREACHABLE', `${name} cannot be reached: ${text}`, {details, suggestions})
}
