import {CliError} from '../../kernel/errors.js'
import {RECORDED} from './create.js'
import {
  hasEnded,
  hasPassed,
  isUnderWay,
  readTask,
  statusOfTask,
  type TaskError,
  TaskFile,
  type TaskOperation,
  type TaskRecord,
  type TaskStatus,
  timesOf,
} from './task-file.js'

/** A task, as its file tells. */
export interface TaskSummary {
  readonly id: string
  readonly guid: string
  readonly operation: TaskOperation
  readonly status: TaskStatus
  /** Who does it, in the product's form. */
  readonly worker: string
  /** ISO 8601, UTC. */
  readonly started?: string
  readonly ended?: string
  readonly errors: readonly TaskError[]
  readonly steps: readonly {readonly step: string; readonly done: boolean}[]
}

export function summariseTask(task: TaskRecord): TaskSummary {
  const {header, lines} = task
  const run = lines.findLast((line) => line.type === 'run')
  const begun = lines.flatMap((line) => (line.type === 'before' ? [line.step] : []))
  return {
    errors: lines.flatMap((line) => {
      if (line.type !== 'error') return []
      const {cluster, code, description} = line
      return [{code, description, ...(cluster !== undefined && {cluster})}]
    }),
    guid: header.request.guid,
    id: header.id,
    operation: header.request.operation,
    status: statusOfTask(task),
    steps: [...new Set(begun)].map((step) => ({done: hasPassed(task, step), step})),
    worker: `crdb_worker:1:${run?.pid ?? 0}`,
    ...timesOf(task),
  }
}

/** How long a process that was asked to stop may take to undo what it did. */
const STOP_MS = 60_000
const POLL_MS = 50

/**
 * Asks for the end of a task; resolves when it has one.
 *
 * @throws {CliError} NOT_FOUND; CANNOT_CHANGE if it is too late, in the product's words; TIMED_OUT
 */
export async function cancelTask(folder: string, id: string, signal: AbortSignal): Promise<TaskSummary> {
  const task = await readTask(folder, id)
  if (hasEnded(task) || hasPassed(task, RECORDED)) throw tooLate(task)
  const file = await TaskFile.reopen(folder, id)
  try {
    await file.append({type: 'cancel'})
    // Who would begin it now finds that nobody wants it.
    if (!task.lines.some(({type}) => type === 'run')) {
      await file.append({code: 'INTERRUPTED', description: 'cancelled before it began', type: 'error'})
      await file.append({status: 'failed', type: 'status'})
    }
  } finally {
    await file.close()
  }
  const deadline = performance.now() + STOP_MS
  for (let told: number | undefined; ; ) {
    const now = await readTask(folder, id)
    if (hasEnded(now)) {
      if (statusOfTask(now) === 'finished') throw tooLate(now)
      return summariseTask(now)
    }
    const pid = now.lines.findLast((line) => line.type === 'run')?.pid
    if (pid !== undefined && pid !== told && (await isUnderWay(now, Date.now()))) {
      told = pid
      stop(pid)
    }
    if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted; the task is still asked to stop')
    if (performance.now() > deadline) throw new CliError('TIMED_OUT', `task ${id} has not stopped`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** It may have ended just now. */
function stop(pid: number): void {
  try {
    process.kill(pid, 'SIGINT')
  } catch {
    return
  }
}

function tooLate(task: TaskRecord): CliError {
  const status = statusOfTask(task)
  const text = status === 'started' ? 'it is committed' : `it has ${status}`
  return new CliError('CANNOT_CHANGE', `406 Not Acceptable: ${text}`, {
    details: {status, task: task.header.id},
    suggestions: [`shoal crdb task status --task-id ${task.header.id}`],
  })
}
