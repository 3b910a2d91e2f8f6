import {connect, type Server as NetServer, type Socket} from 'node:net'
import {join} from 'node:path'
import {messageOf} from '../kernel/errors.js'
import {decodeMessage} from '../protocol/bus/decode.js'
import {encodeMessage} from '../protocol/bus/encode.js'
import {FRAME_BYTES_MAX, FrameDecoder} from '../protocol/bus/framing.js'
import type {BusMessage} from '../protocol/bus/message.js'
import type {ClusterBinding} from '../server/cluster/api.js'
import {ClusterCore} from '../server/cluster/core.js'
import type {ClusterEffect, ClusterInput} from '../server/cluster/types.js'
import type {Server} from '../server/server.js'
import {listenOnBus} from './bus-listener.js'
import {isOfFailover, latestNews} from './bus-news.js'
import {BUS_PORT_OFFSET, clusterConfigOf} from './cluster-config.js'
import {applyToServer, type ClusterReplication, replicationOf} from './cluster-effects.js'
import type {Dial} from './dial.js'
import {NodesConfFile} from './nodes-conf-file.js'
import {addressesOf, type PeerSocket} from './peer-socket.js'
import {TlsGate} from './tls-gate.js'

const TICK_MS = 100
/** Packets that wait for the disk; beyond them the node waits with them, as redis-server does. */
const HELD_MESSAGES_MAX = 1000
/** Answers queued for a peer that has not said who it is and does not read: garbage must not cost memory. */
const STRANGER_QUEUE_BYTES_MAX = 1024 * 1024

export interface ClusterBusOptions {
  readonly server: Server
  /** Where nodes.conf lives: the node's `dir`. */
  readonly directory: string
  readonly dial?: Dial
  /** Without it this node copies nothing: as a replica it never takes over. */
  readonly replication?: ClusterReplication
  /** The cluster configuration cannot be written: a node that forgets its votes must not go on. */
  readonly onFatal: (reason: string) => void
  /** The process is this node's alone: when it did not run, the other nodes did. */
  readonly ownsProcess?: boolean
}

/** Whether somebody waits for a save: the caller of an admin command, or the clients of a shard that changes hands. */
type Haste = 'at-once' | 'soon' | 'with-reply'

interface Connection {
  readonly socket: PeerSocket
  readonly decoder: FrameDecoder
  queuedBytes: number
}

/**
 * The cluster bus of one node: sockets, the tick and nodes.conf around a `ClusterCore` (server/cluster/types.ts). A save that
 * must be durable is so before any packet after it leaves. What packets and ticks bring about only holds back what is to be
 * sent; an admin call waits for the disk, as its reply reveals the change too, and so does a failover, for which writers wait.
 */
export class ClusterBus implements ClusterBinding {
  readonly core: ClusterCore
  private readonly server: Server
  private readonly replication: ClusterReplication
  private readonly file: NodesConfFile
  private readonly onFatal: (reason: string) => void
  private readonly ownsProcess: boolean
  private readonly openSocket: Dial
  private readonly connections = new Map<number, Connection>()
  private readonly listeners: NetServer[] = []
  /** Wall clock at the start plus monotonic time since: steps of the system clock do not make peers look dead. */
  private readonly originMs = Date.now() - performance.now()
  private timer: NodeJS.Timeout | undefined
  /** When this process was last seen to run, monotonic ms. */
  private ranAtMs = performance.now()
  private nextAccepted = -1
  /** Durable saves under way; while there are any, packets are held. Below: those, and packets of this turn, by link. */
  private savesPending = 0
  /** Saves of an earlier round are waited for no longer. */
  private saveRound = 0
  private readonly outgoing = new Map<number, BusMessage[]>()
  private heldCount = 0
  private isAheadWanted = false
  private isTurnEnding = false
  private closed = false

  /**
   * Loads nodes.conf, joins the bus and puts itself into `server.cluster`.
   *
   * @throws {NodesConfLockedError} if another node uses the file
   * @throws {NodesConfError} if the file is damaged
   * @throws the system's error if the bus port cannot be listened on
   */
  static async start(options: ClusterBusOptions): Promise<ClusterBus> {
    const bus = new ClusterBus(options)
    try {
      await bus.listen()
    } catch (error) {
      await bus.close()
      throw error
    }
    bus.join()
    return bus
  }

  private constructor({dial = connect, directory, onFatal, ownsProcess, replication, server}: ClusterBusOptions) {
    this.ownsProcess = ownsProcess ?? false
    this.server = server
    this.replication = replication ?? replicationOf(server)
    this.openSocket = dial
    this.onFatal = onFatal
    this.file = new NodesConfFile(join(directory, server.config.values.clusterConfigFile))
    try {
      this.core = this.loadCore()
    } catch (error) {
      void this.file.close()
      throw error
    }
  }

