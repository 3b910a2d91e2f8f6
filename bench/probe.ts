import {connect, type Socket} from 'node:net'

const PING = 'PING\r\n'

/** One client that sends a PING as soon as the one before is answered: the longest wait is the longest stall. */
export class Probe {
  private readonly socket: Socket
  private sentAt = 0
  private maxMs = 0

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setNoDelay(true)
    this.socket.on('connect', () => this.ping())
    this.socket.on('data', () => {
      this.maxMs = Math.max(this.maxMs, performance.now() - this.sentAt)
      setImmediate(() => this.ping())
    })
  }

  private ping(): void {
    this.sentAt = performance.now()
    this.socket.write(PING)
  }

  reset(): void {
    this.maxMs = 0
  }

  /** The longest since `reset`, one under way included. */
  longest(): number {
    return Math.max(this.maxMs, performance.now() - this.sentAt)
  }

  close(): void {
    this.socket.destroy()
  }
}
