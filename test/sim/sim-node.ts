import type {Rng} from '../../src/lib/kernel/rng.js'
import {decodeMessage} from '../../src/lib/protocol/bus/decode.js'
import {encodeMessage} from '../../src/lib/protocol/bus/encode.js'
import {FrameDecoder} from '../../src/lib/protocol/bus/framing.js'
import type {BusMessage} from '../../src/lib/protocol/bus/message.js'
import {ClusterCore} from '../../src/lib/server/cluster/core.js'
import type {
  ClusterConfig,
  ClusterCoreOptions,
  ClusterEffect,
  ClusterInput,
} from '../../src/lib/server/cluster/types.js'
import {Violation} from './checkers/checker.js'
import {SimClock} from './clock.js'
import {type ConfOwner, SimConfFile} from './conf-file.js'
import {SimDisk} from './disk.js'
import {SimKeyspace} from './keyspace.js'
import type {Mutation} from './mutations.js'
import type {Item, Listener, Socket, SocketHandlers} from './network.js'
import {ServerBackend} from './server-backend.js'
import type {World} from './world.js'

export const CLIENT_PORT = 7000
export const BUS_PORT = 17000
const TICK_MS = 100

type SendEffect = Extract<ClusterEffect, {kind: 'send'}>

interface SimLink {
  readonly socket: Socket<BusMessage>
  readonly decoder: FrameDecoder
}

/**
 * One machine with one process: the shell that node/ is in production, over the simulated disk, clock and network.
 *
 *   running <--freeze/thaw--> frozen (what arrives waits, then comes in one burst)
 *   running --crash/power--> down --start--> running (from the disk's image)
 *   running --save, slow disk--> busy --> running (the rest of the effects comes after the fsync)
 */
export class SimNode {
  readonly disk = new SimDisk()
  readonly clock: SimClock
  readonly keyspace = new SimKeyspace()
  /** The production server with the keys, in the seeds that have it; then `keyspace` is not used. */
  backend: ServerBackend | undefined
  core: ClusterCore | undefined
  ip: string
  frozen = false
  /** Counts starts; what belongs to an earlier life is dropped. */
  life = 0
  /** Effects carried out in all lives: crash points are given in it. */
  effectCount = 0
  crashAtEffect = Number.POSITIVE_INFINITY
  sentCount = 0
  config: ClusterConfig
  /** nodes.conf for the very first start: gives the node an id. */
  seedConf: string | undefined
  private lastId = '?'
  private conf: SimConfFile | undefined
  /** Saves that packets wait for, and the packets. */
  private savesPending = 0
  private held: SendEffect[] = []
  private busy = false
  private links = new Map<number, SimLink>()
  private acceptedCount = 0
  private waiting: (() => void)[] = []
  private listener: Listener<BusMessage> | undefined

  constructor(
    private readonly world: World,
    readonly index: number,
    private readonly rng: Rng,
    config: Omit<ClusterConfig, 'port' | 'busPort'>,
    private readonly mutation: Mutation | undefined,
  ) {
    this.clock = new SimClock(() => world.queue.nowMs)
    this.ip = `10.0.0.${index}`
    this.config = {...config, busPort: BUS_PORT, port: CLIENT_PORT}
  }

  get store(): SimKeyspace | ServerBackend {
    return this.backend ?? this.keyspace
  }

  get running(): boolean {
    return this.core !== undefined
  }

  get id(): string {
    if (this.core) this.lastId = this.core.myself.id
    return this.lastId
  }

  /** Unix ms, as its process tells it. */
  clockMs(): number {
    return this.clock.nowMs()
  }

  /** @throws Violation if nodes.conf does not load: a finding, whatever happened to the disk */
  start(): void {
    if (this.core) return
    this.life++
    this.frozen = false
    this.busy = false
    this.waiting = []
    this.links = new Map()
    this.clock.start()
    const text = SimConfFile.read(this.disk) ?? this.seedConf
    this.conf = this.openConf()
    this.savesPending = 0
    this.held = []
    this.seedConf = undefined
    this.world.network.setPower(this.index, true)
    if (this.world.options.realServer) this.backend = new ServerBackend(this.world, this, this.rng.fork(), this.backend)
    this.core = this.load(text)
    this.backend?.bind()
    this.world.onStarted(this)
    this.perform(this.core.start())
    if (!this.core) return
    this.listener = {accept: (socket) => this.accept(socket), machine: this.index}
    this.world.network.listen(this.ip, BUS_PORT, this.listener)
    this.scheduleTick(this.rng.below(TICK_MS))
  }