  private loadCore(): ClusterCore {
    const {replication, server} = this
    const db = server.databases[0]!
    const {text} = this.file
    return new ClusterCore({
      config: clusterConfigOf(server),
      rng: server.rng.fork(),
      nowMs: this.nowMs(),
      ports: {
        countKeysInSlot: (slot) => db.countKeysInSlot(slot),
        keyCount: () => db.size,
        replicationOffset: () => replication.replicationOffset(),
        primaryLinkUp: () => replication.primaryLinkUp(),
        primaryDataAgeMs: () => replication.primaryDataAgeMs(),
      },
      ...(text === undefined ? {} : {nodesConf: text}),
    })
  }

  perform(effects: readonly ClusterEffect[]): void {
    const haste = effects.some(isOfFailover) ? 'at-once' : 'with-reply'
    for (const effect of effects) this.carryOut(effect, haste)
  }

  /** Settings changed at run time. */
  configChanged(): void {
    this.step({kind: 'config-changed', config: clusterConfigOf(this.server)})
  }

  /** Leaves the bus; resolves when nodes.conf is written and free for another node. Safe to call twice. */
  async close(): Promise<void> {
    if (!this.closed) this.leave()
    await this.file.close().catch(this.onSaveFailed)
  }

  private leave(): void {
    this.closed = true
    this.server.staleAfterMs = Number.POSITIVE_INFINITY
    clearInterval(this.timer)
    for (const listener of this.listeners) listener.close()
    for (const {socket} of this.connections.values()) socket.destroy()
    this.connections.clear()
    this.outgoing.clear()
  }

  private nowMs(): number {
    return Math.floor(this.originMs + performance.now())
  }

  private async listen(): Promise<void> {
    const {config, effects} = this.server
    const {port} = this.core.myself
    const busPort = this.core.config.busPort
    if (busPort > 65535) {
      throw new Error(
        `Redis port number too high for cluster mode: the bus port would be ${port} + ${BUS_PORT_OFFSET}. ` +
          'Choose a port below 55536, or set cluster-port.',
      )
    }
    const accept = this.acceptor()
    // Running out of descriptors must not end the node.
    const onError = (message: string) => effects.log('warning', `Error accepting cluster node: ${message}`)
    for (const word of config.values.bind) {
      const listener = await listenOnBus(word, busPort, accept, onError)
      if (listener !== undefined) this.listeners.push(listener)
    }
    if (this.listeners.length === 0) throw new Error(`cannot listen on the cluster bus port ${busPort}`)
  }

  /** With TLS among nodes, after the handshake. */
  private acceptor(): (socket: Socket) => void {
    const {config, effects} = this.server
    if (!config.values.tlsCluster) return (socket) => this.accept(socket)
    const gate = new TlsGate({
      asksAlways: true,
      config,
      onRefused: (reason) => effects.log('verbose', `Error accepting cluster node connection: ${reason}`),
      onSecure: (socket) => this.accept(socket),
    })
    return (socket) => gate.accept(socket)
  }

  private join(): void {
    this.server.cluster = this
    this.perform(this.core.start())
    // What was loaded is judged by what nodes.conf says before anybody is served.
    const {migrations} = this.server
    migrations.look()
    this.perform(this.core.claimSlotsWithKeys((slot) => migrations.hides(slot)))
    // Behind what has arrived: after a stall of this process, peers that did answer must not look silent.
    this.timer = setInterval(() => setImmediate(() => this.tick()), TICK_MS)
    this.server.onWake = () => this.noteRunning()
    this.noteRunning()
  }

  /** At every tick, and before clients' input that comes long after one. Several nodes of one process sleep and wake together. */
  private noteRunning(): void {
    if (this.closed || !this.ownsProcess) return
    const {nodeTimeoutMs} = this.core.config
    const sleptMs = performance.now() - this.ranAtMs
    this.ranAtMs += sleptMs
    this.server.staleAfterMs = Date.now() + nodeTimeoutMs
    if (sleptMs > nodeTimeoutMs) this.step({kind: 'woke'})
  }

  private tick(): void {
    if (this.closed) return
    this.noteRunning()
    for (const [link, connection] of this.connections) {
      const {writableLength} = connection.socket
      if (writableLength === connection.queuedBytes) continue
      connection.queuedBytes = writableLength
      this.step({kind: 'link-buffer', link, queuedBytes: writableLength})
      const isStranger = link < 0 && !this.core.links.get(link)?.node
      if (isStranger && writableLength > STRANGER_QUEUE_BYTES_MAX) connection.socket.destroy()
    }
    this.step({kind: 'tick'})
  }

  private step(input: ClusterInput): void {
    if (this.closed) return
    const effects = this.core.step(input, this.nowMs())
    const haste = effects.some(isOfFailover) ? 'at-once' : 'soon'
    for (const effect of effects) this.carryOut(effect, haste)
  }

  private carryOut(effect: ClusterEffect, haste: Haste): void {
    switch (effect.kind) {
      case 'send':
        this.send(effect)
        return
      case 'save':
        this.save(effect.fsync, haste)
        return
      case 'dial':
        this.dial(effect.link, effect.host, effect.port)
        return
      case 'close-link':
        this.drop(effect.link)
        return
      default:
        applyToServer(this.server, this.replication, effect, this.nowMs())
    }
  }

