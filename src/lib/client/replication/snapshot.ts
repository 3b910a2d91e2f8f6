import type {Socket} from 'node:net'
import {CliError, messageOf} from '../../kernel/errors.js'
import {type Address, renderAddress} from '../../model/address.js'
import {type SnapshotEvent, SnapshotReader} from '../../protocol/replication/snapshot-reader.js'
import {encodeCommand, toWireText} from '../../protocol/resp/encode-command.js'
import {interrupted, throwIfAborted} from '../abort.js'
import type {ConnectOptions} from '../connect-options.js'
import {openSocket} from '../migration/wire.js'

/** What a node's snapshot is a snapshot of. */
export interface SnapshotHead {
  /** History and position of the node's data at the moment of the snapshot; undefined if it does not tell. */
  readonly replication: {readonly id: string; readonly offset: number} | undefined
  /** Undefined if the node does not know. */
  readonly bytes: number | undefined
}

export interface SnapshotOptions {
  readonly tlsName?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Told once, before the first bytes. */
  readonly onHead: (head: SnapshotHead) => void
  /** Silence that ends it; nodes say once a second that they are still at it. Milliseconds. Default 60 s. */
  readonly silenceMs?: number
}

/** Redis's own `repl-timeout`. */
const SILENCE_MS = 60_000

/**
 * Asks a node for all its data as of one moment, as a replica does, and hangs up when it has it.
 *
 * The node is not read faster than the bytes are taken. It is asked not to keep what is written meanwhile (`rdb-only`,
 * from 7.0 on), so that a slow taker costs it nothing.
 *
 * @returns the bytes of an RDB file; each chunk is good until the next is asked for
 * @throws {CliError} PREFLIGHT_FAILED if the user may not; ENVIRONMENT_LACKS if the node cannot; UNREACHABLE, TIMED_OUT,
 *   AUTH_FAILED, INTERRUPTED
 */
export async function* takeSnapshot(
  address: Address,
  options: ConnectOptions,
  {onHead, signal, silenceMs = SILENCE_MS, tlsName}: SnapshotOptions,
): AsyncGenerator<Uint8Array> {
  throwIfAborted(signal)
  const name = renderAddress(address)
  const socket = await openSocket(address, options, tlsName)
  const onAbort = () => socket.destroy(interrupted())
  signal?.addEventListener('abort', onAbort, {once: true})
  socket.setTimeout(silenceMs, () =>
    socket.destroy(new CliError('TIMED_OUT', `${name} has been silent for ${silenceMs} ms`)),
  )
  try {
    // An abort while the socket was being opened was heard by nobody.
    throwIfAborted(signal)
    const handshake = new Handshake(name, socket, options)
    for await (const event of eventsOf(socket, name)) {
      if (event.kind === 'end') return
      if (event.kind === 'data') yield event.bytes
      else if (event.kind === 'line') handshake.onLine(event.text)
      else if (event.kind === 'begin') onHead({replication: handshake.replication, bytes: event.bytes})
    }
    throwIfAborted(signal)
    throw new CliError('UNREACHABLE', `${name} closed the connection before the snapshot was whole`)
  } finally {
    signal?.removeEventListener('abort', onAbort)
    socket.destroy()
  }
}

async function* eventsOf(socket: Socket, name: string): AsyncGenerator<SnapshotEvent> {
  const reader = new SnapshotReader()
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) yield* reader.push(chunk)
  } catch (error) {
    if (error instanceof CliError) throw error
    throw new CliError('UNREACHABLE', `${name}: ${messageOf(error)}`, {cause: error})
  }
}

type Asked = 'AUTH' | 'REPLCONF' | 'PSYNC' | 'SYNC'

/**
 * First who we are and what we understand, answered by a line each. Only then PSYNC, which a node refuses while it has
 * other answers to write; it is answered by FULLRESYNC and the snapshot.
 */
class Handshake {
  replication: SnapshotHead['replication']
  private readonly owed: Asked[] = []

  constructor(
    private readonly name: string,
    private readonly socket: Socket,
    {password, username}: ConnectOptions,
  ) {
    const login = [...(username === undefined ? [] : [username]), ...(password === undefined ? [] : [password])]
    if (login.length > 0) this.send('AUTH', ...login)
    this.send('REPLCONF', 'capa', 'eof')
    this.send('REPLCONF', 'rdb-only', '1')
  }

  onLine(line: string): void {
    const asked = this.owed.shift()
    if (asked === 'PSYNC' || asked === 'SYNC') this.onSyncLine(asked, line)
    else this.onPreparedLine(asked, line)
  }

  private onPreparedLine(asked: Asked | undefined, line: string): void {
    const refusal = line.startsWith('-') ? line.slice(1) : undefined
    if (asked === 'AUTH' && refusal !== undefined) {
      if (!/no password is set|without any password configured/.test(refusal)) {
        const details = {address: this.name}
        throw new CliError('AUTH_FAILED', `${this.name} refused the user name or password`, {details})
      }
    }
    // Older nodes do not know every option; what matters is whether they let us replicate.
    if (this.owed.length === 0) this.send('PSYNC', '?', '-1')
  }

  private onSyncLine(asked: 'PSYNC' | 'SYNC', line: string): void {
    const refusal = line.startsWith('-') ? line.slice(1) : undefined
    if (refusal === undefined) this.onResync(line)
    else if (asked === 'PSYNC' && /unknown command/i.test(refusal)) this.send('SYNC')
    else throw this.refused(refusal)
  }

  private onResync(line: string): void {
    const match = /^\+FULLRESYNC ([0-9a-zA-Z]{40}) (\d+)$/.exec(line)
    if (!match) throw new CliError('UNREACHABLE', `${this.name} answered: ${line.slice(0, 80)}`)
    this.replication = {id: match[1] as string, offset: Number(match[2])}
  }

  private refused(text: string): CliError {
    const details = {address: this.name}
    if (/^NOAUTH/.test(text)) return new CliError('AUTH_FAILED', `${this.name} wants a password`, {details})
    if (/^NOPERM/.test(text)) {
      return new CliError('PREFLIGHT_FAILED', `the user may not replicate from ${this.name}: ${text}`, {
        details,
        suggestions: ['The user needs +sync +psync +replconf.'],
      })
    }
    if (/unknown command/i.test(text)) {
      return new CliError('ENVIRONMENT_LACKS', `${this.name} cannot send a snapshot: it has no SYNC`, {details})
    }
    return new CliError('UNREACHABLE', `${this.name} sends no snapshot: ${text}`, {details})
  }

  private send(command: Asked, ...args: string[]): void {
    this.owed.push(command)
    this.socket.write(encodeCommand([command, ...args.map(toWireText)]), 'latin1')
  }
}
