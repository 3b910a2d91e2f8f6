import {interrupted, pause} from '../../client/abort.js'
import {redirectionOf} from '../../client/migration/legacy.js'
import type {WireReply} from '../../client/migration/reply-reader.js'
import type {Wire, WireCommand} from '../../client/migration/wire.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError, messageOf} from '../../kernel/errors.js'
import {renderAddress} from '../../model/address.js'
import {BatchQueue, type QueuedTask} from './batch-queue.js'
import type {Destination, SlotTable} from './slot-table.js'

export interface KeyRouterOptions {
  readonly table: SlotTable
  readonly connect: (to: Destination) => Promise<Wire>
  /** How long a command may meet nodes that are away, loading or of two minds. Milliseconds. */
  readonly retryMs: number
  /** Aborted: nothing more is sent; what was sent is waited for, but not for long. */
  readonly signal?: AbortSignal | undefined
}

/** Batches per node that are on their way at a time: enough to hide the way, few enough to keep the node responsive. */
const IN_FLIGHT_MAX = 3
/** Nothing is sent after a big key before it is through: strings end at 512 MiB. */
const IN_FLIGHT_BYTES_MAX = 4 * 1024 * 1024

/** Redirections followed at once; a slot that sends us round in circles is waited for. */
const HOPS_MAX = 4

/** How long what was sent is waited for once it is over: a node that hangs must not hold up Ctrl-C. Milliseconds. */
const LAST_ANSWERS_MS = 2000

const BACKOFF_MS_MIN = 50
const BACKOFF_MS_MAX = 1000

/** Replies that may pass by themselves: ask again shortly. */
const TRANSIENT = /^(?:TRYAGAIN|CLUSTERDOWN|LOADING|MASTERDOWN|READONLY|BUSY|IOERR|NOREPLICAS)\b/

interface Task extends QueuedTask {
  readonly slot: number
  readonly commands: readonly WireCommand[]
  /** Sent with ASKING before each command. */
  asking: boolean
  hops: number
  /** When it first met trouble. */
  since: number | undefined
  resolve(replies: WireReply[]): void
  reject(error: Error): void
}

interface Lane {
  readonly to: Destination
  readonly queue: BatchQueue<Task>
  wire: Promise<Wire> | undefined
  inFlight: number
  inFlightBytes: number
  scheduled: boolean
}

/**
 * Sends commands on keys to whoever serves their slots: in batches, to many nodes side by side, following MOVED and ASK,
 * repeating what a node could not do just now or what a lost connection left without an answer.
 *
 * A task is therefore run once or more, and all its commands together: it must be safe to repeat.
 *
 *     queued at the owner --> sent --> answered
 *        ^   ^                 |  |
 *        |   +-- MOVED, ASK ---+  +-- TRYAGAIN, LOADING, CLUSTERDOWN, connection lost
 *        |                                  |
 *        +------ slots looked up anew <-- waiting, 50 ms .. 1 s, `retryMs` at most in all
 */
export class KeyRouter {
  private readonly lanes = new Map<string, Lane>()
  private readonly waiting: Task[] = []
  private retrying = false
  private failure: Error | undefined
  private inFlight = 0
  private readonly idlers: (() => void)[] = []
  private hangUp: NodeJS.Timeout | undefined

  constructor(private readonly options: KeyRouterOptions) {
    options.signal?.addEventListener('abort', this.onAbort, {once: true})
    if (options.signal?.aborted) this.onAbort()
  }

  /**
   * @param commands - on keys of the slot, safe to repeat all together
   * @param bytes - about what they take
   * @returns one reply per command; errors but redirections and transient ones in their place
   * @throws {CliError} UNREACHABLE, TIMED_OUT or CLUSTER_UNHEALTHY if trouble lasts longer than `retryMs`; AUTH_FAILED;
   *   INTERRUPTED; whatever `stop` was given
   */
  send(slot: number, commands: readonly WireCommand[], bytes: number): Promise<WireReply[]> {
    if (this.failure) return Promise.reject(this.failure)
    return new Promise((resolve, reject) => {
      this.enqueue({slot, commands, bytes, asking: false, hops: 0, since: undefined, resolve, reject})
    })
  }

  /** Who serves a slot, for messages. */
  ownerName(slot: number): string {
    const owner = this.options.table.ownerOf(slot)
    return owner ? renderAddress(owner.address) : `the owner of slot ${slot}`
  }

  /** Sends nothing more: what waits is rejected, what was sent is answered as it comes. The first reason counts. */
  stop(reason: Error): void {
    if (this.failure) return
    this.failure = reason
    for (const task of this.waiting.splice(0)) task.reject(reason)
    for (const {queue} of this.lanes.values()) for (const task of queue.takeAll()) task.reject(reason)
  }

  /** Resolves once nothing is on its way. */
  idle(): Promise<void> {
    if (this.inFlight === 0) return Promise.resolve()
    return new Promise((resolve) => this.idlers.push(resolve))
  }

  /** Drops all connections at once. Closing twice is safe. */
  close(): void {
    this.options.signal?.removeEventListener('abort', this.onAbort)
    this.stop(new CliError('UNREACHABLE', 'the connections are closed'))
    this.dropWires()
  }

  private readonly onAbort = (): void => {
    this.stop(interrupted())
    this.hangUp = setTimeout(() => this.dropWires(), LAST_ANSWERS_MS)
  }

