import {connect, createServer, type Server, type Socket} from 'node:net'

/**
 * The ways between the nodes of a cluster on loopback, to be cut. Every node dials from an address of its own, 127.1.0.N
 * (`bind-source-addr`), and announces ports of this process, which forwards: so it is known of each connection between which
 * two nodes it is. Clients that connect to a node's own port are not concerned.
 *
 * A cut way is silent: nothing comes through, in either direction or in one, no end of a connection either, and who dials waits.
 * What was under way comes through late, when it is healed.
 */
export class Partition {
  private readonly servers: Server[] = []
  /** `from>to` by number of node. */
  private readonly cuts = new Set<string>()
  private readonly flows = new Set<Flow>()

  /** What a node is started with. @param node - 1..250 @param port - forwarded, as is the bus port above it */
  async announce(node: number, port: number, announcedPort: number): Promise<string[]> {
    await this.forward(node, announcedPort, port)
    await this.forward(node, announcedPort + BUS_PORT_OFFSET, port + BUS_PORT_OFFSET)
    return [
      ...['--bind-source-addr', `127.1.0.${node}`, '--cluster-announce-ip', '127.0.0.1'],
      ...[
        '--cluster-announce-port',
        `${announcedPort}`,
        '--cluster-announce-bus-port',
        `${announcedPort + BUS_PORT_OFFSET}`,
      ],
    ]
  }

  private async forward(node: number, port: number, target: number): Promise<void> {
    const server = createServer({allowHalfOpen: true}, (inward) => {
      const peer = Number(/^127\.1\.0\.(\d+)$/.exec(inward.remoteAddress ?? '')?.[1] ?? 0)
      const outward = connect({allowHalfOpen: true, host: '127.0.0.1', port: target})
      this.join(peer, node, inward, outward)
    })
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    this.servers.push(server)
  }

  private join(peer: number, node: number, inward: Socket, outward: Socket): void {
    for (const flow of [
      {from: inward, to: outward, way: `${peer}>${node}`},
      {from: outward, to: inward, way: `${node}>${peer}`},
    ]) {
      const {from, to} = flow
      this.flows.add(flow)
      from.setNoDelay(true)
      // A socket that is paused does not tell of its end either.
      if (this.cuts.has(flow.way)) from.pause()
      from.on('data', (chunk) => {
        if (!to.write(chunk)) from.pause()
      })
      to.on('drain', () => {
        if (!this.cuts.has(flow.way)) from.resume()
      })
      from.on('end', () => to.end())
      from.on('error', () => undefined)
      from.on('close', () => {
        this.flows.delete(flow)
        if (!this.cuts.has(flow.way)) to.destroy()
      })
    }
  }

  /** Nothing from any of these reaches one of those. */
  cutOneWay(these: readonly number[], those: readonly number[]): void {
    for (const from of these) for (const to of those) this.cuts.add(`${from}>${to}`)
    for (const flow of this.flows) if (this.cuts.has(flow.way)) flow.from.pause()
  }

  cut(these: readonly number[], those: readonly number[]): void {
    this.cutOneWay(these, those)
    this.cutOneWay(those, these)
  }

  heal(): void {
    this.cuts.clear()
    for (const flow of this.flows) {
      flow.from.resume()
      // Its other end was gone while nothing could be told of it.
      if (flow.to.destroyed) flow.from.destroy()
    }
  }

  close(): void {
    for (const {from, to} of this.flows) {
      from.destroy()
      to.destroy()
    }
    for (const server of this.servers) server.close()
  }
}

const BUS_PORT_OFFSET = 10_000

/** One direction of a connection. */
interface Flow {
  readonly way: string
  readonly from: Socket
  readonly to: Socket
}
