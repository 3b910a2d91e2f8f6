import type {ConnectOptions} from '../client/connect-options.js'
import {CliError} from '../kernel/errors.js'
import {parseAddress, tryParseAddress} from '../model/address.js'
import type {NodeId} from '../model/node-id.js'
import type {MovePlan} from '../plan/moves/reshard-document.js'
import {remainingMoves} from '../plan/moves/reshard-resume.js'
import {isCutShort, type JobSummary, readJobs, summarise} from './job-list.js'
import {type JobRecord, type MoveHeader, type MoveJobCommand, moveRecord, readJob} from './journal.js'
import type {Transfer} from './migration/types.js'
import {costOf} from './move-cost.js'
import {requireReady} from './move-preflight.js'
import {type ObservedCluster, observeCluster} from './observe.js'

/**
 * The job that `resume` without a name means: the newest that was begun and not finished.
 *
 * @throws {CliError} NOT_FOUND if there is none
 */
export async function findResumable(folder: string, id: string | undefined): Promise<JobRecord> {
  if (id !== undefined) return readJob(folder, id)
  const newest = (await readJobs(folder)).findLast((record) => isCutShort(summarise(record)))
  if (newest) return newest
  throw new CliError('NOT_FOUND', 'there is no interrupted job to resume', {
    suggestions: [
      'A fix that was killed before its job began changed nothing, and the same fix does it; so with reshard, rebalance, ' +
        'import and restore.',
      'shoal jobs',
    ],
  })
}

/** The newest job that a command began for a node, as source or target, and that was cut short. */
export async function findCutShort(
  folder: string,
  command: MoveJobCommand,
  node: NodeId,
): Promise<JobRecord<MoveHeader> | undefined> {
  const records = (await readJobs(folder)).flatMap((record) => moveRecord(record) ?? [])
  return records.findLast(
    (record) =>
      record.header.command === command &&
      isCutShort(summarise(record)) &&
      record.header.plan.steps.some(({from, to}) => from === node || to === node),
  )
}

/** @throws {CliError} LOCKED while the job's process lives on this machine */
export function requireNotRunning(summary: JobSummary): void {
  if (summary.state === 'running') {
    throw new CliError('LOCKED', `job ${summary.id} is running`, {
      details: {job: summary.id},
      suggestions: ['shoal jobs (tells how far it is)'],
    })
  }
}

/**
 * Connects to the cluster of a plan: by a seed, else by any other node the plan names.
 *
 * @param seed - HOST:PORT
 * @throws {CliError} of the last address tried
 */
export async function observePlanCluster(
  plan: MovePlan,
  seed: string | undefined,
  options: ConnectOptions,
  signal?: AbortSignal,
): Promise<ObservedCluster> {
  const {primaries} = plan.basedOn
  const others = [...primaries.map(({address}) => address), ...primaries.flatMap(({names}) => names ?? [])]
  return observeAny([...(seed === undefined ? [] : [seed]), ...others], options, signal)
}

/**
 * Connects to a cluster by the first of some addresses that answers.
 *
 * @param addresses - HOST:PORT; the first must be an address, others that are none are passed over
 * @throws {CliError} of the last address tried
 */
export async function observeAny(
  addresses: readonly string[],
  options: ConnectOptions,
  signal?: AbortSignal,
): Promise<ObservedCluster> {
  const [first, ...others] = addresses
  const tried = [
    ...(first === undefined ? [] : [parseAddress(first)]),
    ...others.flatMap((text) => tryParseAddress(text) ?? []),
  ]
  let failure: unknown = new CliError('BAD_FLAG', 'the plan names no node to connect to')
  for (const address of tried) {
    try {
      return await observeCluster(address, options, signal)
    } catch (error) {
      failure = error
      if (!(error instanceof CliError) || !['UNREACHABLE', 'TIMED_OUT'].includes(error.code)) throw error
    }
  }
  throw failure
}

/**
 * Looks whether what is left of a job can be carried through; see `requireReady`. Changes nothing. A node that takes part
 * and does not answer is the job's own to complain about.
 *
 * @returns warnings
 * @throws {CliError} PREFLIGHT_FAILED; NODES_DISAGREE as the job itself would
 */
export async function preflightRest(
  cluster: ObservedCluster,
  plan: MovePlan,
  transfer: Transfer,
): Promise<readonly string[]> {
  const {view} = cluster
  const moves = remainingMoves(view, plan)
  const answer = new Set(view.nodes.map(({id}) => id))
  if (!moves.every(({from, to}) => answer.has(from) && answer.has(to))) return []
  return requireReady(cluster, await costOf(cluster, moves), transfer)
}
