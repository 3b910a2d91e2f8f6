import {randomUUID} from 'node:crypto'
import {interrupted} from '../../client/abort.js'
import {CliError, messageOf} from '../../kernel/errors.js'
import {countSlots, rangesOf, renderRanges, slotsOf} from '../../model/slot-set.js'
import type {Move, MovePlan} from '../../plan/moves/reshard-document.js'
import {remainingMoves} from '../../plan/moves/reshard-resume.js'
import {withReplicas} from '../../plan/moves/successor.js'
import {requireHealthy} from '../fitness.js'
import type {Journal} from '../journal.js'
import type {ObservedCluster} from '../observe.js'
import {chooseTransfers} from './choose-transfer.js'
import {connectionName, fencedPrefix, fenceOff} from './fence.js'
import {type LockHandle, lockOwner, mayTakeOver, takeLock} from './lock.js'
import {mendOpenSlots, ownMoves, recover} from './recovery.js'
import {type Doubts, type MoveOptions, runMoves} from './run-moves.js'
import type {Emit} from './types.js'
import {countAtTargets, splitTargets, stuckReplicas, verifyMoves} from './verify.js'
import {WirePool} from './wires.js'

export interface JobResult {
  readonly job: string
  readonly state: 'finished'
  readonly slotsMoved: number
  readonly keysMoved: number
  /** Keys in the moved slots at the end; clients may have added and removed some meanwhile. */
  readonly keysAtTarget: number
  readonly durationMs: number
  readonly warnings: readonly string[]
}

export interface RunJob {
  readonly cluster: ObservedCluster
  readonly plan: MovePlan
  /** Opens the job's file; called once the cluster is known to be fit and the lock is held. */
  readonly openJournal: () => Promise<Journal>
  readonly jobId: string
  readonly options: MoveOptions
  readonly emit: Emit
  /** Ctrl-C: finish the open windows, open no more. Whoever cannot wait may end the process: the journal is enough. */
  readonly stop: AbortSignal
}

/**
 * Carries out a plan, or what is left of it: lock, preflight, move, verify. Running it again continues where it was. If a
 * primary fails over meanwhile, it goes on with whoever took its place.
 *
 * @throws {CliError} LOCKED, CLUSTER_UNHEALTHY, NODES_DISAGREE before anything is changed; PLAN_PARTIAL or INTERRUPTED
 *   with what remains and how to resume after that
 */
export async function runJob(job: RunJob): Promise<JobResult> {
  const start = performance.now()
  const {cluster, emit} = job
  const plan = withReplicas(job.plan, cluster.view)
  const warnings: string[] = []
  const warn = (message: string) => {
    warnings.push(message)
    emit({event: 'warning', message})
  }
  const lock = await takeLock(cluster, lockOwner(job.jobId), mayTakeOver(job.jobId), warn)
  let journal: Journal | undefined
  try {
    // The plan may have been looked at for long before it was confirmed, and another job may have ended meanwhile.
    await cluster.observe(job.stop)
    const view = await mendOpenSlots(cluster, plan)
    requireHealthy(view, ownMoves(view, plan))
    const moves = remainingMoves(view, plan)
    if (job.options.transfer === 'atomic') await requireAtomic(cluster, moves)
    journal = await job.openJournal()
    const totals = await runRounds({...job, plan}, moves, journal, lock)
    for (const message of [...stuckReplicas(cluster.view, plan), ...splitTargets(cluster.view, plan)]) warn(message)
    await journal.finished()
    const durationMs = Math.round(performance.now() - start)
    return {job: job.jobId, state: 'finished', ...totals, durationMs, warnings}
  } catch (error) {
    throw journal ? await stopError({...job, plan}, journal, error) : error
  } finally {
    await lock?.release()
    await journal?.close()
  }
}

type Totals = Pick<JobResult, 'keysAtTarget' | 'keysMoved' | 'slotsMoved'>

/** Rounds in a row that bring nothing nearer to its target, before the job stops. */
const FRUITLESS_ROUNDS_MAX = 3

