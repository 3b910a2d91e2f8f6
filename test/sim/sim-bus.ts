import {decodeMessage} from '../../src/lib/protocol/bus/decode.js'
import {encodeMessage} from '../../src/lib/protocol/bus/encode.js'
import {FrameDecoder} from '../../src/lib/protocol/bus/framing.js'
import type {BusMessage} from '../../src/lib/protocol/bus/message.js'
import type {ClusterInput} from '../../src/lib/server/cluster/types.js'
import type {Item, Listener, Socket, SocketHandlers} from './network.js'
import type {SimNode} from './sim-node.js'
import type {SimMessage, World} from './world.js'

export const CLIENT_PORT = 7000
export const BUS_PORT = 17_000

interface SimLink {
  readonly socket: Socket<SimMessage>
  readonly decoder: FrameDecoder
}

/** The bus connections of one life of a process, over the simulated network. */
export class SimBus {
  private readonly links = new Map<number, SimLink>()
  private acceptedCount = 0
  private sentCount = 0
  private listener: Listener<SimMessage> | undefined

  constructor(
    private readonly world: World,
    private readonly node: SimNode,
  ) {}

  listen(): void {
    this.listener = {accept: (socket) => this.accept(socket), machine: this.node.index}
    this.world.network.listen(this.node.ip, BUS_PORT, this.listener)
  }

  stop(): void {
    if (this.listener) this.world.network.unlisten(this.node.ip, BUS_PORT, this.listener)
    this.links.clear()
  }

  send(link: number, message: BusMessage): void {
    const found = this.links.get(link)
    if (!found) return
    this.sentCount++
    if (this.sentCount % this.world.options.codecEvery === 0) {
      found.socket.write({bytes: encodeMessage(message), kind: 'bytes'})
    } else {
      found.socket.write({kind: 'message', message})
    }
  }

  /** Over every link that this node dialled, whatever the core thinks of it. */
  sendToAll(message: BusMessage): void {
    for (const link of this.links.keys()) if (link > 0) this.send(link, message)
  }

  dial(link: number, host: string, port: number): void {
    const {index, ip} = this.node
    const socket = this.world.network.dial(index, ip, host, port, this.handlers(link, host))
    this.links.set(link, {decoder: new FrameDecoder(), socket})
  }

  close(link: number): void {
    this.links.get(link)?.socket.close()
    this.links.delete(link)
  }

  private accept(socket: Socket<SimMessage>): SocketHandlers<SimMessage> {
    const link = -++this.acceptedCount
    this.links.set(link, {decoder: new FrameDecoder(), socket})
    const {localIp, remoteIp} = socket
    this.node.deliver(() => this.node.step({kind: 'link-accepted', link, localIp, peerIp: remoteIp}))
    return this.handlers(link, remoteIp)
  }

  private handlers(link: number, peerIp: string): SocketHandlers<SimMessage> {
    const {node} = this
    return {
      onClose: () => node.deliver(() => this.lose(link)),
      onItem: (item) => node.deliver(() => this.receive(link, item)),
      onOpen: () => node.deliver(() => this.stepIfOpen(link, {kind: 'link-opened', link, localIp: node.ip, peerIp})),
    }
  }

  private lose(link: number): void {
    if (this.links.delete(link)) this.node.step({kind: 'link-closed', link})
  }

  private stepIfOpen(link: number, input: ClusterInput): void {
    if (this.links.has(link)) this.node.step(input)
  }

  private receive(link: number, item: Item<SimMessage>): void {
    const found = this.links.get(link)
    if (!found) return
    if (item.kind === 'message') {
      if ('body' in item.message) this.node.step({kind: 'packet', link, message: item.message})
      return
    }
    const {index} = this.node
    const messages: BusMessage[] = []
    const alive = found.decoder.push(item.bytes, (frame) => {
      const message = decodeMessage(frame)
      if (!message) throw new Error(`a frame that a node sent does not decode (link ${link} of node ${index})`)
      messages.push(message)
    })
    if (!alive) throw new Error(`framing lost on link ${link} of node ${index}`)
    this.node.deliverInOrder(messages.map((message) => () => this.stepIfOpen(link, {kind: 'packet', link, message})))
  }
}
