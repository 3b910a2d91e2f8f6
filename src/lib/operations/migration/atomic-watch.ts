import {pause} from '../../client/abort.js'
import {parseInfo} from '../../client/cluster-nodes.js'
import type {AtomicDialect, AtomicTask} from '../../client/migration/atomic.js'
import type {Wire} from '../../client/migration/wire.js'
import {renderRanges} from '../../model/slot-set.js'
import type {Emit, Endpoint} from './types.js'

/** How one task came to its end, as far as the nodes tell; who owns its slots is another question. */
export type TaskEnd =
  | {readonly kind: 'done' | 'cancelled'}
  /** For good, or cancelled since it did not get on. */
  | {readonly kind: 'failed'; readonly message: string}
  /** The node does not know the task any more. */
  | {readonly kind: 'unknown'}
  /** It runs on, and could not be cancelled. */
  | {readonly kind: 'running'; readonly message: string}

export interface WatchTask {
  readonly dialect: AtomicDialect
  readonly source: Endpoint
  readonly target: Endpoint
  readonly emit: Emit
  /** Aborted: cancel the task, unless it is handing over, which ends by itself within seconds. */
  readonly cancel: AbortSignal
  /** It is cancelled after so long without progress. Milliseconds. */
  readonly stallMs: number
}

/** A poll costs the node little; still it should not do it all the time. Milliseconds. */
const POLL_MS_MIN = 20
const POLL_MS_MAX = 500
/** Part of the time that may go into polling. */
const POLL_SHARE = 0.2

/** What was cancelled should have ended by then. Milliseconds. */
const CANCEL_MS = 15_000

/** The target's memory grows by so much at least, for it to be progress. Bytes. */
const MEMORY_STEP = 1024 * 1024

/**
 * Polls a task until it ends, shows its states, and cancels it when told to or when it stands still.
 *
 * Progress is a state that was not seen before, or data that arrives: some states last as long as the slots are big, and
 * tell nothing meanwhile. A server that fails and tries again by itself goes through the same states again, which is none.
 */
export async function watchTask(watch: WatchTask, name: string): Promise<TaskEnd> {
  const {cancel, dialect, stallMs} = watch
  const seen = new Set<string>()
  let memory = 0
  let progressAt = performance.now()
  let stalled = false
  let cancelledAt: number | undefined
  let shown: AtomicTask | undefined
  for (;;) {
    const askedAt = performance.now()
    const [task, used] = await Promise.all([dialect.poll(watch, name), usedMemory(watch.target.wire)])
    if (!task) return {kind: 'unknown'}
    show(watch, task, shown)
    shown = task
    const now = performance.now()
    if (!seen.has(task.mark) || used > memory + MEMORY_STEP) progressAt = now
    seen.add(task.mark)
    memory = Math.max(memory, used)
    // Once it was given up, its end is no progress any more.
    stalled ||= now - progressAt > stallMs
    if (task.phase === 'done') return {kind: 'done'}
    if (task.phase === 'cancelled' && !stalled) return {kind: 'cancelled'}
    if (task.phase !== 'running') return {kind: 'failed', message: stalled ? stallText(task, stallMs) : reasonOf(task)}
    if (cancelledAt !== undefined && now - cancelledAt > CANCEL_MS) return {kind: 'running', message: reasonOf(task)}
    if (cancelledAt === undefined && (stalled || cancel.aborted) && !task.handingOver) {
      cancelledAt = now
      await askToEnd(watch, task)
    }
    // Once the signal is aborted it would wake every wait.
    const wake = cancelledAt === undefined && !task.handingOver ? cancel : undefined
    await wait(Math.min(POLL_MS_MAX, Math.max(POLL_MS_MIN, (now - askedAt) / POLL_SHARE)), wake)
  }
}

async function askToEnd({dialect, emit, source, target}: WatchTask, task: AtomicTask): Promise<void> {
  const others = await dialect.cancel({source, target}, task.name)
  if (others.length === 0) return
  const slots = others.map((other) => renderRanges(other.slots)).join(', ')
  const message = `slots ${renderRanges(task.slots)} go on: cancelling them at ${source.name} would cancel ${slots} too`
  emit({event: 'warning', message})
}

function show({emit, source, target}: WatchTask, task: AtomicTask, before: AtomicTask | undefined): void {
  const slots = renderRanges(task.slots)
  if (task.state !== before?.state) {
    emit({event: 'task', from: source.id, to: target.id, slots, task: task.name, state: task.state})
  }
  if (task.retries > (before?.retries ?? 0)) {
    emit({event: 'warning', message: `slots ${slots} are tried again by the server: ${reasonOf(task)}`})
  }
}

function reasonOf({message, state}: AtomicTask): string {
  return message === '' ? `in state ${state}` : message
}

function stallText(task: AtomicTask, stallMs: number): string {
  return `no progress for ${stallMs} ms, ${reasonOf(task)}`
}

async function usedMemory(wire: Wire): Promise<number> {
  const [reply] = await wire.send([['INFO', 'memory']])
  return typeof reply === 'string' ? Number(parseInfo(reply).get('used_memory') ?? 0) : 0
}

/** Waits, or not so long if the signal comes. */
async function wait(ms: number, wake: AbortSignal | undefined): Promise<void> {
  await pause(ms, wake).catch(() => undefined)
}
