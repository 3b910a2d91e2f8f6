import {NodeReplyError} from '../../client/reply-error.js'
import {CliError, messageOf} from '../../kernel/errors.js'
import type {RegionHost} from './region-host.js'
import type {TaskRequest} from './requests.js'
import {
  forgetOldTasks,
  hasEnded,
  isUnderWay,
  readTask,
  readTasks,
  type TaskError,
  TaskFile,
  type TaskRecord,
  type TaskStatus,
} from './task-file.js'

/** What databases are administered with. */
export interface CrdbParts {
  /** Folder of `known.ts`. */
  readonly databases: string
  /** Folder of `task-file.ts`. */
  readonly tasks: string
  readonly hosts: RegionHost
  /** One change at a time, of whatever database. @throws {CliError} LOCKED */
  lock<T>(signal: AbortSignal, body: (signal: AbortSignal) => Promise<T>): Promise<T>
}

/** Told of what happens, in order. */
export interface TaskEvents {
  status(from: TaskStatus, to: TaskStatus): void
  guid(guid: string): void
  progress(text: string): void
}

/** What came of a task beside that it is done. */
export interface TaskOutcome {
  /** Names of clusters that could not be reached, and need not have been. */
  readonly unreachable: readonly string[]
  readonly notes: readonly string[]
}

export const NO_OUTCOME: TaskOutcome = {notes: [], unreachable: []}

/** A task under way: what it is carried out with, and where it is written down. */
export class TaskRun {
  constructor(
    readonly parts: CrdbParts,
    private readonly file: TaskFile,
    readonly signal: AbortSignal,
    private readonly events: TaskEvents,
  ) {}

  /** @throws {CliError} INTERRUPTED before it begins */
  async step<T>(step: string, work: () => Promise<T>): Promise<T> {
    if (this.signal.aborted) throw new CliError('INTERRUPTED', 'interrupted')
    await this.file.append({step, type: 'before'})
    const result = await work()
    await this.file.append({step, type: 'after'})
    return result
  }

  async assignGuid(guid: string): Promise<void> {
    await this.file.append({guid, type: 'guid'})
    this.events.guid(guid)
  }

  progress(text: string): void {
    this.events.progress(text)
  }
}

/** How far a run came: whether a step was begun, or is done. */
export type Reached = (step: string, how: 'before' | 'after') => boolean

/** How the operations are carried out, and what becomes of one whose process was killed. */
export interface TaskWork {
  carryOut(run: TaskRun, request: TaskRequest): Promise<TaskOutcome>
  /** @throws {CliError} if it cannot be brought to an end now */
  recover(run: TaskRun, request: TaskRequest, reached: Reached): Promise<'finished' | 'partial' | 'undone'>
}

/**
 * Carries out a task that stands in its file, after those that were cut short are at an end.
 *
 * @throws {CliError} what made it fail; then all is as before as far as its operation can be undone
 */
export async function runTask(
  parts: CrdbParts,
  work: TaskWork,
  id: string,
  signal: AbortSignal,
  events: TaskEvents,
): Promise<TaskOutcome> {
  const {header} = await readTask(parts.tasks, id)
  const file = await TaskFile.reopen(parts.tasks, id)
  let status: TaskStatus = 'queued'
  const become = async (next: TaskStatus) => {
    await file.append({status: next, type: 'status'})
    events.status(status, next)
    status = next
  }
  try {
    await file.run()
    return await parts.lock(signal, async (locked) => {
      await recoverOthers(parts, work, id, locked, events)
      await requireWanted(parts, id)
      await become('started')
      const outcome = await work.carryOut(new TaskRun(parts, file, locked, events), header.request)
      await become('finished')
      return outcome
    })
  } catch (error) {
    await file.append({...errorOf(error), type: 'error'})
    await become('failed')
    throw withTask(error, id)
  } finally {
    await file.close()
    await forgetOldTasks(parts.tasks, Date.now())
  }
}

/**
 * Brings tasks whose process was killed to an end: what was begun is undone or finished. Without any it takes no lock.
 *
 * @returns their ids
 */
