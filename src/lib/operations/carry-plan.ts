import {readFile} from 'node:fs/promises'
import {CliError, messageOf} from '../kernel/errors.js'
import {renderAddress} from '../model/address.js'
import {findNode, nameNode, ownRecord, primariesOf} from '../model/cluster-map.js'
import type {ClusterView} from '../model/cluster-view.js'
import {type NodeId, shortId} from '../model/node-id.js'
import {clusterFingerprint, type Move, type MovePlan, parseMovePlan} from '../plan/moves/reshard-document.js'
import {remainingMoves} from '../plan/moves/reshard-resume.js'
import {requireHealthy, settledView} from './fitness.js'
import {type JobSummary, readJobs, summarise} from './job-list.js'
import {type JobRecord, type MoveHeader, moveRecord, readJob} from './journal.js'
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
 * @throws {CliError} NOT_FOUND; PREFLIGHT_FAILED for a job that brought keys in from elsewhere
 */
export async function findUndoable(folder: string, id: string | undefined): Promise<JobRecord<MoveHeader>> {
  if (id !== undefined) {
    const record = moveRecord(await readJob(folder, id))
    if (record) return record
    throw new CliError(
      'PREFLIGHT_FAILED',
      `job ${id} moved no slots, and keys that it brought are not taken away again`,
    )
  }
  const newest = (await readJobs(folder)).findLast((record) => summarise(record).slotsDone > 0)
  const record = newest && moveRecord(newest)
  if (record) return record
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
 * @param revived - targets that are to be made primaries before
 * @throws {CliError} PREFLIGHT_FAILED if it is another cluster than the plan was made for, or an end of a move is no primary
 *   any more; NODES_DISAGREE if a slot went somewhere the plan does not know; CLUSTER_UNHEALTHY
 */
export async function prepareRest(
  cluster: ObservedCluster,
  plan: MovePlan,
  {revived = [], signal}: {readonly revived?: readonly NodeId[]; readonly signal?: AbortSignal} = {},
): Promise<PreparedMoves> {
  const view = await settledView(cluster, signal)
  requireSameCluster(view, plan)
  const moves = remainingMoves(view, plan)
  requireHealthy(view)
  requireEnds(view, plan, moves, new Set([...primariesOf(view).map(({node}) => node.id), ...revived]))
  return costOf(cluster, moves)
}

/** Primaries come and go; a cluster that knows none of those that the plan knew is another one. */
function requireSameCluster(view: ClusterView, {basedOn, cluster}: MovePlan): void {
  const primaries = primariesOf(view).map(({node}) => node.id)
  const members = new Set(view.nodes.flatMap(({records}) => records.map(({id}) => id)))
  if (clusterFingerprint(primaries) === cluster || basedOn.primaries.some(({id}) => members.has(id))) return
  throw new CliError('PREFLIGHT_FAILED', 'the plan was made for another cluster', {
    details: {planned: basedOn.primaries.map(({id}) => id), present: primaries},
    suggestions: ['Make a new plan.'],
  })
}

function requireEnds(view: ClusterView, plan: MovePlan, moves: readonly Move[], primaries: ReadonlySet<NodeId>): void {
  const missing = [...new Set(moves.flatMap(({from, to}) => [from, to]))].filter((id) => !primaries.has(id))
  if (missing.length === 0) return
  const reports = missing.map((id) => reportMissing(view, plan, id))
  throw new CliError(
    'PREFLIGHT_FAILED',
    `the plan needs primaries that are none: ${reports.map(({text}) => text).join('; ')}`,
    {details: {missing}, suggestions: reports.flatMap(({ways}) => ways)},
  )
}

/** What became of a node that the plan needs as a primary, and how to make it one. */
function reportMissing(view: ClusterView, plan: MovePlan, id: NodeId): {text: string; ways: string[]} {
  const node = findNode(view, id)
  const seed = renderAddress(view.seed)
  if (node) {
    const primary = ownRecord(node)?.primaryId
    const own = renderAddress(node.address)
    return {
      text: `${nameNode(node)} is a replica${primary === undefined ? '' : ` of ${shortId(primary)}`} now`,
      ways: [
        `shoal del-node ${seed} ${id}, then shoal add-node ${own} ${seed}: it comes back empty, as a primary of the same id`,
      ],
    }
  }
  const planned = plan.basedOn.primaries.find((primary) => primary.id === id)?.address
  const name = planned === undefined ? id : `${planned} (${shortId(id)})`
  if (view.nodes.some(({records}) => records.some((record) => record.id === id))) {
    return {
      text: `${name} does not answer`,
      ways: ['Bring it back, or promote its replica: shoal failover REPLICA --force'],
    }
  }
  return {
    text: `${name} is not part of the cluster any more`,
    ways: [
      `shoal add-node ${planned ?? 'HOST:PORT'} ${seed} (if it still has its id ${id})`,
      `shoal rebalance ${seed} --use-empty-primaries (if another node takes its place)`,
    ],
  }
}