  private load(text: string | undefined): ClusterCore {
    const options: ClusterCoreOptions = {
      config: this.config,
      nowMs: this.clockMs(),
      ports: {
        countKeysInSlot: (slot) => this.store.countKeysInSlot(slot),
        keyCount: () => this.store.keyCount,
        primaryDataAgeMs: () => Number.POSITIVE_INFINITY,
        primaryLinkUp: () => true,
        replicationOffset: () => 0,
      },
      rng: this.rng.fork(),
      ...(text === undefined ? {} : {nodesConf: text}),
    }
    try {
      return new ClusterCore(options)
    } catch (error) {
      throw new Violation('nodes-conf-loads', `n${this.index}: ${String(error)}`)
    }
  }

  /** SIGKILL, or with `power` the plug: the page cache is lost, and no FIN goes out. */
  crash(power: boolean): void {
    if (!this.core) return
    if (power) this.world.network.setPower(this.index, false)
    if (!power) this.conf?.onKilled()
    if (this.listener) this.world.network.unlisten(this.ip, BUS_PORT, this.listener)
    this.core = undefined
    this.frozen = false
    this.keyspace.releaseAll()
    this.world.network.kill(this.index)
    this.links = new Map()
    this.waiting = []
    if (power) this.disk.crash(this.rng)
    this.world.onStopped(this)
  }

  /** Power comes back, nobody starts the process: connections to it are refused. */
  powerOn(): void {
    this.world.network.setPower(this.index, true)
  }

  freeze(): void {
    this.frozen = true
  }

  thaw(): void {
    this.frozen = false
    this.drain()
  }

  /** Runs `action` in the process: now, after it thaws, or never if it dies first. */
  deliver(action: () => void): void {
    const {life} = this
    if (!this.core) return
    const guarded = (): void => {
      if (this.life === life && this.core) action()
    }
    if (this.frozen || this.busy || this.waiting.length > 0) this.waiting.push(guarded)
    else guarded()
  }

  step(given: ClusterInput): void {
    const {core, mutation} = this
    if (!core) return
    const input = mutation?.input ? mutation.input(core, given) : given
    if (!input) return
    const undo = mutation?.before?.(core, input)
    this.world.beforeStep(this, input)
    const effects = core.step(input, this.clockMs())
    undo?.()
    mutation?.after?.(core, input)
    this.perform(effects)
    this.world.afterStep(this, input)
  }

  /** A CLUSTER command; `done` once all its effects are carried out. @throws ClusterRefusal */
  admin(run: (core: ClusterCore) => readonly ClusterEffect[], done: () => void): void {
    const {core} = this
    if (!core) return
    this.perform(run(core), done)
    this.world.afterStep(this, undefined)
  }

  perform(effects: readonly ClusterEffect[], done?: () => void): void {
    const ordered = this.mutation?.effects ? this.mutation.effects(effects) : effects
    for (let index = 0; index < ordered.length; index++) {
      if (!this.core) return
      if (++this.effectCount >= this.crashAtEffect) {
        this.crashAtEffect = Number.POSITIVE_INFINITY
        this.dieAt(ordered[index] as ClusterEffect)
        return
      }
      const effect = ordered[index] as ClusterEffect
      this.carryOut(effect, done !== undefined)
      const stalls = effect.kind === 'save' && effect.fsync && (done !== undefined || !this.world.options.asyncSaves)
      const stallMs = stalls ? this.world.fsyncMs() : 0
      if (stallMs > 0) {
        this.waitForDisk(stallMs, ordered.slice(index + 1), done)
        return
      }
    }
    done?.()
  }

  /** Between two effects, or with the power in the middle of a durable save: any of its steps may be the last. */
  private dieAt(effect: ClusterEffect): void {
    this.world.note(`node ${this.index} dies at an effect boundary`)
    const isSaving = effect.kind === 'save' && this.rng.chance(0.5)
    if (isSaving) this.conf?.saveInPart(this.rng.below(4))
    this.crash(isSaving || this.rng.chance(0.5))
  }

  private waitForDisk(stallMs: number, rest: readonly ClusterEffect[], done: (() => void) | undefined): void {
    const {life} = this
    this.busy = true
    this.world.queue.after(stallMs, () => {
      if (this.life !== life || !this.core) return
      this.busy = false
      this.perform(rest, done)
      this.drain()
    })
  }

  private drain(): void {
    while (this.waiting.length > 0 && !this.frozen && !this.busy && this.core) (this.waiting.shift() as () => void)()
  }

