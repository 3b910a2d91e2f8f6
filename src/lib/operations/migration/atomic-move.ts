import {pause} from '../../client/abort.js'
import {type AtomicDialect, type AtomicTask, classifyRefusal} from '../../client/migration/atomic.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError, type ErrorCode} from '../../kernel/errors.js'
import {rangesOf, renderRanges, slotsOf} from '../../model/slot-set.js'
import {splitIntoTasks} from '../../plan/moves/atomic-tasks.js'
import {settle} from '../settle.js'
import {type Ownership, ownership} from './atomic-ownership.js'
import {type TaskEnd, watchTask} from './atomic-watch.js'
import {type BarrierContext, epochBarrier, gossipMs} from './barrier.js'
import {busyError} from './choose-transfer.js'
import type {PairResult} from './pair.js'
import type {WindowJournal} from './types.js'

/** What an atomic move works with. */
export interface AtomicContext extends BarrierContext {
  readonly dialect: AtomicDialect
  readonly journal: WindowJournal
  /** Slots that an earlier run of the job opened: a running task of them alone is the job's own. */
  readonly reopened: ReadonlySet<number>
  /** Whether a task belongs to another pair of the job. */
  readonly isOfJob: (task: AtomicTask) => boolean
  /** Aborted: begin no more tasks. */
  readonly stop: AbortSignal
  /** Aborted: cancel the running task too; its slots stay at the source. */
  readonly cancel: AbortSignal
  /** A task without progress for so long is cancelled. Milliseconds. */
  readonly stallMs: number
  /** Bound on waiting for a node that is busy. Milliseconds. */
  readonly retryMs: number
  readonly nodeTimeoutMs: number
  /** What a slot holds, roughly. */
  readonly bytesOf: (slot: number) => number
  /** Keys of slots at a node. */
  readonly countKeys: (slots: readonly number[]) => Promise<number>
}

/** How often a task is begun that fails for what may pass by itself. */
const ATTEMPTS = 3
/** Before the second attempt; twice that before the third. The target cleans up meanwhile. */
const RETRY_PAUSE_MS = 500

/** What a refusal to begin means to the operator. */
const REFUSAL_CODES: Partial<Record<ReturnType<typeof classifyRefusal>, ErrorCode>> = {
  'open-slots': 'CLUSTER_UNHEALTHY',
  unable: 'ENVIRONMENT_LACKS',
}

/**
 * Moves slots from one primary to another by having the nodes do it, a task at a time (`splitIntoTasks`):
 *
 *   journal, epoch barrier, start > poll until it ends > who owns the slots? > journal
 *
 * What a task says of its end is never enough: after it, both nodes are asked who owns the slots. All of them are at the
 * target, or all at the source with their keys; nothing in between is seen by clients, so there is nothing to clean up.
 */
export class AtomicMove {
  private readonly done: number[] = []
  private keys = 0

  constructor(private readonly context: AtomicContext) {}

  /**
   * @param slots - ascending
   * @throws {CliError} PLAN_PARTIAL, LOCKED, CLUSTER_UNHEALTHY, UNREACHABLE; ENVIRONMENT_LACKS with `details.refusal`
   *   `unable` if the nodes cannot migrate atomically as they stand. What was moved before stays moved.
   */
  async run(slots: readonly number[]): Promise<PairResult> {
    await this.adopt(slots)
    const {atTarget} = await this.settledOwnership(slots)
    const moved = new Set([...atTarget, ...this.done])
    this.done.push(...atTarget.filter((slot) => !this.done.includes(slot)))
    const left = slots.filter((slot) => !moved.has(slot))
    for (const task of splitIntoTasks(left, this.context.bytesOf)) {
      if (this.context.stop.aborted || !(await this.moveTask(task))) break
    }
    return this.result
  }

  /** What was done so far; also after a failure. */
  get result(): PairResult {
    return {keys: this.keys, done: [...this.done].sort((a, b) => a - b), failed: []}
  }

  /** Takes up what an earlier run of the job began and did not see the end of. */
  private async adopt(slots: readonly number[]): Promise<void> {
    const {isOfJob, reopened, source, target} = this.context
    const mine = new Set(slots.filter((slot) => reopened.has(slot)))
    const isMine = (task: AtomicTask) =>
      task.from === source.id && task.to === target.id && slotsOf(task.slots).every((slot) => mine.has(slot))
    const running = await this.runningTasks()
    for (const {end, tasks} of running) {
      const foreign = tasks.filter((task) => !isMine(task) && !isOfJob(task))
      if (foreign.length > 0) throw busyError(end.name, foreign)
    }
    const driven = running.find(({end}) => end === this.drivenEnd)?.tasks ?? []
    for (const task of driven.filter(isMine)) await this.finish(slotsOf(task.slots), await this.watch(task.name))
  }

  private get drivenEnd() {
    const {dialect, source, target} = this.context
    return dialect.drivenAt === 'source' ? source : target
  }

  private runningTasks() {
    const {dialect, source, target} = this.context
    return Promise.all(
      [source, target].map(async (end) => ({
        end,
        tasks: (await dialect.list(end.wire)).filter(({phase}) => phase === 'running'),
      })),
    )
  }

  /** @returns false if it was cancelled by the operator */
  private async moveTask(slots: readonly number[]): Promise<boolean> {
    const {emit, journal, source, target} = this.context
    const record = {from: source.id, to: target.id, slots: renderRanges(rangesOf(slots))}
    await journal.opening(record)
    emit({event: 'window-open', ...record})
    for (let attempt = 1; ; attempt++) {
      await epochBarrier(this.context, gossipMs(this.context.nodeTimeoutMs))
      const name = await this.start(slots)
      const end: TaskEnd = name === undefined ? {kind: 'unknown'} : await this.watch(name)
      if (await this.finish(slots, end)) return true
      if (this.context.cancel.aborted) return false
      await this.requireRetry(slots, end, attempt)
    }
  }

