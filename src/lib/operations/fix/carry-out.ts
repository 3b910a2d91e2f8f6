import {randomUUID} from 'node:crypto'
import {throwIfAborted} from '../../client/abort.js'
import {CliError, messageOf} from '../../kernel/errors.js'
import {renderAddress} from '../../model/address.js'
import {nameNode, primariesOf, rivalsOf, silentNodes} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {parseRanges, slotsOf} from '../../model/slot-set.js'
import {type FixItem, type FixPlan, isWithin, stepsOf, undecidedOf} from '../../plan/fix/fix.js'
import type {FixChoices} from '../../plan/fix/slot.js'
import type {Move} from '../../plan/moves/reshard-document.js'
import type {Journal, Keep} from '../journal.js'
import {connectionName, fencedPrefix, fenceOff} from '../migration/fence.js'
import {lockOwner, mayTakeOver, takeLock} from '../migration/lock.js'
import {type MoveOptions, type RunMoves, runMoves} from '../migration/run-moves.js'
import type {BusyKeyRule, Emit} from '../migration/types.js'
import {WirePool} from '../migration/wires.js'
import type {ObservedCluster} from '../observe.js'
import {settle} from '../settle.js'
import {type GatherStep, gatherKeys} from './gather.js'
import {type PreparedFix, prepareFix} from './prepare.js'
import {gatherRule, moveRule} from './rules.js'
import {announce, assign, closeMarks, promote} from './steps.js'

export interface RunFix {
  readonly cluster: ObservedCluster
  readonly prepared: PreparedFix
  readonly choices: FixChoices
  readonly keep: Keep | undefined
  readonly jobId: string
  readonly jobsFolder: string
  /** Opens the job's file; called once the lock is held. */
  readonly openJournal: () => Promise<Journal>
  readonly options: MoveOptions
  readonly emit: Emit
  /** Told what is being done, one line at a time. */
  readonly onProgress: (text: string) => void
  /** Ctrl-C: finish what is open, begin nothing more. */
  readonly stop: AbortSignal
}

/** A repair under way. */
interface LockedFix extends RunFix {
  readonly holdsLock: boolean
}

export interface FixResult {
  readonly job: string
  readonly state: 'finished'
  readonly replicasPromoted: number
  readonly slotsAssigned: number
  readonly slotsMoved: number
  readonly keysMoved: number
  /** Keys brought to the owners of their slots from other nodes. */
  readonly keysGathered: number
  readonly durationMs: number
  readonly warnings: readonly string[]
}

/** A repair may bring to light what it hid; more rounds than these do not converge. */
const ROUNDS_MAX = 6

/** Redis holds the cluster for down up to 5 s after the last slot was covered. Milliseconds. */
const STATE_OK_MS = 20_000

/** Counts of one run; every round adds to them. */
type Totals = {-readonly [K in Exclude<keyof FixResult, 'job' | 'state' | 'durationMs' | 'warnings'>]: number}

/**
 * Carries a repair out: promote, assign, close, settle claims, move, gather, announce; then looks again, until nothing is
 * left to do. Each step is safe to repeat, and what there is to do is always what the nodes show, so a run that was cut
 * short is continued by the next.
 *
 * @throws {CliError} LOCKED, PREFLIGHT_FAILED before anything is changed; PLAN_PARTIAL or INTERRUPTED with what is left and
 *   how to go on
 */
export async function carryOutFix(run: RunFix): Promise<FixResult> {
  const start = performance.now()
  const {cluster, emit, jobId, stop} = run
  const warnings: string[] = []
  const lock = await takeLock(cluster, lockOwner(jobId), mayTakeOver(jobId), (message) => {
    warnings.push(message)
    emit({event: 'warning', message})
  })
  let journal: Journal | undefined
  const totals: Totals = {replicasPromoted: 0, slotsAssigned: 0, slotsMoved: 0, keysMoved: 0, keysGathered: 0}
  try {
    const prepared = await lookAgain(run)
    const choices = {...run.choices, silent: silentNodes(cluster.view)}
    journal = await run.openJournal()
    const halt = lock ? AbortSignal.any([stop, lock.lost]) : stop
    const left = await repair({...run, choices, prepared, stop: halt, holdsLock: lock !== undefined}, journal, totals)
    if (left.length > 0) throw leftUndecided(left)
    await journal.finished()
    return {job: jobId, state: 'finished', ...totals, durationMs: Math.round(performance.now() - start), warnings}
  } catch (error) {
    throw await stopError(run, journal, lock?.lost.aborted ? lockLost() : error)
  } finally {
    await lock?.release()
    await journal?.close()
  }
}

