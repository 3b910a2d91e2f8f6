import {type Client, SPECIAL_REPLICA} from './client.js'
import type {Command} from './commands/command.js'
import {Eviction} from './keyspace/eviction.js'
import {Lfu} from './keyspace/lfu.js'
import {MemoryMeter} from './keyspace/memory-meter.js'
import type {Server} from './server.js'

export const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'."

/** The clock is read after so many evictions. */
const EVICTIONS_PER_LOOK = 8
/** What a command evicts at least, if there is need: more than it adds, as a rule, so that writers cannot outrun eviction. */
const EVICTIONS_PER_COMMAND = 2
/** After maxmemory was set keys are counted for so long in one go; the clock is read after so many. */
const COUNT_SLICE_US = 500
const COUNTED_PER_LOOK = 50

/** What eviction came to. */
type Outcome = 'enough' | 'goes-on' | 'exceeded'

/**
 * maxmemory: what is counted, who is evicted, which commands are refused.
 *
 * Counted are the data (`MemoryMeter`) and what clients have in buffers; not the JavaScript engine itself, which takes
 * some tens of megabytes more, nor garbage that it has yet to collect. For a chunk of input keys are evicted for half a
 * millisecond (maxmemory-eviction-tenacity), and two more for each command in it; the rest follows from the loop, in slices
 * like that. Redis gives every command of a pipeline such a slice, and stops for as long as the pipeline is.
 */
export class MemoryLimit {
  /** The dispatcher asks for nothing while this is false. */
  isSet = false
  evictedClients = 0
  private readonly server: Server
  private readonly eviction: Eviction
  private clientBytes = 0
  private peakBytes = 0
  /** `state.nowMs` of the input for which a slice's time was used up. */
  private slicedAtMs = 0
  /** Whether a command took a slice since the last `work`, which then leaves this turn of the loop to clients. */
  private commandSliced = false
  /** Since when memory has exceeded the limit, in monotonic microseconds; 0 = it does not. And for how long it did before. */
  private exceededSinceUs = 0
  private exceededUs = 0

  constructor(server: Server) {
    this.server = server
    this.eviction = new Eviction(server.rng.fork())
  }

  /** After any change of the settings. */
  applySettings(): void {
    const {config, databases, state} = this.server
    const {lfuDecayTime, lfuLogFactor, maxmemory, maxmemoryPolicy} = config.values
    this.isSet = maxmemory > 0
    if (!this.isSet) state.meter = undefined
    else if (state.meter === undefined) {
      state.meter = new MemoryMeter(databases)
      this.countSome(state.meter)
    }
    if (!maxmemoryPolicy.endsWith('-lfu')) state.lfu = undefined
    else state.lfu ??= new Lfu(this.server.rng.fork())
    this.measureClients()
    if (state.lfu !== undefined) {
      state.lfu.decayMinutes = lfuDecayTime
      state.lfu.logFactor = lfuLogFactor
    }
    state.setTime(state.nowMs)
  }

  /** Bytes that count against maxmemory; undefined while it is not set. */
  get usedBytes(): number | undefined {
    const {meter} = this.server.state
    return meter && meter.total() + this.clientBytes
  }

  /** The most that was used since maxmemory was set. */
  get peakUsedBytes(): number {
    this.peakBytes = Math.max(this.peakBytes, this.usedBytes ?? 0)
    return this.peakBytes
  }

  /** The data alone. */
  get dataBytes(): number {
    return this.server.state.meter?.total() ?? 0
  }

  /** Microseconds: all of it, and the part of the current excess. */
  exceededTime(nowUs: number): {readonly total: number; readonly current: number} {
    const current = this.exceededSinceUs === 0 ? 0 : nowUs - this.exceededSinceUs
    return {current: Math.round(current), total: Math.round(this.exceededUs + current)}
  }

  /** Makes room. @returns whether the command must be refused with OUT_OF_MEMORY */
  refuses(client: Client, command: Command): boolean {
    if (this.makeRoom(true) !== 'exceeded') return false
    // A queue takes memory too; only the ways out of the transaction stay open.
    if (client.queue !== undefined) {
      if (command.name === 'exec') return client.queue.some((one) => one.command.deniesOom)
      return !WAYS_OUT.has(command.name)
    }
    return command.deniesOom
  }

  /** Whether commands that may take memory must be refused, after an attempt to make room: for scripts. */
  get isExceeded(): boolean {
    return this.isSet && this.makeRoom(true) === 'exceeded'
  }

  /** Work besides commands. @returns whether it pays to come again at once */
  work(): boolean {
    const {meter} = this.server.state
    if (meter === undefined) return false
    this.countSome(meter)
    if (this.commandSliced) {
      this.commandSliced = false
      return true
    }
    return this.makeRoom(false) === 'goes-on' || !meter.isComplete
  }

