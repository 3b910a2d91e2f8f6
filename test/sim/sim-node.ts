import type {Rng} from '../../src/lib/kernel/rng.js'
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
import {SimReplication} from './replication.js'
import {ServerBackend} from './server-backend.js'
import {BUS_PORT, CLIENT_PORT, SimBus} from './sim-bus.js'
import type {World} from './world.js'

const TICK_MS = 100

type SendEffect = Extract<ClusterEffect, {kind: 'send'}>

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
  private frozenAtMs = 0
  /** Counts starts; what belongs to an earlier life is dropped. */
  life = 0
  /** Effects carried out in all lives: crash points are given in it. */
  effectCount = 0
  crashAtEffect = Number.POSITIVE_INFINITY
  config: ClusterConfig
  /** nodes.conf for the very first start: gives the node an id. */
  seedConf: string | undefined
  private lastId = '?'
  private conf: SimConfFile | undefined
  /** Saves that packets wait for, and the packets. */
  private savesPending = 0
  private held: SendEffect[] = []
  private busy = false
  private waiting: (() => void)[] = []
  private bus: SimBus
  /** In worlds that have it; then `keyspace` holds the data. */
  readonly replication: SimReplication | undefined
  /** By its own clock; writes wait until then. */
  private pausedUntilMs = 0
  private parked: (() => void)[] = []

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
    this.bus = new SimBus(world, this)
    if (world.options.replication) this.replication = new SimReplication(world, this, mutation)
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

  /** The world's time, which no process knows. */
  virtualMs(): number {
    return this.world.queue.nowMs
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
    this.bus = new SimBus(this.world, this)
    this.pausedUntilMs = 0
    this.parked = []
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
    this.replication?.start()
    this.world.onStarted(this)
    this.perform(this.core.start())
    if (!this.core) return
    this.bus.listen()
    this.backend?.listen()
    this.scheduleTick(this.rng.below(TICK_MS))
  }

  private load(text: string | undefined): ClusterCore {
    const options: ClusterCoreOptions = {
      config: this.config,
      nowMs: this.clockMs(),
      ports: {
        countKeysInSlot: (slot) => this.store.countKeysInSlot(slot),
        keyCount: () => this.store.keyCount,
        primaryDataAgeMs: () => this.replication?.primaryDataAgeMs() ?? Number.POSITIVE_INFINITY,
        primaryLinkUp: () => this.replication?.primaryLinkUp() ?? true,
        replicationOffset: () => this.replication?.offset ?? 0,
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
    this.bus.stop()
    this.backend?.unlisten()
    this.replication?.stop()
    this.core = undefined
    this.frozen = false
    this.keyspace.releaseAll()
    this.world.network.kill(this.index)
    this.waiting = []
    if (power) this.disk.crash(this.rng)
    this.world.onStopped(this)
  }

  /** Power comes back, nobody starts the process: connections to it are refused. */
  powerOn(): void {
    this.world.network.setPower(this.index, true)
  }

  freeze(): void {
    if (!this.frozen) this.frozenAtMs = this.world.queue.nowMs
    this.frozen = true
  }

  thaw(): void {
    const sleptMs = this.frozen ? this.world.queue.nowMs - this.frozenAtMs : 0
    this.frozen = false
    // Before all that has arrived: so the shell does.
    if (this.core && !this.busy && sleptMs > this.core.config.nodeTimeoutMs) this.step({kind: 'woke'})
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
    this.world.beforeStep(this, given)
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
    // A reply is to follow, or the node serves clients in a new role at once.
    const waits = done !== undefined || ordered.some((effect) => effect.kind === 'role-changed' && !effect.primary)
    for (let index = 0; index < ordered.length; index++) {
      if (!this.core) return
      if (++this.effectCount >= this.crashAtEffect) {
        this.crashAtEffect = Number.POSITIVE_INFINITY
        this.dieAt(ordered[index] as ClusterEffect)
        return
      }
      const effect = ordered[index] as ClusterEffect
      this.carryOut(effect, waits)
      const stalls = effect.kind === 'save' && effect.fsync && (waits || !this.world.options.asyncSaves)
      const stallMs = stalls ? this.world.fsyncMs() : 0
      if (stallMs > 0) {
        this.waitForDisk(stallMs, ordered.slice(index + 1), done)
        return
      }
    }
    done?.()
  }

  /**
   * Between two effects, or in the middle of a durable save: any of its steps may be the last, as the power goes or as the
   * disk refuses, which ends the process.
   */
  private dieAt(effect: ClusterEffect): void {
    this.world.note(`node ${this.index} dies at an effect boundary`)
    const isSaving = effect.kind === 'save' && this.rng.chance(0.5)
    if (isSaving) this.conf?.saveInPart(this.rng.below(4))
    this.crash(this.rng.chance(isSaving ? 0.7 : 0.5))
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

  private carryOut(effect: ClusterEffect, waits: boolean): void {
    if (effect.kind !== 'send') this.world.onEffect(this, effect)
    switch (effect.kind) {
      case 'save':
        this.save(effect.fsync, waits)
        break
      case 'send':
        if (this.savesPending > 0) this.held.push(effect)
        else this.leave(effect)
        break
      case 'dial':
        this.bus.dial(effect.link, effect.host, effect.port)
        break
      case 'close-link':
        this.bus.close(effect.link)
        break
      case 'delete-slot-keys':
        this.dropSlots(effect.slots)
        break
      case 'slots-lost':
        if (this.isMigrating) this.backend?.server.migrations.look()
        break
      case 'empty-database':
        this.store.clear()
        this.replication?.empty()
        break
      case 'role-changed':
        this.replication?.follow(effect.primary)
        if (this.isMigrating) this.backend?.server.migrations.look()
        break
      case 'pause-writes':
        this.pausedUntilMs = effect.untilMs
        break
      case 'resume-writes':
        this.pausedUntilMs = 0
        for (const run of this.parked.splice(0)) run()
        break
      default:
        break
    }
  }

  private get isMigrating(): boolean {
    return this.world.options.atomicMoves === true
  }

  private dropSlots(slots: readonly number[]): void {
    // A source that gave slots away keeps their keys until the target has them for good, so dropping them is no loss.
    if (this.isMigrating) this.backend?.server.migrations.dropSlots(slots)
    else for (const slot of slots) this.world.onKeysDropped(this, slot, this.store.deleteSlot(slot))
  }

  /** An admin call waits for the disk; otherwise only packets do, and the node goes on (if this shell is of that kind). */
  private save(fsync: boolean, waits: boolean): void {
    const conf = this.conf as SimConfFile
    if (fsync && (waits || !this.world.options.asyncSaves)) conf.saveNow()
    else if (fsync) {
      this.savesPending++
      conf.saveSoon(() => {
        if (--this.savesPending > 0) return
        for (const effect of this.held.splice(0)) this.leave(effect)
      })
    } else {
      conf.saveSoon()
      if (waits) conf.writeAhead()
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
    this.bus.send(effect.link, effect.message)
  }

  /** Over every link that this node dialled, whatever the core thinks of it. */
  sendToAll(message: BusMessage): void {
    this.bus.sendToAll(message)
  }

  /** What came in one chunk stays in front of all that waits, should the first of it stall the process. */
  deliverInOrder(actions: (() => void)[]): void {
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

  private tick(): void {
    if (!this.isPaused) for (const run of this.parked.splice(0)) run()
    this.replication?.tick()
    if (this.isMigrating) this.backend?.server.cron(this.clockMs())
    this.step({kind: 'tick'})
  }

  /** A failover is under way: the data set stands still. */
  get isPaused(): boolean {
    return this.pausedUntilMs > this.clockMs()
  }

  /** @returns true if `run` will run later, when writes are taken again */
  parkIfPaused(run: () => void): boolean {
    if (this.isPaused) this.parked.push(run)
    return this.isPaused
  }

  private scheduleTick(delayMs: number): void {
    const {life} = this
    this.world.queue.after(delayMs, () => {
      if (this.life !== life || !this.core) return
      // A timer that fires late fires once: a frozen process does not catch up on its ticks.
      if (!this.frozen && !this.busy) this.tick()
      this.scheduleTick(this.clock.virtual(TICK_MS))
    })
  }
}
