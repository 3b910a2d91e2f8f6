import {type FileHandle, mkdir, open, readdir, readFile, rm} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {findProcess} from '../../engine/process-table.js'
import {CliError, messageOf} from '../../kernel/errors.js'
import type {TaskRequest} from './requests.js'

/**
 * The record of one change of an active-active database: a file of JSON lines, synced after each, so that it is true after a
 * SIGKILL. It holds credentials (0600).
 *
 *     STATE/tasks/ID.ndjson
 *
 *     {"type":"task", ...}                       what is to be done
 *     {"type":"run","pid":4711, ...}             who does it; the last one counts
 *     {"type":"status","status":"started"}       queued until the first of these
 *     {"type":"guid","guid":"..."}               the database is there under this name
 *     {"type":"before" | "after","step":"start"} around each step
 *     {"type":"cancel"}                          somebody does not want it any more
 *     {"type":"error", ...}                      before it fails
 */
export const OPERATIONS = [
  'create_crdb',
  'update_crdb',
  'delete_crdb',
  'flush_crdb',
  'add_instance',
  'remove_instance',
  'purge_instance',
] as const
export type TaskOperation = (typeof OPERATIONS)[number]
export type TaskStatus = 'queued' | 'started' | 'finished' | 'failed'

export interface TaskHeader {
  readonly type: 'task'
  readonly version: 1
  /** UUID. */
  readonly id: string
  /** ISO 8601. */
  readonly at: string
  readonly request: TaskRequest
}

export interface TaskError {
  readonly cluster?: string
  readonly description: string
  /** Of Shoal's table of errors. */
  readonly code: string
}

export type TaskLine =
  | TaskHeader
  | {readonly type: 'run'; readonly at: string; readonly pid: number; readonly startToken: string}
  | {readonly type: 'status'; readonly at: string; readonly status: TaskStatus}
  | {readonly type: 'guid'; readonly at: string; readonly guid: string}
  | {readonly type: 'before' | 'after'; readonly at: string; readonly step: string; readonly cluster?: string}
  | {readonly type: 'cancel'; readonly at: string}
  | ({readonly type: 'error'; readonly at: string} & TaskError)

export interface TaskRecord {
  readonly header: TaskHeader
  readonly lines: readonly TaskLine[]
}

type NewLine = TaskLine extends infer L ? (L extends TaskLine ? Omit<L, 'at'> : never) : never

/** A task that ended is kept for so long, as by the product. */
export const KEPT_MS = 500_000

export function tasksFolder(stateFolder: string): string {
  return join(resolve(stateFolder), 'tasks')
}

/** A task that is written to. */
export class TaskFile {
  private constructor(
    readonly id: string,
    private readonly file: FileHandle,
  ) {}

  /** @throws {CliError} ENVIRONMENT_LACKS if it cannot be written */
  static async create(folder: string, id: string, request: TaskRequest): Promise<TaskFile> {
    try {
      await mkdir(folder, {mode: 0o700, recursive: true})
      const task = new TaskFile(id, await open(pathOf(folder, id), 'wx', 0o600))
      await task.append({id, request, type: 'task', version: 1})
      return task
    } catch (error) {
      throw unwritable(folder, error)
    }
  }

  /** @throws {CliError} NOT_FOUND, ENVIRONMENT_LACKS */
  static async reopen(folder: string, id: string): Promise<TaskFile> {
    await readTask(folder, id)
    try {
      const task = new TaskFile(id, await open(pathOf(folder, id), 'a', 0o600))
      // A SIGKILL may have cut the last line.
      await task.file.appendFile('\n')
      return task
    } catch (error) {
      throw unwritable(folder, error)
    }
  }

  /** Says that this process does it. */
  async run(): Promise<void> {
    const own = await findProcess(process.pid)
    await this.append({pid: process.pid, startToken: own?.startToken ?? '', type: 'run'})
  }