  private save(fsync: boolean, haste: Haste): void {
    if (fsync && (haste === 'with-reply' || this.heldCount > HELD_MESSAGES_MAX)) {
      this.guardSave(() => this.file.saveNow(this.core.renderNodesConf()))
      return
    }
    if (fsync && haste === 'at-once') this.makeDurable()
    const isAwaited = fsync && haste === 'soon'
    if (isAwaited) this.savesPending++
    const round = this.saveRound
    const onDone = () => {
      if (round === this.saveRound && --this.savesPending === 0 && !this.closed) this.flush()
    }
    this.file.saveSoon(() => this.core.renderNodesConf(), this.onSaveFailed, isAwaited ? onDone : undefined)
    if (haste !== 'with-reply') return
    this.isAheadWanted = true
    this.atEndOfTurn()
  }

  /** All that is true now, what earlier saves are under way for included. */
  private makeDurable(): void {
    this.guardSave(() => this.file.writeAhead(this.core.renderNodesConf(), true))
    this.saveRound++
    this.savesPending = 0
    // What earlier saves held back.
    this.atEndOfTurn()
  }

  private guardSave(save: () => void): void {
    try {
      save()
    } catch (error) {
      this.onSaveFailed(error)
    }
  }

  /** What was to follow would reveal what is not on disk. */
  private readonly onSaveFailed = (error: unknown): void => {
    const reason = messageOf(error)
    this.server.effects.log('warning', `Fatal: can't update cluster config file: ${reason}`)
    if (this.closed) return
    this.onFatal(`cannot update the cluster configuration file: ${reason}`)
    void this.close()
  }

  private send({link, message}: Extract<ClusterEffect, {kind: 'send'}>): void {
    const queued = this.outgoing.get(link)
    if (queued) queued.push(message)
    else this.outgoing.set(link, [message])
    this.heldCount++
    this.atEndOfTurn()
  }

  private atEndOfTurn(): void {
    if (this.isTurnEnding) return
    this.isTurnEnding = true
    process.nextTick(() => this.endTurn())
  }

  /**
   * Before the replies to clients leave: what an admin call changed is written, so that killing this process does not take
   * back an OK. Then what the turn said on each link leaves in one write.
   */
  private endTurn(): void {
    this.isTurnEnding = false
    if (this.closed) return
    if (this.isAheadWanted) {
      this.isAheadWanted = false
      this.guardSave(() => this.file.writeAhead(this.core.renderNodesConf()))
    }
    if (this.savesPending === 0) this.flush()
  }

  private flush(): void {
    for (const [link, messages] of this.outgoing) {
      const frames = latestNews(link, messages).map(encodeMessage)
      this.connections.get(link)?.socket.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames))
    }
    this.outgoing.clear()
    this.heldCount = 0
  }

  private dial(link: number, host: string, port: number): void {
    if (this.closed) return
    const source = this.server.config.values.bindSourceAddr
    const socket = this.openSocket({host, port, noDelay: true, ...(source === '' ? {} : {localAddress: source})})
    this.attach(link, socket)
    socket.once('connect', () => {
      this.keepAlive(socket)
      if (this.connections.get(link)?.socket !== socket) return
      this.step({kind: 'link-opened', link, ...addressesOf(socket)})
    })
  }

  private accept(socket: Socket): void {
    if (this.closed) return void socket.destroy()
    const link = this.nextAccepted--
    socket.setNoDelay(true)
    this.keepAlive(socket)
    this.attach(link, socket)
    this.step({kind: 'link-accepted', link, ...addressesOf(socket)})
  }

  private keepAlive(socket: PeerSocket): void {
    socket.setKeepAlive(true, this.core.config.nodeTimeoutMs * 2)
  }

  private attach(link: number, socket: PeerSocket): void {
    const connection: Connection = {socket, decoder: new FrameDecoder(), queuedBytes: 0}
    this.connections.set(link, connection)
    socket.on('data', (chunk) => this.receive(link, connection, chunk))
    // `close` follows and does the rest.
    socket.on('error', () => undefined)
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      if (!this.connections.delete(link)) return
      this.step({kind: 'link-closed', link})
    })
  }

  private receive(link: number, {decoder, socket}: Connection, chunk: Buffer): void {
    const skippedBefore = decoder.skippedFrames
    const isBus = decoder.push(chunk, (frame) => {
      const message = decodeMessage(frame)
      if (message) this.step({kind: 'packet', link, message})
      else decoder.skippedFrames++
      if (this.core.links.get(link)?.node) decoder.frameBytesMax = FRAME_BYTES_MAX
    })
    if (decoder.skippedFrames > skippedBefore) {
      this.server.effects.log('debug', `Skipped a malformed cluster bus packet from ${socket.remoteAddress}`)
    }
    if (isBus) return
    this.server.effects.log('warning', `Bad message length or signature received from Cluster bus.`)
    socket.destroy()
  }

  private drop(link: number): void {
    const connection = this.connections.get(link)
    this.connections.delete(link)
    this.outgoing.delete(link)
    connection?.socket.destroy()
  }
}