/**
 * The plan may have been looked at for long before it was confirmed: what it says of slots that others changed since would
 * lose keys.
 *
 * @throws {CliError} PREFLIGHT_FAILED if there is more to do now, or something else
 */
async function lookAgain({choices, cluster, jobId, jobsFolder, prepared, stop}: RunFix): Promise<PreparedFix> {
  await cluster.observe(stop)
  const present = await prepareFix(cluster, {choices, jobsFolder, jobId, signal: stop})
  if (isWithin(present.plan, prepared.plan)) return present
  throw new CliError('PREFLIGHT_FAILED', 'the cluster has changed since the plan was made; nothing was done', {
    suggestions: [`shoal fix ${renderAddress(cluster.seed)} (makes a new plan)`],
  })
}

/** @returns what nobody has decided */
async function repair(run: LockedFix, journal: Journal, totals: Totals): Promise<FixItem[]> {
  let prepared = run.prepared
  let before = ''
  for (let round = 0; ; round++) {
    const steps = prepared.plan.items.flatMap((item) => item.steps)
    if (steps.length === 0) return undecidedOf(prepared.plan)
    const now = JSON.stringify(steps)
    if (now === before || round === ROUNDS_MAX) throw noEffect(prepared.plan)
    before = now
    await oneRound(run, prepared, journal, totals)
    await run.cluster.observe(run.stop)
    const {choices, jobId, jobsFolder, stop} = run
    prepared = await prepareFix(run.cluster, {choices, jobsFolder, jobId, signal: stop})
  }
}

async function oneRound(run: LockedFix, prepared: PreparedFix, journal: Journal, totals: Totals): Promise<void> {
  const {cluster, onProgress, stop} = run
  const {plan} = prepared
  const failovers = stepsOf(plan, 'failover')
  for (const step of failovers) {
    throwIfAborted(stop)
    onProgress(`Promoting a replica for slots ${step.slots}`)
    await promote(cluster, step.node, stop)
    totals.replicasPromoted++
  }
  // With other primaries, what else there is to do may be something else.
  if (failovers.length > 0) return
  throwIfAborted(stop)
  for (const {node, slots} of stepsOf(plan, 'assign')) {
    onProgress(`Giving slots ${slots} an owner`)
    totals.slotsAssigned += await assign(cluster, node, slots)
  }
  for (const {node, slots} of stepsOf(plan, 'close')) await closeMarks(cluster, node, slots)
  if (stepsOf(plan, 'assign').length > 0) await awaitStateOk(cluster, stop)
  throwIfAborted(stop)
  await moveAndGather(run, prepared, journal, totals)
  const rivals = rivalsOf(cluster.view)
  for (const {node, slots} of stepsOf(plan, 'announce')) {
    if (rivals.has(node)) continue
    onProgress(`Telling all nodes who owns slots ${slots}`)
    await announce(cluster, node, slots)
  }
}

