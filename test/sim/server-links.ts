import type {Client} from '../../src/lib/server/client.js'
import type {MigrationConnection, MigrationLinkEvents} from '../../src/lib/server/slot-migration/link.js'
import type {Item, Listener, Socket, SocketHandlers} from './network.js'
import type {ServerBackend} from './server-backend.js'
import {CLIENT_PORT} from './sim-bus.js'
import type {SimNode} from './sim-node.js'
import type {SimMessage, World} from './world.js'

/** Connections between the clients' ports of servers: what CLUSTER MIGRATESLOTS opens, over the simulated network. */
export class ServerLinks {
  private readonly sockets = new Map<Client, Socket<SimMessage>>()
  private listener: Listener<SimMessage> | undefined

  constructor(
    private readonly world: World,
    private readonly node: SimNode,
    private readonly backend: ServerBackend,
  ) {}

  listen(): void {
    this.listener = {accept: (socket) => this.accept(socket), machine: this.node.index}
    this.world.network.listen(this.node.ip, CLIENT_PORT, this.listener)
  }

  unlisten(): void {
    if (this.listener) this.world.network.unlisten(this.node.ip, CLIENT_PORT, this.listener)
  }

  /** @returns false if it is nobody's of these */
  flush(client: Client): boolean {
    const socket = this.sockets.get(client)
    const out = socket ? client.reply.take() : ''
    if (out !== '') socket?.write({bytes: Buffer.from(out, 'latin1'), kind: 'bytes'})
    return socket !== undefined
  }

  close(client: Client): void {
    this.flush(client)
    this.sockets.get(client)?.close()
    this.sockets.delete(client)
    this.backend.disconnect(client)
  }

  private accept(socket: Socket<SimMessage>): SocketHandlers<SimMessage> {
    const client = this.backend.connect()
    this.sockets.set(client, socket)
    return {
      onClose: () => this.deliver(() => this.close(client)),
      onItem: (item) =>
        this.deliver(() => {
          const bytes = bytesOf(item)
          client.feed(bytes, bytes.length, this.node.clockMs())
          if (client.closing) this.close(client)
          else this.flush(client)
        }),
      onOpen: () => undefined,
    }
  }

  open(host: string, events: MigrationLinkEvents): MigrationConnection {
    let isClosed = false
    const tell = (event: () => void): void => this.deliver(() => !isClosed && event())
    const socket = this.world.network.dial(this.node.index, this.node.ip, host, CLIENT_PORT, {
      onClose: () => tell(() => events.onClose()),
      onItem: (item) => tell(() => events.onData(bytesOf(item))),
      onOpen: () => tell(() => events.onOpen()),
    })
    return {
      close: () => {
        isClosed = true
        socket.close()
      },
      send: (text) => socket.write({bytes: Buffer.from(text, 'latin1'), kind: 'bytes'}),
      unsentBytes: 0,
    }
  }

  private deliver(run: () => void): void {
    this.node.deliver(() => {
      if (this.node.backend === this.backend) run()
    })
  }
}

function bytesOf(item: Item<SimMessage>): Buffer {
  return item.kind === 'bytes' ? item.bytes : Buffer.alloc(0)
}
