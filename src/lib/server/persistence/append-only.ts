import {AofOutput} from '../../protocol/aof/output.js'
import type {BytesArgument, RunSink} from '../propagation/propagation.js'
import {ReplyError} from '../reply-error.js'
import {SERVER_DISK_FULL, type Server} from '../server.js'
import {type AppendOnlyEffects, appendOnlyEffects} from './append-only-effects.js'

/** After as many rewrites that failed the next ones wait, for a minute first, twice as long each time. */
const FAILURES_MAX = 3
const DELAY_FIRST_MS = 60_000
const DELAY_MAX_MS = 60 * 60_000

/** Of a command that is many in one: if the file ends within it, all of it is left out. */
const RUN_BYTES_MAX = 16 * 1024

const NOTHING = new Uint8Array(0)

const IS_REWRITING = 'ERR Background append only file rewriting already in progress'

/**
 * The append-only file as the server sees it (wire.md 4): what commands change gathers here, which the shell writes
 * and makes durable as `appendfsync` says.
 *
 *     off --CONFIG SET appendonly yes--> waiting --the first rewrite has ended--> on
 *
 * While it waits, only what comes after the rewrite has begun is gathered.
 */
export class AppendOnly implements RunSink {
  state: 'off' | 'waiting' | 'on' = 'off'
  /** Of all files to be loaded; bytes. */
  currentBytes = 0
  /** The same when the last rewrite ended. */
  baseBytes = 0
  /** When the rewrite under way was asked for; unix milliseconds; 0 = none is. */
  rewriteStartedMs = 0
  /** A rewrite is to be begun as soon as nothing else is under way. */
  isScheduled = false
  /** Of the last rewrite, in seconds; -1: there was none. */
  lastRewriteSeconds = -1
  /**
   * Per cent that the file may grow beyond what is set before it is rewritten by itself: nodes that take the same changes
   * would all come to that in the same moment.
   */
  headroom = 0
  isRewriteOk = true
  rewrites = 0
  /** Rewrites that failed since the last one that did not. */
  failures = 0
  /** Why the file cannot be written; undefined: it can. */
  writeError: string | undefined = undefined
  /** Of commands that write, while it cannot be written. */
  refusal: string | undefined = undefined
  /** Times that a write could not wait any longer for the disk. */
  delayedSyncs = 0
  pendingSyncs = 0
  /** Of all changes there ever were, bytes that the shell has taken. Only grows. */
  takenBytes = 0
  /** As many of them are safe with the disk; where `appendfsync` is `no`, with the kernel. */
  keptBytes = 0

  private readonly server: Server
  /** Changes are gathered. */
  private isGathering = false
  private out: AofOutput | undefined = undefined
  /** Arguments of the command that goes on with each one more of its name: what comes before them is not said again. */
  private readonly run = new AofOutput(undefined)
  private runName = ''
  private runCount = 0
  /** Database that it is in; -1: to be said anew. */
  private selected = -1
  /** Of the last annotation. */
  private stampSeconds = 0
  private retryMs = 0
  private retryDelayMs = 0

  constructor(server: Server) {
    this.server = server
    server.config.onChange((changed) => {
      // What has been gathered is under the new policy at once.
      if (changed.has('appendfsync') && this.state !== 'off') this.effects.appendSoon()
      return changed.has('appendonly') ? this.applySetting() : undefined
    })
  }

  get isRewriting(): boolean {
    return this.rewriteStartedMs !== 0
  }

  /** Bytes that the shell has not yet taken. */
  get gatheredBytes(): number {
    this.endRun()
    return this.out?.position ?? 0
  }

  /** A change, which the shell is to write. */
  feed(database: number, argv: readonly string[]): void {
    this.outputFor(database).commandOf(argv)
  }

  feedArgument(name: string, argument: string): void {
    this.beginRun(name)
    this.run.argument(argument)
  }

  feedBytes(name: string, {length, room}: BytesArgument): void {
    this.beginRun(name)
    this.run.argumentBytes(room, length)
  }

  /** An argument of this command follows. */
  private beginRun(name: string): void {
    if (name !== this.runName || this.run.position > RUN_BYTES_MAX || this.server.config.values.aofTimestampEnabled) {
      this.outputFor(0)
      this.runName = name
    }
    this.runCount++
  }

  private endRun(): void {
    if (this.runCount === 0) return
    const {run, runCount, runName} = this
    const out = this.out!
    out.head(runCount + 1)
    out.argument(runName)
    out.rawBytes(run.written())
    run.forget()
    this.runName = ''
    this.runCount = 0
  }

  private outputFor(database: number): AofOutput {
    const {server} = this
    this.endRun()
    this.out ??= new AofOutput(undefined)
    const {out} = this
    if (out.position === 0) this.effects.appendSoon()
    if (server.config.values.aofTimestampEnabled) this.stamp(out, Math.floor(server.state.nowMs / 1000))
    if (database !== -1 && database !== this.selected) {
      this.selected = database
      out.command('SELECT', String(database))
    }
    return out
  }

  private stamp(out: AofOutput, unixSeconds: number): void {
    if (unixSeconds <= this.stampSeconds) return
    this.stampSeconds = unixSeconds
    out.raw(`#TS:${unixSeconds}\r\n`)
  }

  /** What has been gathered; good until the next `feed`. The shell says `taken` when it has all of it. */
  gathered(): Uint8Array {
    this.endRun()
    return this.out?.written() ?? NOTHING
  }

  taken(): void {
    this.takenBytes += this.gatheredBytes
    this.out?.forget()
  }

