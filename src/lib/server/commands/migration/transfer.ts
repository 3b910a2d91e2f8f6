import {isTooLong} from '../../../kernel/too-long.js'
import {encodeCommand} from '../../../protocol/resp/encode-command.js'
import type {Client} from '../../client.js'
import type {PeerResult} from '../../effects.js'
import type {Database} from '../../keyspace/database.js'
import {NOTIFY_GENERIC} from '../../keyspace/notifications.js'
import {TOO_LONG} from '../../reply-error.js'
import type {Server} from '../../server.js'
import {encodePayload} from './payload.js'

/**
 * Keys on their way to another server: the part of MIGRATE that takes time (wire.md 5).
 *
 *   start: hold all keys, park the client
 *     -> encode about a mebibyte of keys -> exchange with the target -> delete what it acknowledged -> again
 *   end: release the keys, answer the client
 *
 * Held keys cannot change, so what the target acknowledged is what is deleted here. The client may go away meanwhile:
 * the transfer runs to its end all the same, because the target may have taken the keys already.
 */

/** Encoding this much takes a few milliseconds; the node serves others between two such pieces. */
const PIECE_LENGTH = 1024 * 1024

export interface TransferTarget {
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
  /** Arguments of AUTH. */
  readonly auth: readonly string[] | undefined
  readonly database: number
  /** Leave the keys here. */
  readonly copy: boolean
  readonly replace: boolean
}

export class Transfer {
  /** The first of `keys` not yet sent. */
  private next = 0
  /** The target's first complaint, without `-`. */
  private refusal: string | undefined
  /** The whole error reply, if the connection failed. */
  private failure: string | undefined
  /** CLIENT REPLY may have been turned off for this very command; it says nothing about the moment of the answer. */
  private readonly wantsReply: boolean

  /** @param keys - those that exist, at least one */
  constructor(
    private readonly server: Server,
    private readonly client: Client,
    private readonly db: Database,
    private readonly target: TransferTarget,
    private readonly keys: readonly string[],
  ) {
    this.wantsReply = client.replyMode === 'on'
  }

  start(): void {
    this.server.holdKeys(this.client, this.db, this.keys)
    this.client.park(() => this.answer())
    this.sendPiece()
  }

  /** What goes before the keys. In cluster mode there is one database, so the target's connection is in it already. */
  private preamble(): string[] {
    const {auth, database} = this.target
    const requests: string[] = []
    if (auth !== undefined) requests.push(encodeCommand(['AUTH', ...auth]))
    if (!this.server.isCluster || database !== 0) requests.push(encodeCommand(['SELECT', String(database)]))
    return requests
  }

  private sendPiece(): void {
    const {keys, server, target} = this
    const preamble = this.preamble()
    const sent: string[] = []
    let payload = preamble.join('')
    try {
      while (this.next < keys.length && payload.length < PIECE_LENGTH) {
        const key = keys[this.next++]!
        const restore = this.encodeRestore(key)
        if (restore === undefined) continue
        sent.push(key)
        payload += restore
      }
    } catch (error) {
      if (!isTooLong(error)) throw error
      // What has been sent has gone; this piece stays, and nobody may wait for its keys any longer.
      this.failure = TOO_LONG
      this.end()
      return
    }
    if (sent.length === 0) {
      this.end()
      return
    }
    server.effects.exchange({
      done: (result) => this.onResult(sent, preamble.length, result),
      host: target.host,
      payload,
      port: target.port,
      replyCount: preamble.length + sent.length,
      timeoutMs: target.timeoutMs,
    })
  }

  /** undefined if the key is gone by now: expired, or dropped with everything else. */
  private encodeRestore(key: string): string | undefined {
    const {db, server} = this
    const value = db.peek(key)
    if (value === undefined) return undefined
    const deadlineMs = db.expiryOf(key)
    const ttl = deadlineMs === undefined ? 0 : Math.max(1, deadlineMs - server.state.nowMs)
    const command = server.isCluster ? 'RESTORE-ASKING' : 'RESTORE'
    const options = this.target.replace ? ['REPLACE'] : []
    // Compression is the slowest part; a value that fills a piece by itself must not stall the node for it.
    const mayCompress = typeof value !== 'string' || value.length < PIECE_LENGTH
    return encodeCommand([command, key, String(ttl), encodePayload(server, value, mayCompress), ...options])
  }

  private onResult(sent: readonly string[], preambleCount: number, result: PeerResult): void {
    const {server, target} = this
    server.state.setTime(server.effects.nowMs())
    const gone: string[] = []
    result.replies.forEach((reply, index) => {
      if (reply.startsWith('-')) this.refusal ??= reply.slice(1)
      else if (index >= preambleCount && !target.copy && this.deleteSent(sent[index - preambleCount]!)) {
        gone.push(sent[index - preambleCount]!)
      }
    })
    if (gone.length > 0) server.state.propagation.also(this.db.index, ['DEL', ...gone])
    if (result.kind === 'failed') {
      this.failure =
        result.stage === 'connect'
          ? 'IOERR error or timeout connecting to the client'
          : `IOERR error or timeout ${result.stage === 'write' ? 'writing' : 'reading'} to target instance`
    }
    if (this.failure !== undefined || this.next === this.keys.length) this.end()
    else this.sendPiece()
  }

  private deleteSent(key: string): boolean {
    if (!this.db.delete(key)) return false
    this.db.notify(NOTIFY_GENERIC, 'del', key)
    return true
  }

  private end(): void {
    this.server.releaseKeys(this.client)
    this.client.unpark()
  }

  private answer(): void {
    const {reply} = this.client
    if (!this.wantsReply) return
    if (this.failure !== undefined) reply.error(this.failure)
    else if (this.refusal !== undefined) reply.error(`ERR Target instance replied with error: ${this.refusal}`)
    else reply.ok()
  }
}