  private watch(name: string): Promise<TaskEnd> {
    return watchTask(this.context, name)
  }

  /** @returns the task's name; undefined if the node shows none */
  private async start(slots: readonly number[]): Promise<string | undefined> {
    const {cancel, dialect, retryMs} = this.context
    const ranges = rangesOf(slots)
    const deadline = performance.now() + retryMs
    for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, 1000)) {
      try {
        return await dialect.start(this.context, ranges)
      } catch (error) {
        if (!(error instanceof NodeReplyError)) throw error
        // The node had another task a moment ago: its own end of one that is done elsewhere, mostly.
        const isBusy = classifyRefusal(error.message) === 'busy' && !cancel.aborted
        if (!isBusy || performance.now() + waitMs > deadline) throw await this.refusal(error, ranges)
        await pause(waitMs, cancel)
      }
    }
  }

  private async refusal({message}: NodeReplyError, ranges: ReturnType<typeof rangesOf>): Promise<CliError> {
    const {source, target} = this.context
    const refusal = classifyRefusal(message)
    if (refusal === 'busy') {
      const busy = (await this.runningTasks()).find(({tasks}) => tasks.length > 0)
      if (busy) return busyError(busy.end.name, busy.tasks)
    }
    return new CliError(
      REFUSAL_CODES[refusal] ?? 'PLAN_PARTIAL',
      `${this.drivenEnd.name} does not move slots ${renderRanges(ranges)} from ${source.name} to ${target.name}: ${message}`,
      {
        details: {nodeId: this.drivenEnd.id, refusal, slots: renderRanges(ranges)},
        suggestions: refusal === 'unable' ? ['--transfer migrate'] : [],
      },
    )
  }

  /**
   * Books what the target owns after a task.
   *
   * @returns whether that is all of it
   * @throws {CliError} PLAN_PARTIAL if a part went, or the task cannot be ended
   */
  private async finish(slots: readonly number[], end: TaskEnd): Promise<boolean> {
    const {countKeys, emit, journal, source, target} = this.context
    const text = renderRanges(rangesOf(slots))
    if (end.kind === 'running') {
      throw new CliError(
        'PLAN_PARTIAL',
        `the nodes go on moving slots ${text}, which could not be cancelled: ${end.message}`,
      )
    }
    const {atTarget} = await this.settledOwnership(slots, end.kind === 'done')
    if (atTarget.length === 0) return false
    if (end.kind === 'failed') {
      emit({event: 'warning', message: `slots ${text} are at ${target.name}, but ${source.name} says: ${end.message}`})
    }
    const keys = await countKeys(atTarget)
    const record = {from: source.id, to: target.id, slots: renderRanges(rangesOf(atTarget))}
    await journal.done({...record, keys})
    this.keys += keys
    this.done.push(...atTarget)
    emit({event: 'progress', from: source.id, to: target.id, keys, slots: atTarget.length})
    emit({event: 'window-done', ...record, keys})
    if (atTarget.length === slots.length) return true
    throw new CliError('PLAN_PARTIAL', `of slots ${text}, only ${record.slots} came to ${target.name}`, {
      details: {slots: text, moved: record.slots},
    })
  }

  /**
   * Waits until source and target say the same about each slot.
   *
   * @param mustMove - wait until all are at the target
   * @throws {CliError} NODES_DISAGREE
   */
  private async settledOwnership(slots: readonly number[], mustMove = false): Promise<Ownership> {
    const {dialect, nodeTimeoutMs, source, target} = this.context
    const look = () => ownership(dialect, source, target, slots)
    const judge = (state: Ownership) =>
      mustMove && state.atSource.length > 0
        ? [...state.problems, `${source.name} still owns slots ${renderRanges(rangesOf(state.atSource))}`]
        : state.problems
    const {problems, state} = await settle(look, judge, {timeoutMs: gossipMs(nodeTimeoutMs)})
    if (problems.length === 0) return state
    throw new CliError('NODES_DISAGREE', problems.join('; '), {details: {problems}})
  }

  /** @throws {CliError} PLAN_PARTIAL unless it may be tried again, which it is after a while */
  private async requireRetry(slots: readonly number[], end: TaskEnd, attempt: number): Promise<void> {
    const {cancel, emit, source, target} = this.context
    const text = `slots ${renderRanges(rangesOf(slots))} stay at ${source.name}`
    const reason =
      end.kind === 'failed' ? end.message : end.kind === 'cancelled' ? 'somebody cancelled it' : 'its task is unknown'
    const refusal = classifyRefusal(reason)
    const passes = end.kind !== 'cancelled' && (refusal === 'other' || refusal === 'busy')
    if (!passes || attempt >= ATTEMPTS || /^no progress/.test(reason)) {
      throw new CliError(REFUSAL_CODES[refusal] ?? 'PLAN_PARTIAL', `${text}: ${reason}`, {
        details: {nodeId: source.id, targetId: target.id, refusal, slots: renderRanges(rangesOf(slots))},
        suggestions: refusal === 'unable' ? ['--transfer migrate'] : [],
      })
    }
    emit({event: 'warning', message: `${text}, tried again: ${reason}`})
    await pause(RETRY_PAUSE_MS * attempt, cancel).catch(() => undefined)
  }
}