  /** The file is open, and what the data are is in it. */
  begin(currentBytes: number, baseBytes: number): void {
    this.currentBytes = currentBytes
    this.baseBytes = baseBytes
    this.state = 'on'
    this.gather(true)
  }

  private gather(isGathering: boolean): void {
    this.isGathering = isGathering
    this.server.state.propagation.setAof(isGathering ? this : undefined)
  }

  /** The shell goes on in another file: one that has to name its database. Everything before must have been taken. */
  beginPart(): void {
    this.selected = -1
    if (this.state !== 'off') this.gather(true)
  }

  /** The file could not be written, or can be again. */
  noteWrite(error: string | undefined): void {
    if (error === this.writeError) return
    const {server} = this
    this.writeError = error
    if (error === undefined) {
      this.refusal = undefined
      server.special &= ~SERVER_DISK_FULL
      server.effects.log('warning', 'AOF write error looks solved, Redis can write again.')
    } else {
      this.refusal = `MISCONF Errors writing to the AOF file: ${error}`
      server.special |= SERVER_DISK_FULL
      server.effects.log('warning', `Error writing to the AOF file: ${error}`)
    }
  }

  /** BGREWRITEAOF. @param mustWait - it is a part of something larger @returns the answer @throws ReplyError */
  request(mustWait: boolean): string {
    if (this.isRewriting) throw new ReplyError(IS_REWRITING)
    if (mustWait || this.server.saving.isRunning) {
      this.isScheduled = true
      this.failures = 0
      return 'Background append only file rewriting scheduled'
    }
    const error = this.effects.appendFolderError()
    if (error !== undefined) {
      this.server.effects.log('warning', error)
      const text = "Can't execute an AOF background rewriting. Please check the server logs for more information."
      throw new ReplyError(`ERR ${text}`)
    }
    this.startRewrite()
    return 'Background append only file rewriting started'
  }

  private startRewrite(): void {
    this.isScheduled = false
    this.rewriteStartedMs = this.server.effects.nowMs()
    this.rewrites++
    this.server.effects.log('notice', 'Background append only file rewriting started')
    this.effects.rewriteAppendOnly()
  }

  /** @param baseBytes - of all files to be loaded, if it did not fail @param error - why it did */
  finishRewrite(baseBytes: number, error?: string): void {
    const {effects} = this.server
    const nowMs = effects.nowMs()
    this.lastRewriteSeconds = Math.floor((nowMs - this.rewriteStartedMs) / 1000)
    this.rewriteStartedMs = 0
    this.isRewriteOk = error === undefined
    if (error === undefined) {
      this.failures = 0
      this.retryDelayMs = 0
      // One that had begun before it was turned on does not count.
      if (this.state === 'waiting' && this.isGathering) this.state = 'on'
      if (this.state === 'on') {
        this.baseBytes = baseBytes
        this.currentBytes = baseBytes
      }
      effects.log('notice', 'Background AOF rewrite finished successfully')
      return
    }
    this.failures++
    if (this.failures >= FAILURES_MAX) {
      this.retryDelayMs = Math.min(DELAY_MAX_MS, this.retryDelayMs * 2 || DELAY_FIRST_MS)
      this.retryMs = nowMs + this.retryDelayMs
    }
    effects.log('warning', `Background AOF rewrite failed: ${error}`)
    if (this.state !== 'waiting') return
    // Without a base what was gathered is of no use.
    this.gather(false)
    this.taken()
    this.isScheduled = true
  }

  private applySetting(): string | undefined {
    const {config, effects} = this.server
    if (!config.values.appendonly) {
      if (this.state !== 'off') this.stop()
      return undefined
    }
    if (this.state !== 'off') return undefined
    const error = this.effects.appendFolderError()
    if (error === undefined) {
      this.turnOn()
      return undefined
    }
    effects.log('warning', error)
    return 'Unable to turn on AOF. Check server logs.'
  }

  private turnOn(): void {
    this.state = 'waiting'
    this.noteWrite(undefined)
    if (this.isRewriting || this.server.saving.isRunning) this.isScheduled = true
    else this.startRewrite()
  }

  /** What is gathered is written first. */
  private stop(): void {
    this.state = 'off'
    this.isScheduled = false
    this.rewriteStartedMs = 0
    this.gather(false)
    this.effects.stopAppending()
    this.taken()
    this.noteWrite(undefined)
  }

  /** All data have been replaced by others: the file begins anew with them. */
  restart(): void {
    if (this.state === 'off') return
    this.stop()
    this.turnOn()
  }

  /** Every 100 ms. */
  cron(nowMs: number): void {
    const {config, effects, isLoading, saving} = this.server
    if (this.state !== 'off') this.effects.appendLate(nowMs)
    if (this.isRewriting || saving.isRunning || isLoading || nowMs < this.retryMs) return
    if (this.isScheduled) {
      this.startRewrite()
      return
    }
    const {autoAofRewriteMinSize, autoAofRewritePercentage} = config.values
    if (this.state !== 'on' || autoAofRewritePercentage === 0) return
    // As if it were smaller: of what is set, both the size and the growth are meant.
    const countedBytes = (this.currentBytes * 100) / (100 + this.headroom)
    if (countedBytes <= autoAofRewriteMinSize) return
    const growth = Math.floor((countedBytes * 100) / (this.baseBytes || 1)) - 100
    if (growth < autoAofRewritePercentage) return
    effects.log('notice', `Starting automatic rewriting of AOF on ${growth}% growth`)
    this.startRewrite()
  }

  private get effects(): AppendOnlyEffects {
    return appendOnlyEffects(this.server)
  }
}
