import {connect, createServer, type Server, type Socket} from 'node:net'

/** A way to a port of this machine that can be stalled: connections stay up, and nothing comes through. */
export class StallingProxy {
  private readonly sockets = new Set<Socket>()
  private readonly stalled = new Set<Socket>()

  private constructor(private readonly server: Server) {}

  static async start(target: number): Promise<StallingProxy> {
    const server = createServer()
    const proxy = new StallingProxy(server)
    server.on('connection', (inward) => proxy.join(inward, connect(target, '127.0.0.1')))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.server.address() as {port: number}).port
  }

  private join(inward: Socket, outward: Socket): void {
    for (const [from, to] of [
      [inward, outward],
      [outward, inward],
    ] as const) {
      this.sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.sockets.delete(from)
        to.destroy()
      })
      from.on('data', (chunk) => {
        if (!to.write(chunk)) from.pause()
      })
      to.on('drain', () => {
        if (!this.stalled.has(from)) from.resume()
      })
    }
  }

  /** Those that come later pass. */
  stallOpenConnections(): void {
    for (const socket of this.sockets) {
      this.stalled.add(socket)
      socket.pause()
    }
  }

  resume(): void {
    for (const socket of this.stalled) socket.resume()
    this.stalled.clear()
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
  }
}
