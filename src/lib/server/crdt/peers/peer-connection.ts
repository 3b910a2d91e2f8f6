import {encodeCommand} from '../../../protocol/resp/encode-command.js'
import {type Reply, ReplyParser, ReplySyntaxError} from '../../../protocol/resp/reply-parser.js'
import type {PrimaryConnection} from '../../replication/link-effects.js'
import type {PeerEffects} from './effects.js'

/** A node of another region, and how it is entered. */
export interface PeerAddress {
  readonly host: string
  readonly port: number
}

export interface PeerAccess {
  readonly username: string | undefined
  readonly password: string | undefined
  readonly isEncrypted: boolean
}

export interface PeerListener {
  /** Commands may be sent; AUTH has been. */
  onOpen(): void
  onReply(reply: Reply): void
  /** Once, and nothing after it; not after `close`. */
  onEnd(error: string): void
}

/** A connection to the clients' port of a node of another region: commands go out, replies come in, AUTH is its own matter. */
export class PeerConnection {
  private readonly connection: PrimaryConnection
  private readonly parser = new ReplyParser()
  private isEnded = false
  private awaitsAuth = false
  receivedBytes = 0

  /** @throws Error if no such connection can be made */
  constructor(
    effects: Pick<PeerEffects, 'openPeerLink'>,
    readonly address: PeerAddress,
    private readonly access: PeerAccess,
    private readonly listener: PeerListener,
  ) {
    this.connection = effects.openPeerLink(address.host, address.port, access.isEncrypted, {
      onClose: (reason) => this.end(reason ?? 'the connection was closed'),
      onData: (bytes) => this.onData(bytes),
      onOpen: () => this.onOpen(),
    })
  }

  private onOpen(): void {
    if (this.isEnded) return
    const {password, username} = this.access
    if (password !== undefined) {
      this.awaitsAuth = true
      this.command('AUTH', ...(username === undefined ? [] : [username]), password)
    }
    this.listener.onOpen()
  }

  command(...argv: readonly string[]): void {
    if (!this.isEnded) this.connection.send(encodeCommand(argv))
  }

  private onData(bytes: Uint8Array): void {
    if (this.isEnded) return
    this.receivedBytes += bytes.length
    this.parser.push(bytes)
    try {
      for (let reply = this.parser.next(); reply !== undefined; reply = this.parser.next()) {
        this.onReply(reply)
        if (this.isEnded) return
      }
    } catch (error) {
      if (!(error instanceof ReplySyntaxError)) throw error
      this.end(`it does not speak the protocol: ${error.message}`)
    }
  }

  private onReply(reply: Reply): void {
    if (!this.awaitsAuth) {
      this.listener.onReply(reply)
      return
    }
    this.awaitsAuth = false
    // The clusters of a database may differ in that: a password given to a node that wants none is no harm.
    if (reply.kind !== 'error' || /without any password configured/.test(reply.text)) return
    this.end(`wrong credentials: ${reply.text}`)
  }

  private end(error: string): void {
    if (this.isEnded) return
    this.close()
    this.listener.onEnd(error)
  }

  /** No event comes any more. Safe to call twice. */
  close(): void {
    if (this.isEnded) return
    this.isEnded = true
    // Within the constructor of a connection that ends at once there is none yet.
    ;(this.connection as PrimaryConnection | undefined)?.close()
  }
}

const BACKOFF_MS_MIN = 50
const BACKOFF_MS_MAX = 1000

/** When to try again: at once, then later and later. */
export class Backoff {
  private waitMs = 0
  private atMs = 0

  isDue(nowMs: number): boolean {
    return nowMs >= this.atMs
  }

  failed(nowMs: number): void {
    this.atMs = nowMs + this.waitMs
    this.waitMs = Math.min(Math.max(this.waitMs * 2, BACKOFF_MS_MIN), BACKOFF_MS_MAX)
  }

  reset(): void {
    this.waitMs = 0
    this.atMs = 0
  }
}
