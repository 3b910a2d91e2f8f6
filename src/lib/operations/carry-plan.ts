import {readFile} from 'node:fs/promises'
import {CliError, messageOf} from '../kernel/errors.js'
import {primariesOf} from '../model/cluster-map.js'
import {shortId} from '../model/node-id.js'
import {clusterFingerprint, type Move, type MovePlan, parseMovePlan} from '../plan/reshard-document.js'
import {remainingMoves} from '../plan/reshard-resume.js'
import {requireHealthy, settledView} from './fitness.js'
import {type JobRecord, type JobSummary, listJobs, readJob} from './journal.js'
import {costOf, type PreparedMoves} from './move-cost.js'
import type {ObservedCluster} from './observe.js'

/** Plans that were made before: kept in a file by `--plan-out`, or in the journal of a job. */

/** @throws {CliError} NOT_FOUND if the file cannot be read; BAD_FLAG if it is no plan */
export async function readPlanFile(file: string): Promise<MovePlan> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new CliError('NOT_FOUND', `${file} cannot be read: ${messageOf(error)}`)
  }
  const plan = parseMovePlan(text)
  const primaries: unknown = plan.basedOn?.primaries
  const isNamed = (primary: unknown) => typeof (primary as {address?: unknown} | null)?.address === 'string'
  if (Array.isArray(primaries) && primaries.every(isNamed)) return plan
  throw new CliError('BAD_FLAG', `${file} does not say what the plan is based on`)
}

/**
 * The job that `undo` without a name means: the newest that moved anything.
 *
 * @throws {CliError} NOT_FOUND
 */
export async function findUndoable(folder: string, id: string | undefined): Promise<JobRecord> {
  if (id !== undefined) return readJob(folder, id)
  const moved = (await listJobs(folder)).filter(({slotsDone}) => slotsDone > 0)
  const newest = moved.at(-1)
  if (newest) return readJob(folder, newest.id)
  throw new CliError('NOT_FOUND', 'there is no job that moved slots', {suggestions: ['shoal jobs']})
}

/** @throws {CliError} CLUSTER_UNHEALTHY for a job that is not at an end: its slots may be open */
export function requireEnded({id, state}: JobSummary): void {
  if (state === 'finished') return
  throw new CliError('CLUSTER_UNHEALTHY', `job ${id} is ${state}, so slots of it may be half moved`, {
    suggestions: [`shoal resume ${id}`, `shoal undo ${id}`],
  })
}

/** A plan that brings every slot back to where the plan took it from. */
export function reversePlan(plan: MovePlan): MovePlan {
  const steps = plan.steps.map((step) => ({...step, from: step.to, to: step.from}))
  return {...plan, steps: steps.reverse()}
}

/**
 * What is left of a plan on the cluster as it is now, with its cost. Changes nothing.
 *
 * @throws {CliError} PREFLIGHT_FAILED if the cluster has other primaries than the plan was made for; NODES_DISAGREE if a
 *   slot went somewhere the plan does not know; CLUSTER_UNHEALTHY
 */
export async function prepareRest(
  cluster: ObservedCluster,
  plan: MovePlan,
  signal?: AbortSignal,
): Promise<PreparedMoves> {
  const view = await settledView(cluster, signal)
  const primaries = primariesOf(view).map(({node}) => node.id)
  if (clusterFingerprint(primaries) !== plan.cluster) {
    throw new CliError('PREFLIGHT_FAILED', 'the cluster has other primaries than the plan was made for', {
      details: {planned: plan.basedOn.primaries.map(({id}) => id), present: primaries},
      suggestions: ['Make a new plan.'],
    })
  }
  const moves = remainingMoves(view, plan)
  requireHealthy(view)
  requireEnds(moves, primaries)
  return costOf(cluster, moves)
}

function requireEnds(moves: readonly Move[], primaries: readonly string[]): void {
  const missing = moves.flatMap(({from, to}) => [from, to]).filter((id) => !primaries.includes(id))
  if (missing.length === 0) return
  const names = [...new Set(missing)].map(shortId).join(', ')
  throw new CliError('PREFLIGHT_FAILED', `the plan needs primaries that are none: ${names}`, {details: {missing}})
}
