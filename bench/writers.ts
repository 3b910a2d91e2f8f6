import {Cluster} from 'ioredis'
import {keyNames, sequenceOf, valueOfWrite} from './keys.js'
import {percentile} from './report.js'

/**
 * Clients that write while slots move; a process of its own, driven over IPC.
 *
 * Writes come at a fixed rate whatever the cluster does, each to a random key with no write under way, and latency is
 * counted from when the write was due: a stall shows in every write it delayed. A write is acknowledged when its promise
 * resolves; `verify` then asks for every key and compares.
 */

export interface WritersOptions {
  readonly seedPort: number
  /** The slots of the keys. */
  readonly slots: readonly number[]
  readonly keyCount: number
  readonly writesPerSecond: number
}

export type WritersRequest =
  | {readonly kind: 'open'; readonly options: WritersOptions}
  /** Start writing and measuring. */
  | {readonly kind: 'start'}
  /** Stop, wait for what is under way, report. */
  | {readonly kind: 'stop'}
  | {readonly kind: 'verify'}

export interface Traffic {
  readonly acknowledged: number
  readonly failed: number
  /** The first error reply or broken connection, if any. */
  readonly failure: string | undefined
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export interface Verdict {
  /** Keys that are gone. */
  readonly lostKeys: number
  /** Keys that hold an older value than the last acknowledged one. */
  readonly lostWrites: number
}

export type WritersReply =
  | {readonly kind: 'opened'}
  | {readonly kind: 'started'}
  | {readonly kind: 'stopped'; readonly traffic: Traffic}
  | {readonly kind: 'verified'; readonly verdict: Verdict}

const TICK_MS = 1
const VERIFY_AT_ONCE = 500

class Writers {
  private readonly cluster: Cluster
  private readonly keys: readonly string[]
  /** By key index: the last write tried, and the last acknowledged. The loader wrote number 0. */
  private readonly tried: Int32Array
  private readonly acknowledged: Int32Array
  private readonly busy = new Set<number>()
  private latencies: number[] = []
  private failed = 0
  private failure: string | undefined
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly options: WritersOptions) {
    this.keys = keyNames(options.slots, options.keyCount)
    this.tried = new Int32Array(options.keyCount)
    this.acknowledged = new Int32Array(options.keyCount)
    this.cluster = new Cluster([{host: '127.0.0.1', port: options.seedPort}], {
      clusterRetryStrategy: () => 100,
      maxRedirections: 32,
      redisOptions: {maxRetriesPerRequest: 20},
      retryDelayOnMoved: 0,
      retryDelayOnTryAgain: 20,
    })
  }

  async open(): Promise<void> {
    await this.cluster.ping()
    // One connection per node is opened on first use; that must not count as latency.
    await Promise.all(this.cluster.nodes('master').map((node) => node.ping()))
  }

  start(): void {
    this.latencies = []
    this.failed = 0
    this.failure = undefined
    let dueMs = performance.now()
    const stepMs = 1000 / this.options.writesPerSecond
    this.timer = setInterval(() => {
      for (const nowMs = performance.now(); dueMs <= nowMs; dueMs += stepMs) this.write(dueMs)
    }, TICK_MS)
  }

  private write(dueMs: number): void {
    const index = this.freeKey()
    this.busy.add(index)
    const sequence = ++this.tried[index]!
    this.cluster
      .set(this.keys[index]!, valueOfWrite(index, sequence))
      .then(
        () => {
          this.acknowledged[index] = sequence
          this.latencies.push(performance.now() - dueMs)
        },
        (error: Error) => {
          this.failed++
          this.failure ??= error.message
        },
      )
      .finally(() => this.busy.delete(index))
  }

  private freeKey(): number {
    for (;;) {
      const index = Math.floor(Math.random() * this.keys.length)
      if (!this.busy.has(index)) return index
    }
  }

  async stop(): Promise<Traffic> {
    clearInterval(this.timer)
    while (this.busy.size > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const sorted = Float64Array.from(this.latencies).sort()
    return {
      acknowledged: sorted.length,
      failed: this.failed,
      failure: this.failure,
      maxMs: percentile(sorted, 1),
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
    }
  }

  /** Lost keys are written again, so that the next run starts whole. */
  async verify(): Promise<Verdict> {
    let lostKeys = 0
    let lostWrites = 0
    const checkKey = async (index: number): Promise<void> => {
      const key = this.keys[index]!
      const value = await this.cluster.get(key)
      if (value === null) {
        lostKeys++
        await this.cluster.set(key, valueOfWrite(index, this.tried[index]!))
        return
      }
      const sequence = sequenceOf(value)
      if (sequence < this.acknowledged[index]! || value !== valueOfWrite(index, sequence)) lostWrites++
    }
    for (let from = 0; from < this.keys.length; from += VERIFY_AT_ONCE) {
      const count = Math.min(VERIFY_AT_ONCE, this.keys.length - from)
      await Promise.all(Array.from({length: count}, (_, i) => checkKey(from + i)))
    }
    return {lostKeys, lostWrites}
  }
}

let writers: Writers | undefined

async function answer(request: WritersRequest): Promise<WritersReply> {
  if (request.kind === 'open') {
    writers = new Writers(request.options)
    await writers.open()
    return {kind: 'opened'}
  }
  if (writers === undefined) throw new Error(`${request.kind} before open`)
  switch (request.kind) {
    case 'start':
      writers.start()
      return {kind: 'started'}
    case 'stop':
      return {kind: 'stopped', traffic: await writers.stop()}
    case 'verify':
      return {kind: 'verified', verdict: await writers.verify()}
  }
}

if (process.send !== undefined) {
  process.on('message', (request: WritersRequest) => {
    void answer(request).then((reply) => process.send?.(reply))
  })
  process.on('disconnect', () => process.exit(0))
}