export async function recoverTasks(
  parts: CrdbParts,
  work: TaskWork,
  signal: AbortSignal,
  events: TaskEvents,
): Promise<string[]> {
  if ((await cutShort(parts)).length === 0) return []
  return parts.lock(signal, (locked) => recoverOthers(parts, work, undefined, locked, events))
}

async function cutShort({tasks}: CrdbParts): Promise<string[]> {
  const found = await readTasks(tasks)
  const underWay = await Promise.all(found.map((task) => isUnderWay(task, Date.now())))
  return found.filter((task, index) => !hasEnded(task) && !underWay[index]).map(({header}) => header.id)
}

/** One that cannot be brought to an end yet, for want of a node or a daemon, is left for the next time: others go on. */
async function recoverOthers(
  parts: CrdbParts,
  work: TaskWork,
  own: string | undefined,
  signal: AbortSignal,
  events: TaskEvents,
): Promise<string[]> {
  const ended: string[] = []
  for (const id of (await cutShort(parts)).filter((each) => each !== own)) {
    const file = await TaskFile.reopen(parts.tasks, id)
    try {
      const description = await recoverOne(parts, work, await readTask(parts.tasks, id), file, signal, events)
      if (description !== undefined) await file.append({code: 'INTERRUPTED', description, type: 'error'})
      await file.append({status: description === undefined ? 'finished' : 'failed', type: 'status'})
      ended.push(id)
    } catch (error) {
      if (!(error instanceof CliError) || signal.aborted) throw error
      events.progress(`task ${id} cannot be brought to an end yet: ${error.message}`)
    } finally {
      await file.close()
    }
  }
  return ended
}

/** @returns why it has failed; undefined: it is done */
async function recoverOne(
  parts: CrdbParts,
  work: TaskWork,
  {header: {id, request}, lines}: TaskRecord,
  file: TaskFile,
  signal: AbortSignal,
  events: TaskEvents,
): Promise<string | undefined> {
  if (!lines.some((line) => line.type === 'status')) return 'its process was killed before it began'
  events.progress(`task ${id} (${request.operation}) was cut short: bringing it to an end`)
  const silent = {guid: () => undefined, progress: events.progress, status: () => undefined}
  const reached: Reached = (step, how) => lines.some((line) => line.type === how && line.step === step)
  try {
    const outcome = await work.recover(new TaskRun(parts, file, signal, silent), request, reached)
    return outcome === 'finished' ? undefined : `its process was killed; ${WHAT_IS_LEFT[outcome]}`
  } catch (error) {
    // With its environment, or with a later change, all went that there was to do.
    if (error instanceof CliError && (error.code === 'NOT_FOUND' || error.code === 'OVERTAKEN'))
      return `its process was killed, and ${error.message}`
    throw error
  }
}

const WHAT_IS_LEFT = {partial: 'it may have done some of it', undone: 'what it had done was undone'} as const

async function requireWanted({tasks}: CrdbParts, id: string): Promise<void> {
  const {lines} = await readTask(tasks, id)
  if (lines.some(({type}) => type === 'cancel'))
    throw new CliError('INTERRUPTED', 'the task was cancelled before it began')
}

function errorOf(error: unknown): TaskError {
  if (!(error instanceof CliError)) return {code: 'BUG', description: messageOf(error)}
  const {code, details, message} = error
  const cluster = details['cluster']
  return {code, description: message, ...(typeof cluster === 'string' && {cluster})}
}

function withTask(error: unknown, task: string): unknown {
  if (!(error instanceof CliError)) return error
  const {code, details, message, suggestions} = error
  return new CliError(code, message, {cause: error, details: {...details, task}, suggestions})
}

/** Says at which cluster something went wrong. */
export async function atCluster<T>(cluster: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof NodeReplyError) {
      throw new CliError('PREFLIGHT_FAILED', `${cluster}: ${error.message}`, {cause: error, details: {cluster}})
    }
    if (!(error instanceof CliError)) throw error
    const {code, details, message, suggestions} = error
    const text = message.includes(cluster) ? message : `${cluster}: ${message}`
    throw new CliError(code, text, {cause: error, details: {...details, cluster}, suggestions})
  }
}
