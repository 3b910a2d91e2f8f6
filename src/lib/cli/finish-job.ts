import {Journal, type MoveHeader} from '../operations/journal.js'
import {type JobResult, runJob} from '../operations/migration/job.js'
import type {ObservedCluster} from '../operations/observe.js'
import {preflightRest} from '../operations/resume.js'
import {type MoveFlagValues, moveOptionsOf, showMove} from './tasks.js'
import {nodeName} from './wizard/plan-text.js'

/** What a command lends for it. */
export interface FinishJob {
  readonly flags: MoveFlagValues
  /** Where jobs are kept. */
  readonly folder: string
  readonly interactive: boolean
  readonly onProgress: (text: string) => void
  readonly signal: AbortSignal
}

/** Carries out what is left of a job that moves slots, and shows it. Throws what the job throws. */
export async function finishJob(
  cluster: ObservedCluster,
  {id, plan}: MoveHeader,
  {flags, folder, interactive, onProgress, signal}: FinishJob,
): Promise<JobResult> {
  for (const warning of await preflightRest(cluster, plan, flags.transfer)) onProgress(`Warning: ${warning}`)
  return showMove({
    how: flags.events ? 'events' : interactive ? 'tasks' : 'silent',
    nameOf: (node) => nodeName(cluster.view, node),
    onWarning: (message) => onProgress(`Warning: ${message}`),
    plan,
    run: (emit) =>
      runJob({
        cluster,
        plan,
        jobId: id,
        openJournal: () => Journal.reopen(folder, id),
        options: moveOptionsOf(flags),
        emit,
        stop: signal,
      }),
  })
}