  private countSome(meter: MemoryMeter): void {
    const {effects} = this.server
    const untilUs = effects.monotonicUs() + COUNT_SLICE_US
    while (!meter.isComplete && effects.monotonicUs() <= untilUs) meter.countSome(COUNTED_PER_LOOK)
  }

  /** Every 100 ms. */
  cron(): void {
    this.measureClients()
    this.peakBytes = this.isSet ? this.peakUsedBytes : 0
    this.evictClients()
  }

  private measureClients(): void {
    this.clientBytes = 0
    if (!this.isSet) return
    // Deletions would fill a replica's buffer further, which would make more of them.
    for (const client of this.server.clients.values()) if (!isReplica(client)) this.clientBytes += bytesOf(client)
  }

  /** @param forCommand - one of perhaps many in the input at hand, which get one slice together and little more each */
  private makeRoom(forCommand: boolean): Outcome {
    const {config, databases, effects, failoverPausedUntilMs, isReplica, state} = this.server
    const {maxmemory, maxmemoryEvictionTenacity, maxmemoryPolicy, maxmemorySamples, replicaIgnoreMaxmemory} =
      config.values
    const meter = state.meter
    if (meter === undefined || (isReplica && replicaIgnoreMaxmemory) || failoverPausedUntilMs !== 0) return 'enough'
    if (meter.total() + this.clientBytes <= maxmemory) return this.noteRoom()
    if (this.exceededSinceUs === 0) this.exceededSinceUs = effects.monotonicUs()
    if (maxmemoryPolicy === 'noeviction') return 'exceeded'
    const leastOnly = forCommand && this.slicedAtMs === state.nowMs
    const untilUs = effects.monotonicUs() + timeLimitUs(maxmemoryEvictionTenacity)
    for (let count = 1; meter.total() + this.clientBytes > maxmemory; count++) {
      if (!this.eviction.evictOne(databases, maxmemoryPolicy, maxmemorySamples)) return 'exceeded'
      if (
        leastOnly
          ? count === EVICTIONS_PER_COMMAND
          : count % EVICTIONS_PER_LOOK === 0 && effects.monotonicUs() > untilUs
      ) {
        if (forCommand) {
          this.slicedAtMs = state.nowMs
          this.commandSliced = true
        }
        return 'goes-on'
      }
    }
    return this.noteRoom()
  }

  private noteRoom(): Outcome {
    if (this.exceededSinceUs === 0) return 'enough'
    this.exceededUs += this.server.effects.monotonicUs() - this.exceededSinceUs
    this.exceededSinceUs = 0
    return 'enough'
  }

  /** maxmemory-clients: those with the most in their buffers go first; CLIENT NO-EVICT excepts. */
  private evictClients(): void {
    const {clients, config, effects} = this.server
    const {maxmemory, maxmemoryClients} = config.values
    const limit = maxmemoryClients < 0 ? (maxmemory * -maxmemoryClients) / 100 : maxmemoryClients
    if (limit === 0) return
    const sized = [...clients.values()]
      .filter((client) => !client.noEvict && !isReplica(client))
      .map((client) => ({bytes: bytesOf(client), client}))
      .sort((a, b) => a.bytes - b.bytes)
    let total = sized.reduce((sum, {bytes}) => sum + bytes, 0)
    while (total > limit && sized.length > 0) {
      const {bytes, client} = sized.pop()!
      total -= bytes
      this.evictedClients++
      effects.log('notice', `Evicting client: id=${client.id} addr=${client.address} tot-mem=${bytes}`)
      effects.closeClient(client, false)
    }
  }
}

const WAYS_OUT = new Set(['discard', 'quit', 'reset'])

/** What is on its way to it has limits of its own: client-output-buffer-limit replica. */
function isReplica({special}: Client): boolean {
  return (special & SPECIAL_REPLICA) !== 0
}

/** Of a connection itself. */
const CLIENT_BYTES = 2048

function bytesOf({queryBufferBytes, queue, reply, unsentBytes}: Client): number {
  let bytes = CLIENT_BYTES + queryBufferBytes + reply.out.length + unsentBytes
  for (const {argv} of queue ?? []) for (const argument of argv) bytes += argument.length + ARGUMENT_BYTES
  return bytes
}

const ARGUMENT_BYTES = 40

/** Half a millisecond at the default of 10; more than that grows fast, up to no limit at 100. */
function timeLimitUs(tenacity: number): number {
  if (tenacity <= 10) return 50 * tenacity
  return tenacity < 100 ? 500 * 1.15 ** (tenacity - 10) : Number.POSITIVE_INFINITY
}