  private carryOut(effect: ClusterEffect, isAdmin: boolean): void {
    if (effect.kind !== 'send') this.world.onEffect(this, effect)
    switch (effect.kind) {
      case 'save':
        this.save(effect.fsync, isAdmin)
        break
      case 'send':
        if (this.savesPending > 0) this.held.push(effect)
        else this.leave(effect)
        break
      case 'dial':
        this.dial(effect.link, effect.host, effect.port)
        break
      case 'close-link':
        this.links.get(effect.link)?.socket.close()
        this.links.delete(effect.link)
        break
      case 'delete-slot-keys':
        for (const slot of effect.slots) this.world.onKeysDropped(this, slot, this.store.deleteSlot(slot))
        break
      case 'empty-database':
        this.store.clear()
        break
      default:
        break
    }
  }

  /** An admin call waits for the disk; otherwise only packets do, and the node goes on (if this shell is of that kind). */
  private save(fsync: boolean, isAdmin: boolean): void {
    const conf = this.conf as SimConfFile
    if (fsync && (isAdmin || !this.world.options.asyncSaves)) conf.saveNow()
    else if (fsync) {
      this.savesPending++
      conf.saveSoon(() => {
        if (--this.savesPending > 0) return
        for (const effect of this.held.splice(0)) this.leave(effect)
      })
    } else {
      conf.saveSoon()
      if (isAdmin) conf.writeAhead()
    }
  }

  private openConf(): SimConfFile {
    const {life} = this
    const owner: ConfOwner = {
      fsyncMs: () => this.world.fsyncMs(),
      later: (delayMs, run) =>
        this.world.queue.after(delayMs, () => {
          if (this.life === life && this.core) run()
        }),
      onSaved: (text) => this.world.onSaved(this, text),
      render: () => (this.core as ClusterCore).renderNodesConf(),
    }
    return new SimConfFile(this.disk, owner, this.mutation?.noFsyncBeforeRename ?? false)
  }

  private leave(effect: SendEffect): void {
    this.world.onEffect(this, effect)
    this.send(effect.link, effect.message)
  }

  private send(link: number, message: BusMessage): void {
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

  private dial(link: number, host: string, port: number): void {
    const socket = this.world.network.dial(this.index, this.ip, host, port, this.handlers(link, host))
    this.links.set(link, {decoder: new FrameDecoder(), socket})
  }

  private accept(socket: Socket<BusMessage>): SocketHandlers<BusMessage> {
    const link = -++this.acceptedCount
    this.links.set(link, {decoder: new FrameDecoder(), socket})
    this.deliver(() => this.step({kind: 'link-accepted', link, localIp: socket.localIp, peerIp: socket.remoteIp}))
    return this.handlers(link, socket.remoteIp)
  }

  private handlers(link: number, peerIp: string): SocketHandlers<BusMessage> {
    return {
      onClose: () => this.deliver(() => this.lose(link)),
      onItem: (item) => this.deliver(() => this.receive(link, item)),
      onOpen: () => this.deliver(() => this.stepIfOpen(link, {kind: 'link-opened', link, localIp: this.ip, peerIp})),
    }
  }

  private lose(link: number): void {
    if (this.links.delete(link)) this.step({kind: 'link-closed', link})
  }

  private stepIfOpen(link: number, input: ClusterInput): void {
    if (this.links.has(link)) this.step(input)
  }

  private receive(link: number, item: Item<BusMessage>): void {
    const found = this.links.get(link)
    if (!found) return
    if (item.kind === 'message') {
      this.step({kind: 'packet', link, message: item.message})
      return
    }
    const messages: BusMessage[] = []
    const alive = found.decoder.push(item.bytes, (frame) => {
      const message = decodeMessage(frame)
      if (!message) throw new Error(`a frame that a node sent does not decode (link ${link} of node ${this.index})`)
      messages.push(message)
    })
    if (!alive) throw new Error(`framing lost on link ${link} of node ${this.index}`)
    this.deliverInOrder(messages.map((message) => () => this.stepIfOpen(link, {kind: 'packet', link, message})))
  }

  /** What came in one chunk stays in front of all that waits, should the first of it stall the process. */
  private deliverInOrder(actions: (() => void)[]): void {
    const {life} = this
    for (let index = 0; index < actions.length; index++) {
      if (this.life !== life || !this.core) return
      if (this.busy || this.frozen) {
        this.waiting.unshift(...actions.slice(index).map((action) => () => this.life === life && this.core && action()))
        return
      }
      ;(actions[index] as () => void)()
    }
  }

  private scheduleTick(delayMs: number): void {
    const {life} = this
    this.world.queue.after(delayMs, () => {
      if (this.life !== life || !this.core) return
      // A timer that fires late fires once: a frozen process does not catch up on its ticks.
      if (!this.frozen && !this.busy) this.step({kind: 'tick'})
      this.scheduleTick(this.clock.virtual(TICK_MS))
    })
  }
}