  async append(line: NewLine): Promise<void> {
    await this.file.appendFile(`${JSON.stringify({at: new Date().toISOString(), ...line})}\n`)
    await this.file.datasync()
  }

  async close(): Promise<void> {
    await this.file.close()
  }
}

/** @throws {CliError} NOT_FOUND in the product's words */
export async function readTask(folder: string, id: string): Promise<TaskRecord> {
  const text = /^[\w-]+$/.test(id) ? await readFile(pathOf(folder, id), 'utf8').catch(() => '') : ''
  const lines = text.split('\n').flatMap(lineIn)
  const [header] = lines
  if (header?.type === 'task') return {header, lines}
  throw new CliError('NOT_FOUND', '404 Not Found', {details: {task: id}, suggestions: ['shoal crdb task list']})
}

/** All of them, the oldest first. */
export async function readTasks(folder: string): Promise<TaskRecord[]> {
  const names = await readdir(folder).catch(() => [] as string[])
  const ids = names.filter((name) => name.endsWith('.ndjson')).map((name) => name.slice(0, -'.ndjson'.length))
  const tasks = await Promise.all(ids.map((id) => readTask(folder, id).catch(() => undefined)))
  return tasks.filter((task) => task !== undefined).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

const keyOf = ({header: {at, id}}: TaskRecord) => `${at} ${id}`

/** Deletes the files of tasks that ended long ago. @param nowMs - unix time */
export async function forgetOldTasks(folder: string, nowMs: number): Promise<void> {
  for (const task of await readTasks(folder)) {
    const {ended} = timesOf(task)
    if (ended === undefined || Date.parse(ended) + KEPT_MS >= nowMs) continue
    await rm(pathOf(folder, task.header.id), {force: true})
    await rm(logPathOf(folder, task.header.id), {force: true})
  }
}

export function statusOfTask({lines}: TaskRecord): TaskStatus {
  return lines.findLast((line) => line.type === 'status')?.status ?? 'queued'
}

export function hasEnded(task: TaskRecord): boolean {
  const status = statusOfTask(task)
  return status === 'finished' || status === 'failed'
}

/** ISO 8601. */
export function timesOf(task: TaskRecord): {readonly started?: string; readonly ended?: string} {
  const started = task.lines.find((line) => line.type === 'status' && line.status === 'started')?.at
  const ended = hasEnded(task) ? task.lines.findLast((line) => line.type === 'status')?.at : undefined
  return {...(started !== undefined && {started}), ...(ended !== undefined && {ended})}
}

/** Whether the process that does it lives; true too of one that nobody has begun yet, for a moment. */
export async function isUnderWay(task: TaskRecord, nowMs: number): Promise<boolean> {
  if (hasEnded(task)) return false
  const run = task.lines.findLast((line) => line.type === 'run')
  if (!run) return Date.parse(task.header.at) + BEGIN_MS_MAX > nowMs
  return (await findProcess(run.pid))?.startToken === run.startToken
}

/** A process that is to do a task takes at most so long to start. */
const BEGIN_MS_MAX = 15_000

export function hasPassed({lines}: TaskRecord, step: string): boolean {
  return lines.some((line) => line.type === 'after' && line.step === step)
}

/** What the process of a task that nobody waits for prints. */
export function logPathOf(folder: string, id: string): string {
  return join(folder, `${id}.log`)
}

function pathOf(folder: string, id: string): string {
  return join(folder, `${id}.ndjson`)
}

function lineIn(text: string): TaskLine[] {
  try {
    const line = JSON.parse(text) as TaskLine | null
    return typeof line?.type === 'string' ? [line] : []
  } catch {
    return []
  }
}

function unwritable(folder: string, error: unknown): CliError {
  return new CliError('ENVIRONMENT_LACKS', `tasks cannot be written to ${folder}: ${messageOf(error)}`, {
    cause: error,
    suggestions: ['Set SHOAL_STATE_DIR to a folder that can be written.'],
  })
}
