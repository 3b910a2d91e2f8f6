import {adminStateOf} from '../server/info/admin-state.js'
import type {Server} from '../server/server.js'
import type {NodeClock} from './node-clock.js'
import type {TcpServer} from './tcp-server.js'

const CRON_MS = 100
/** A longer delay would end at once. */
const TIMER_MS_MAX = 2 ** 31 - 1
/** Deadlines looked at between two looks at the clock, and for how long in one turn of the loop; the rest follows later. */
const EXPIRY_ENTRIES = 32
const EXPIRY_TURN_MS = 1
/** Of each 100 ms: Redis gives its own cycle a quarter of the CPU. */
const EXPIRY_CRON_MS = 25

/** The periodic work of a node: cron every 100 ms, the active expiry in slices. */
export class Timers {
  private readonly server: Server
  private readonly tcp: TcpServer
  private timer: NodeJS.Timeout | undefined
  private expiryLeftMs = 0
  private isEvicting = false
  /** For the blocked client whose time is over first; cron alone would be late by up to its period. */
  private deadlineTimer: NodeJS.Timeout | undefined
  private deadlineMs = 0

  constructor(
    server: Server,
    tcp: TcpServer,
    private readonly clock: NodeClock,
  ) {
    this.server = server
    this.tcp = tcp
  }

  start(): void {
    this.timer = setInterval(() => this.cron(), CRON_MS)
    this.server.blocked.onDeadline = (atMs) => this.armDeadline(atMs)
    this.clock.onMoved.add(this.onMoved)
  }

  stop(): void {
    this.clock.onMoved.delete(this.onMoved)
    clearInterval(this.timer)
    this.timer = undefined
    this.server.blocked.onDeadline = undefined
    clearTimeout(this.deadlineTimer)
    this.deadlineTimer = undefined
  }

  private armDeadline(atMs: number): void {
    if (this.deadlineTimer !== undefined && this.deadlineMs <= atMs) return
    clearTimeout(this.deadlineTimer)
    this.deadlineMs = atMs
    const delayMs = Math.min(Math.max(0, atMs - this.clock.nowMs()), TIMER_MS_MAX)
    this.deadlineTimer = setTimeout(() => {
      this.deadlineTimer = undefined
      this.server.blocked.expire(this.clock.nowMs())
    }, delayMs)
  }

  /** The time was set: nobody waits for the next round to see what is over. */
  private readonly onMoved = (): void => {
    clearTimeout(this.deadlineTimer)
    this.deadlineTimer = undefined
    this.cron()
  }

  private cron(): void {
    const nowMs = this.clock.nowMs()
    const admin = adminStateOf(this.server)
    if (admin.cronPaused) return
    admin.rates.sample(this.server.stats, nowMs)
    this.server.cron(nowMs)
    this.tcp.cron(nowMs)
    const isRunning = this.expiryLeftMs > 0
    this.expiryLeftMs = EXPIRY_CRON_MS
    if (!isRunning) this.expire()
    if (!this.isEvicting) this.evict()
  }

  /** Evicts in slices as long as memory exceeds its limit, other work between any two. */
  private evict(): void {
    this.isEvicting = this.timer !== undefined && this.server.memory.work()
    if (this.isEvicting) setImmediate(() => this.evict())
  }

  private expire(): void {
    if (this.timer === undefined) return
    const startedMs = performance.now()
    let goesOn = true
    let tookMs = 0
    while (goesOn && tookMs < EXPIRY_TURN_MS) {
      goesOn = this.server.activeExpire(this.clock.nowMs(), EXPIRY_ENTRIES)
      tookMs = performance.now() - startedMs
    }
    this.expiryLeftMs = goesOn ? this.expiryLeftMs - tookMs : 0
    const {stats} = this.server
    stats.expiryMs += tookMs
    if (goesOn && this.expiryLeftMs <= 0) stats.expiryCapsReached++
    if (this.expiryLeftMs > 0) setImmediate(() => this.expire())
  }
}
