import {messageOf} from '../kernel/errors.js'
import type {LinkEvents} from '../server/replication/link-effects.js'
import type {MigrationConnection, MigrationLinkEvents} from '../server/slot-migration/link.js'
import type {Dial} from './dial.js'
import type {PeerSocket} from './peer-socket.js'

/** The socket to this node's primary, or to a node that takes slots of it. */
export class PrimarySocket implements MigrationConnection {
  private readonly socket: PeerSocket
  private isGone = false

  /** @throws TlsSettingsError */
  constructor(dial: Dial, host: string, port: number, events: LinkEvents & Partial<MigrationLinkEvents>) {
    const socket = dial({host, port})
    this.socket = socket
    socket.setNoDelay(true)
    let reason: string | undefined
    // With TLS, what is sent waits for the handshake by itself.
    socket.once('connect', () => this.tell(() => events.onOpen()))
    socket.on('data', (chunk) => this.tell(() => events.onData(chunk)))
    socket.on('drain', () => this.tell(() => events.onDrain?.()))
    socket.on('error', (error) => {
      reason = messageOf(error)
    })
    socket.once('close', () => {
      this.tell(() => events.onClose(reason))
      this.isGone = true
    })
  }

  private tell(event: () => void): void {
    if (!this.isGone) event()
  }

  send(text: string): void {
    if (!this.isGone) this.socket.write(text, 'latin1')
  }

  /** Nothing more is read until `goOn`. */
  hold(): void {
    this.socket.pause()
  }

  goOn(): void {
    this.socket.resume()
  }

  get unsentBytes(): number {
    return this.socket.writableLength
  }

  close(): void {
    this.isGone = true
    this.socket.destroy()
  }
}