/** Moves and verifies; after a failover, what is left of it, again. */
async function runRounds(
  job: RunJob,
  first: readonly Move[],
  journal: Journal,
  lock: LockHandle | undefined,
): Promise<Totals> {
  const doubts: Doubts = new Map()
  const totals = {slotsMoved: 0, keysMoved: 0}
  let moves = first
  for (let fruitless = 0; ; fruitless++) {
    const before = totals.slotsMoved + totals.keysMoved
    try {
      const keysAtTarget = await runRound(job, moves, {doubts, journal, lock, totals})
      // Some slots may have been handed over by a round that failed, and all are where they should be.
      return {slotsMoved: slotCountOf(first), keysMoved: totals.keysMoved, keysAtTarget}
    } catch (error) {
      if (totals.slotsMoved + totals.keysMoved > before) fruitless = 0
      if (fruitless >= FRUITLESS_ROUNDS_MAX) throw error
      moves = await recover(job, moves, error)
    }
  }
}

interface Round {
  readonly doubts: Doubts
  readonly journal: Journal
  readonly lock: LockHandle | undefined
  readonly totals: {slotsMoved: number; keysMoved: number}
}

/** @returns keys in the moved slots */
async function runRound(
  {cluster, emit, jobId, options, plan, stop}: RunJob,
  moves: readonly Move[],
  {doubts, journal, lock, totals}: Round,
): Promise<number> {
  const wires = new WirePool(cluster, connectionName(jobId, randomUUID()))
  try {
    const ends = moves.flatMap(({from, to}) => [from, to])
    const unfenced = await fenceOff(wires, ends, fencedPrefix(jobId, lock !== undefined))
    const {errors, keys, slots} = await runMoves({
      cluster,
      doubts,
      emit,
      journal,
      moves,
      options,
      reopened: journal.reopened,
      stop: lock ? AbortSignal.any([stop, lock.lost]) : stop,
      unfenced,
      wires,
    })
    totals.keysMoved += keys
    totals.slotsMoved += slots
    if (errors.length > 0) throw errors[0]
    if (lock?.lost.aborted) throw new CliError('LOCKED', 'another operator took the lock of this cluster')
    if (stop.aborted && slots < slotCountOf(moves)) throw interrupted()
    const view = await verifyMoves(cluster, plan)
    return await countAtTargets(wires, view, plan, moves)
  } finally {
    wires.close()
  }
}

function slotCountOf(moves: readonly Move[]): number {
  return moves.reduce((sum, {slots}) => sum + countSlots(slots), 0)
}

/** Refused before the journal is opened, there is no job to be resumed. */
async function requireAtomic(cluster: ObservedCluster, moves: readonly Move[]): Promise<void> {
  const wires = new WirePool(cluster)
  try {
    await chooseTransfers(wires, moves, 'atomic')
  } finally {
    wires.close()
  }
}

/** What is left, written down and told, as far as the nodes can still be asked. */
async function stopError(job: RunJob, journal: Journal, error: unknown): Promise<unknown> {
  const cause = error instanceof CliError ? error : undefined
  await journal.stopped(cause?.code ?? 'BUG', messageOf(error)).catch(() => undefined)
  // An unexpected error is a bug and shows as one; the journal serves all the same.
  if (!cause || !journal.touched) return error
  const left = await remainingText(job)
  const code = cause.code === 'INTERRUPTED' ? 'INTERRUPTED' : 'PLAN_PARTIAL'
  const message = left === undefined ? cause.message : `${cause.message}; ${left.text}`
  return new CliError(code, message, {
    cause,
    details: {...cause.details, job: job.jobId, cause: cause.code, ...(left && {remaining: left.slots})},
    suggestions: [`shoal resume ${job.jobId}`, ...cause.suggestions],
  })
}

async function remainingText({cluster, plan}: RunJob): Promise<{text: string; slots: string} | undefined> {
  try {
    const moves = remainingMoves(await cluster.observe(), plan)
    const slots = rangesOf(moves.flatMap((move) => slotsOf(move.slots)).sort((a, b) => a - b))
    return {slots: renderRanges(slots), text: `${countSlots(slots)} slots remain: ${renderRanges(slots) || 'none'}`}
  } catch {
    return undefined
  }
}