  private enqueue(task: Task, to = this.options.table.ownerOf(task.slot)): void {
    if (this.failure) {
      task.reject(this.failure)
      return
    }
    if (!to) {
      this.wait(task, new CliError('CLUSTER_UNHEALTHY', `slot ${task.slot} has no owner`))
      return
    }
    const lane = this.laneTo(to)
    lane.queue.push(task)
    if (lane.scheduled) return
    // What is asked for in one turn of the event loop goes out together.
    lane.scheduled = true
    setImmediate(() => {
      lane.scheduled = false
      this.pump(lane)
    })
  }

  private laneTo(to: Destination): Lane {
    const name = renderAddress(to.address)
    let lane = this.lanes.get(name)
    if (!lane) {
      lane = {to, queue: new BatchQueue(), wire: undefined, inFlight: 0, inFlightBytes: 0, scheduled: false}
      this.lanes.set(name, lane)
    }
    return lane
  }

  private pump(lane: Lane): void {
    while (lane.inFlight < IN_FLIGHT_MAX && lane.inFlightBytes < IN_FLIGHT_BYTES_MAX && lane.queue.length > 0) {
      const batch = lane.queue.take()
      const bytes = batch.reduce((sum, task) => sum + task.bytes, 0)
      lane.inFlight++
      lane.inFlightBytes += bytes
      this.inFlight++
      void this.sendBatch(lane, batch).then(() => {
        lane.inFlight--
        lane.inFlightBytes -= bytes
        this.pump(lane)
        if (--this.inFlight === 0) for (const resolve of this.idlers.splice(0)) resolve()
      })
    }
  }

  /** Never throws: every task is answered, rejected, or queued again. */
  private async sendBatch(lane: Lane, batch: readonly Task[]): Promise<void> {
    let replies: WireReply[]
    lane.wire ??= this.options.connect(lane.to)
    const opening = lane.wire
    try {
      replies = await (await opening).send(batch.flatMap(wireCommands))
    } catch (error) {
      // Other batches on this connection fail as well; the first of them opens the next one.
      if (lane.wire === opening) this.dropWire(lane)
      this.onLost(batch, error)
      return
    }
    let at = 0
    for (const task of batch) {
      const width = task.asking ? 2 : 1
      const answers = task.commands.map((_, index) => replies[at + index * width + width - 1] as WireReply)
      at += task.commands.length * width
      this.onAnswers(lane, task, answers)
    }
  }

  private onAnswers(lane: Lane, task: Task, answers: WireReply[]): void {
    for (const answer of answers) {
      if (!(answer instanceof NodeReplyError)) continue
      const redirection = redirectionOf(answer)
      if (redirection) {
        const to = this.options.table.resolve(redirection.to, lane.to)
        if (redirection.kind === 'MOVED') this.options.table.moved(task.slot, to)
        task.asking = redirection.kind === 'ASK'
        if (++task.hops <= HOPS_MAX) this.enqueue(task, to)
        else this.wait(task, new CliError('CLUSTER_UNHEALTHY', `slot ${task.slot} is redirected in circles`))
        return
      }
      if (TRANSIENT.test(answer.message)) {
        const name = renderAddress(lane.to.address)
        this.wait(task, new CliError('CLUSTER_UNHEALTHY', `${name} answers: ${answer.message}`))
        return
      }
    }
    task.resolve(answers)
  }

  /** Some of the commands may have run. */
  private onLost(batch: readonly Task[], error: unknown): void {
    const isPassing = error instanceof CliError && (error.code === 'UNREACHABLE' || error.code === 'TIMED_OUT')
    if (!isPassing) {
      const reason = error instanceof Error ? error : new Error(messageOf(error))
      for (const task of batch) task.reject(reason)
      this.stop(reason)
      return
    }
    for (const task of batch) this.wait(task, error)
  }

  /** Tries the task again later, unless it has had its time. */
  private wait(task: Task, why: CliError): void {
    const now = performance.now()
    task.since ??= now
    task.asking = false
    task.hops = 0
    if (this.failure || now - task.since > this.options.retryMs) {
      const reason = this.failure ?? why
      task.reject(reason)
      this.stop(reason)
      return
    }
    this.waiting.push(task)
    void this.retryLater()
  }

  private async retryLater(): Promise<void> {
    if (this.retrying) return
    this.retrying = true
    try {
      while (this.waiting.length > 0 && !this.failure) {
        await pause(this.backoffMs(), this.options.signal)
        await this.options.table.refresh(this.options.signal)
        for (const task of this.waiting.splice(0)) this.enqueue(task)
      }
    } catch (error) {
      this.stop(error instanceof Error ? error : interrupted())
    } finally {
      this.retrying = false
    }
  }

  /** Longer, the longer the trouble lasts. */
  private backoffMs(): number {
    const since = Math.min(...this.waiting.map((task) => task.since ?? 0))
    return Math.min(BACKOFF_MS_MAX, Math.max(BACKOFF_MS_MIN, (performance.now() - since) / 4))
  }

  private dropWires(): void {
    clearTimeout(this.hangUp)
    for (const lane of this.lanes.values()) this.dropWire(lane)
  }

  private dropWire(lane: Lane): void {
    lane.wire?.then(
      (wire) => wire.close(),
      () => undefined,
    )
    lane.wire = undefined
  }
}

function wireCommands({asking, commands}: Task): readonly WireCommand[] {
  return asking ? commands.flatMap((command): WireCommand[] => [['ASKING'], command]) : commands
}
