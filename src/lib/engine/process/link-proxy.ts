import {once} from 'node:events'
import {createServer, type Server, type Socket} from 'node:net'
import type {LinkRule} from '../../model/links.js'
import {peerHostOf, sourceHostOf} from './addresses.js'
import type {SocketEnds} from './dialer.js'
import {type LinkShape, LinkTable} from './link-table.js'
import {Relay} from './relay.js'

/** A node that others reach through the proxy. */
export interface ProxiedNode {
  readonly name: string
  /** Where it listens, on 127.0.0.1; the proxy does on the same ports of the node's peer host. */
  readonly port: number
  readonly busPort: number
}

interface Connection {
  readonly relay: Relay
  /** Name; undefined for somebody who is no node, or who is not known yet. */
  from: string | undefined
  readonly to: string
  /** What the dialer's address does not tell: asked only while there are faults. */
  readonly ends: SocketEnds | undefined
}

const NODE_HOST = '127.0.0.1'
const nobody = async () => undefined

/**
 * All that flows between the nodes of one environment. Every node dials from an address of its own, so it is known of each
 * connection between which two nodes it is; one from elsewhere passes as it is.
 *
 *     n1 --from 127.66.105.1--> 127.66.106.2:17002 proxy --from 127.66.105.1--> 127.0.0.1:17002 n2
 */
export class LinkProxy {
  private nodes: readonly ProxiedNode[] = []
  private readonly servers = new Map<string, Server[]>()
  private readonly connections = new Map<string, Connection>()
  private readonly table = new LinkTable(() => this.reshape())

  /** @param findNode - the name of the node that dialed; for those that do so from 127.0.0.1 */
  constructor(private readonly findNode: (ends: SocketEnds) => Promise<string | undefined> = nobody) {}

  /** These and no others. @throws what listening says; then the nodes are as before, without those that came */
  async setNodes(nodes: readonly ProxiedNode[]): Promise<void> {
    const wanted = new Set(nodes.map(keyOf))
    for (const [key, servers] of this.servers) {
      if (wanted.has(key)) continue
      for (const server of servers) server.close()
      this.servers.delete(key)
    }
    for (const {relay, to} of [...this.connections.values()]) if (!nodes.some(({name}) => name === to)) relay.close()
    this.nodes = nodes.filter((node) => this.servers.has(keyOf(node)))
    for (const node of nodes) {
      if (!this.servers.has(keyOf(node))) this.servers.set(keyOf(node), await this.listenFor(node))
    }
    this.nodes = nodes
  }

  get connectionCount(): number {
    return this.connections.size
  }

  /** These and no others; those that are known to pass between nodes at once, all when it resolves. */
  async setRules(rules: readonly LinkRule[]): Promise<void> {
    this.table.set(rules)
    if (rules.length === 0) return
    await Promise.all([...this.connections.values()].map((connection) => this.identify(connection)))
    this.reshape()
  }

  rules(): readonly LinkRule[] {
    return this.table.list()
  }

  /**
   * Of connections through the proxy, those whose first bytes were handed to the node.
   *
   * @param dialers - HOST:PORT of who dialed
   * @returns when, by the system's monotonic clock, ns as text
   */
  arrivals(dialers: readonly string[]): Record<string, string> {
    return Object.fromEntries(
      dialers.flatMap((dialer) => {
        const arrivedNs = this.connections.get(dialer)?.relay.arrivedNs
        return arrivedNs === undefined ? [] : [[dialer, String(arrivedNs)]]
      }),
    )
  }

  close(): void {
    this.table.close()
    for (const server of [...this.servers.values()].flat()) server.close()
    this.servers.clear()
    for (const {relay} of [...this.connections.values()]) relay.close()
  }

  private async listenFor(node: ProxiedNode): Promise<Server[]> {
    const servers: Server[] = []
    try {
      for (const port of [node.port, node.busPort]) {
        const server = createServer({allowHalfOpen: true}, (socket) => this.accept(node.name, port, socket))
        servers.push(server)
        server.listen({exclusive: true, host: peerHostOf(node.port), port})
        await once(server, 'listening')
      }
      return servers
    } catch (error) {
      for (const server of servers) server.close()
      throw error
    }
  }

  private async accept(to: string, port: number, socket: Socket): Promise<void> {
    const {remoteAddress: host, remotePort} = socket
    // It is gone already.
    if (host === undefined || remotePort === undefined) {
      socket.destroy()
      return
    }
    const dialer = `${host}:${remotePort}`
    const from = this.nodes.find((node) => sourceHostOf(node.port) === host)?.name
    const target = {host: NODE_HOST, localAddress: host, port}
    const relay = new Relay(socket, target, () => this.connections.delete(dialer))
    const {localAddress = '', localPort = 0} = socket
    const ends = {localHost: host, localPort: remotePort, remoteHost: localAddress, remotePort: localPort}
    const connection = {ends: host === NODE_HOST ? ends : undefined, from, relay, to}
    this.connections.set(dialer, connection)
    if (this.table.list().length > 0) await this.identify(connection)
    relay.shape(...this.shapesOf(connection))
    relay.open()
  }

  private async identify(connection: Connection): Promise<void> {
    if (connection.ends && connection.from === undefined) connection.from = await this.findNode(connection.ends)
  }

  private reshape(): void {
    for (const connection of [...this.connections.values()]) connection.relay.shape(...this.shapesOf(connection))
  }

  private shapesOf({from, to}: Connection): [forth: LinkShape, back: LinkShape] {
    return [this.table.shapeOf(from, to), this.table.shapeOf(to, from)]
  }
}

function keyOf({busPort, name, port}: ProxiedNode): string {
  return `${name} ${port} ${busPort}`
}
