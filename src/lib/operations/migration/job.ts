import {CliError, messageOf} from '../../kernel/errors.js'
import {nameNode, openSlotsOf, ownersOf, primariesOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {countSlots, parseRanges, rangesOf, renderRanges, slotsOf} from '../../model/slot-set.js'
import type {Move, MovePlan} from '../../plan/reshard-document.js'
import {remainingMoves} from '../../plan/reshard-resume.js'
import {requireHealthy} from '../fitness.js'
import type {Journal} from '../journal.js'
import type {ObservedCluster} from '../observe.js'
import {judgeAgreement, settle} from '../settle.js'
import {type LockHandle, lockOwner, mayTakeOver, takeLock} from './lock.js'
import {type MoveOptions, runMoves} from './run-moves.js'
import type {Emit} from './types.js'
import {WirePool} from './wires.js'

/** Bound on the nodes coming to agree at the end: gossip takes a ping round, half the node timeout at most. */
const VERIFY_MS = 30_000

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
 * Carries out a plan, or what is left of it: lock, preflight, move, verify. Running it again continues where it was.
 *
 * @throws {CliError} LOCKED, CLUSTER_UNHEALTHY, NODES_DISAGREE before anything is changed; PLAN_PARTIAL or INTERRUPTED
 *   with what remains and how to resume after that
 */
export async function runJob(job: RunJob): Promise<JobResult> {
  const start = performance.now()
  const {cluster, emit, plan} = job
  const warnings: string[] = []
  const lock = await takeLock(cluster, lockOwner(job.jobId), mayTakeOver(job.jobId), (message) => {
    warnings.push(message)
    emit({event: 'warning', message})
  })
  const wires = new WirePool(cluster)
  let journal: Journal | undefined
  try {
    requireHealthy(cluster.view, targetsOf(plan))
    const moves = remainingMoves(cluster.view, plan)
    journal = await job.openJournal()
    const moved = await moveAll(job, wires, moves, journal, lock)
    const view = await verify(job, plan)
    const keysAtTarget = await countAtTargets(wires, view, plan, moves)
    await journal.finished()
    const durationMs = Math.round(performance.now() - start)
    const totals = {slotsMoved: moved.slots, keysMoved: moved.keys, keysAtTarget}
    return {job: job.jobId, state: 'finished', ...totals, durationMs, warnings}
  } catch (error) {
    throw journal ? await stopError(job, journal, error) : error
  } finally {
    wires.close()
    await lock?.release()
    await journal?.close()
  }
}

async function moveAll(
  {cluster, emit, options, stop}: RunJob,
  wires: WirePool,
  moves: readonly Move[],
  journal: Journal,
  lock: LockHandle | undefined,
): Promise<{keys: number; slots: number}> {
  const halt = lock ? AbortSignal.any([stop, lock.lost]) : stop
  const {errors, keys, slots} = await runMoves({
    cluster,
    emit,
    journal,
    moves,
    options,
    reopened: journal.reopened,
    stop: halt,
    wires,
  })
  if (errors.length > 0) throw errors[0]
  if (lock?.lost.aborted) throw new CliError('LOCKED', 'another operator took the lock of this cluster')
  if (stop.aborted && slots < moves.reduce((sum, move) => sum + countSlots(move.slots), 0)) {
    throw new CliError('INTERRUPTED', 'interrupted')
  }
  return {keys, slots}
}

/** Every node agrees, the targets own what the plan gives them, and nothing of it is open. */
async function verify({cluster}: RunJob, plan: MovePlan): Promise<ClusterView> {
  const planned = targetsOf(plan)
  const judge = (view: ClusterView): string[] => {
    const owners = ownersOf(view)
    const missing = rangesOf(
      [...planned.keys()].sort((a, b) => a - b).filter((slot) => owners[slot] !== planned.get(slot)),
    )
    const open = openSlotsOf(view).filter(({slot}) => planned.has(slot))
    return [
      ...judgeAgreement(view),
      ...(missing.length > 0 ? [`slots ${renderRanges(missing)} are not at their target`] : []),
      ...open.map(({node, slot, state}) => `slot ${slot} is ${state} on ${nameNode(node)}`),
    ]
  }
  const {problems, state} = await settle(() => cluster.observe(), judge, {timeoutMs: VERIFY_MS})
  if (problems.length === 0) return state
  throw new CliError('PLAN_PARTIAL', `the move is not confirmed: ${problems.slice(0, 10).join('; ')}`, {
    details: {problems},
  })
}

/** @throws {CliError} PLAN_PARTIAL if a source still holds keys of slots it gave away */
async function countAtTargets(
  wires: WirePool,
  view: ClusterView,
  plan: MovePlan,
  moves: readonly Move[],
): Promise<number> {
  const targets = [...targetsOf(plan)]
  const counts = await Promise.all(
    [...new Set(targets.map(([, to]) => to))].map((id) =>
      wires.countKeys(
        id,
        targets.filter(([, to]) => to === id).map(([slot]) => slot),
      ),
    ),
  )
  const behind = await Promise.all(
    moves
      .filter(({from}) => isPrimary(view, from))
      .map(async ({from, slots}) => ({from, keys: sumOf(await wires.countKeys(from, slotsOf(slots)))})),
  )
  const leftBehind = behind.filter(({keys}) => keys > 0)
  if (leftBehind.length === 0) return counts.reduce((sum, each) => sum + sumOf(each), 0)
  const text = leftBehind.map(({from, keys}) => `${keys} keys at ${from}`).join(', ')
  throw new CliError('PLAN_PARTIAL', `moved slots still hold ${text}`, {details: {leftBehind}})
}

function sumOf(counts: ReadonlyMap<number, number>): number {
  return [...counts.values()].reduce((a, b) => a + b, 0)
}

/** A source that gave away its last slot may replicate the target by now, keys and all. */
function isPrimary(view: ClusterView, id: NodeId): boolean {
  return primariesOf(view).some(({node}) => node.id === id)
}

/** Slot -> where the plan brings it. */
export function targetsOf(plan: MovePlan): Map<number, NodeId> {
  return new Map(
    plan.steps.flatMap(({slots, to}) => slotsOf(parseRanges(slots) ?? []).map((slot) => [slot, to] as const)),
  )
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