async function moveAndGather(run: LockedFix, prepared: PreparedFix, journal: Journal, totals: Totals): Promise<void> {
  const {cluster, emit, holdsLock, jobId, keep, onProgress, options, stop} = run
  const {jobs, plan} = prepared
  const [yields, gathers, planned] = [stepsOf(plan, 'yield'), stepsOf(plan, 'gather'), movesOf(plan)]
  if (yields.length + gathers.length + planned.length === 0) return
  const wires = new WirePool(cluster, connectionName(jobId, randomUUID()))
  // Slots that an interrupted job opened, and copied perhaps: what was not switched over is not to be believed.
  const base = {cluster, wires, journal, reopened: jobs, doubts: new Map(), emit, stop}
  try {
    const ends = [...yields, ...gathers, ...planned].flatMap(({from, to}) => [from, to])
    const unfenced = await fenceOff(wires, ends, fencedPrefix(jobId, holdsLock))
    const withRule = (busyKeys: BusyKeyRule): Omit<RunMoves, 'moves'> => ({
      ...base,
      unfenced,
      options: {...options, transfer: 'migrate', busyKeys},
    })
    const gather = async (step: GatherStep) => {
      onProgress(`Bringing keys of slots ${step.slots} to their owner`)
      totals.keysGathered += await gatherKeys(withRule(gatherRule(keep)), step)
      throwIfAborted(stop)
    }
    // Whoever takes a slot takes a new epoch, by which those who claim another of its slots drop that: they settle it first.
    for (const step of yields) await gather(step)
    if (yields.length > 0) await cluster.observe(stop)
    const rivals = rivalsOf(cluster.view)
    const moves = planned.filter(({to}) => !rivals.has(to))
    if (moves.length > 0) {
      onProgress(`Finishing ${moves.length === 1 ? 'a move' : `${moves.length} moves`} of slots`)
      const {errors, keys, slots} = await runMoves({...withRule(moveRule(keep)), moves})
      totals.keysMoved += keys
      totals.slotsMoved += slots
      if (errors.length > 0) throw errors[0]
      throwIfAborted(stop)
    }
    for (const step of gathers) await gather(step)
  } finally {
    wires.close()
  }
}

/** The moves of a plan, in the order in which a slot makes them. */
export function movesOf(plan: FixPlan): Move[] {
  return stepsOf(plan, 'move').map(({from, slots, to}) => ({from, to, slots: parseRanges(slots) ?? []}))
}

async function awaitStateOk(cluster: ObservedCluster, signal: AbortSignal): Promise<void> {
  const judge = (view: ClusterView) =>
    primariesOf(view)
      .filter(({node}) => node.clusterInfo.get('cluster_state') !== 'ok')
      .map(({node}) => `${nameNode(node)} reports the cluster as down`)
  // Slots that nobody has decided about may keep it down; then the moves wait for their own time.
  await settle(() => cluster.observe(signal), judge, {timeoutMs: STATE_OK_MS, signal})
}

/** Keys of moved slots at their sources. */
export function keysOfMoves({keys}: PreparedFix, moves: readonly Move[]): (slot: number) => number {
  const sources = new Map<number, NodeId>(
    moves.flatMap(({from, slots}) => slotsOf(slots).map((slot) => [slot, from] as const)),
  )
  return (slot) => {
    const from = sources.get(slot)
    return (from && keys.get(from)?.get(slot)) ?? 0
  }
}

function noEffect(plan: FixPlan): CliError {
  const text = plan.items.map(({problem, slots}) => `${problem} ${slots}`).join('; ')
  const ways = [...new Set(undecidedOf(plan).map(({way}) => way))]
  return new CliError('PLAN_PARTIAL', `what was done did not mend it: ${text}`, {suggestions: ways})
}

export function leftUndecided(left: readonly FixItem[]): CliError {
  const text = left.map(({found, problem, slots, why}) => `slots ${slots} (${problem}): ${found}; ${why}`).join('\n  ')
  return new CliError('CLUSTER_UNHEALTHY', `not decided:\n  ${text}`, {
    details: {undecided: left.map(({problem, slots}) => ({problem, slots}))},
    suggestions: [...new Set(left.map(({way}) => way))],
  })
}

function lockLost(): CliError {
  return new CliError('LOCKED', 'another operator took the lock of this cluster')
}

async function stopError({cluster, jobId}: RunFix, journal: Journal | undefined, error: unknown): Promise<unknown> {
  const cause = error instanceof CliError ? error : undefined
  await journal?.stopped(cause?.code ?? 'BUG', messageOf(error)).catch(() => undefined)
  if (!cause || !journal) return error
  const seed = renderAddress(cluster.seed)
  const conflict = cause.details['keys'] !== undefined
  const ways = conflict
    ? ['owner', 'other'].map((side) => `shoal fix ${seed} --keep ${side}`)
    : [`shoal resume ${jobId}`, ...cause.suggestions]
  return new CliError(cause.code === 'INTERRUPTED' ? 'INTERRUPTED' : 'PLAN_PARTIAL', cause.message, {
    cause,
    details: {...cause.details, job: jobId, cause: cause.code},
    suggestions: ways,
  })
}
