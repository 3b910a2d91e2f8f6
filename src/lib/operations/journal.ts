import {type FileHandle, mkdir, open, readdir, readFile} from 'node:fs/promises'
import {uptime} from 'node:os'
import {join, resolve} from 'node:path'
import {CliError, messageOf} from '../kernel/errors.js'
import type {NodeId} from '../model/node-id.js'
import {countSlots, parseRanges, slotsOf} from '../model/slot-set.js'
import type {MovePlan} from '../plan/reshard-document.js'
import {parseMovePlan} from '../plan/reshard-document.js'
import type {WindowJournal, WindowRecord} from './migration/types.js'

/**
 * The record of one job: a file of JSON lines, appended and synced before and after each window of slots, so that it is
 * true after a SIGKILL. It holds no secrets.
 *
 *     STATE/jobs/ID.ndjson
 *
 *     {"type":"job", ...}                  once: what is to be done
 *     {"type":"run","pid":4711}            per run of it, by `reshard` or `resume`
 *     {"type":"opening","slots":"0-63"}    before slots are opened
 *     {"type":"done","slots":"0-63"}       after the target owns them
 *     {"type":"stopped" | "finished"}      how the run ended; absent after a SIGKILL
 */

/** Which command made the plan. */
export type JobCommand = 'reshard' | 'rebalance' | 'del-node' | 'apply' | 'undo' | 'fix' | 'maintenance'

export interface JobHeader {
  readonly type: 'job'
  readonly version: 1
  readonly id: string
  readonly command: JobCommand
  /** ISO 8601. */
  readonly at: string
  readonly seed: string
  readonly plan: MovePlan
  /** Of a `fix`: what the operator decided. What there is to do, each run sees anew. */
  readonly fix?: FixRecord
}

export interface FixRecord {
  /** `0-99=ID` */
  readonly owners: readonly string[]
  readonly withUnreachable: boolean
  readonly keep?: Keep
}

/** Whose value stays where a key is at two nodes and differs. */
export const KEEPS = ['owner', 'other'] as const
export type Keep = (typeof KEEPS)[number]

export type JobState = 'running' | 'finished' | 'stopped' | 'broken-off'

/** A job, as its file tells. */
export interface JobSummary {
  readonly id: string
  readonly command: JobCommand
  readonly at: string
  readonly seed: string
  /** `broken-off`: its process is gone without a word. */
  readonly state: JobState
  readonly slotCount: number
  /** Slots that windows brought to their target, by the journal; the cluster may be further. */
  readonly slotsDone: number
  readonly keysMoved: number
  /** Why it stopped. */
  readonly reason?: string
}

type JobLine =
  | JobHeader
  | {readonly type: 'run'; readonly at: string; readonly pid: number}
  | ({readonly type: 'opening'; readonly at: string} & WindowRecord)
  | ({readonly type: 'done'; readonly at: string; readonly keys: number} & WindowRecord)
  | {readonly type: 'stopped'; readonly at: string; readonly code: string; readonly reason: string}
  | {readonly type: 'finished'; readonly at: string}

/** What a job's file says, line by line. */
export interface JobRecord {
  readonly header: JobHeader
  readonly lines: readonly JobLine[]
}

function now(): string {
  return new Date().toISOString()
}

/** `reshard-20261120-114236-4711`: sorts by time; two jobs of one process cannot start in one second. */
export function newJobId(command: string): string {
  const stamp = now().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return `${command}-${stamp}-${process.pid}`
}

/** The journal of a job under way. */
export class Journal implements WindowJournal {
  /** A window was opened in this or an earlier run: the cluster has been touched. */
  touched = false
  private tail: Promise<void> = Promise.resolve()

  private constructor(
    readonly id: string,
    private readonly file: FileHandle,
    private readonly openings: Map<number, Opening> = new Map(),
  ) {}

  /** Slots that this job opened, in earlier runs too. */
  get reopened(): ReadonlyMap<number, Opening> {
    return this.openings
  }

  /** Starts the file of a new job. @throws {CliError} ENVIRONMENT_LACKS if it cannot be written */
  static async create(folder: string, header: Omit<JobHeader, 'type' | 'version' | 'at'>): Promise<Journal> {
    try {
      await mkdir(folder, {mode: 0o700, recursive: true})
      const journal = new Journal(header.id, await open(jobPath(folder, header.id), 'wx', 0o600))
      await journal.append({type: 'job', version: 1, at: now(), ...header})
      await journal.append({type: 'run', at: now(), pid: process.pid})
      return journal
    } catch (error) {
      throw new CliError('ENVIRONMENT_LACKS', `the journal cannot be written to ${folder}: ${messageOf(error)}`, {
        suggestions: ['Set SHOAL_STATE_DIR to a folder that can be written.'],
      })
    }
  }

  /** Goes on with the file of a job. */
  static async reopen(folder: string, id: string): Promise<Journal> {
    const openings = new Map(openedSlots(await readJob(folder, id)))
    const journal = new Journal(id, await open(jobPath(folder, id), 'a', 0o600), openings)
    journal.touched = true
    // A SIGKILL may have cut the last line: the next one must not be glued to it.
    await journal.write('\n')
    await journal.append({type: 'run', at: now(), pid: process.pid})
    return journal
  }

  async opening(window: WindowRecord): Promise<void> {
    this.touched = true
    noteOpening(this.openings, window)
    await this.append({type: 'opening', at: now(), ...window})
  }

  async done(window: WindowRecord & {readonly keys: number}): Promise<void> {
    await this.append({type: 'done', at: now(), ...window})
  }

  async stopped(code: string, reason: string): Promise<void> {
    await this.append({type: 'stopped', at: now(), code, reason})
  }

  async finished(): Promise<void> {
    await this.append({type: 'finished', at: now()})
  }

  async close(): Promise<void> {
    await this.tail.catch(() => undefined)
    await this.file.close()
  }

  private append(line: JobLine): Promise<void> {
    return this.write(`${JSON.stringify(line)}\n`)
  }

  /** One after the other: two pairs write into one file. */
  private write(text: string): Promise<void> {
    const written = this.tail.then(async () => {
      await this.file.appendFile(text)
      await this.file.datasync()
    })
    this.tail = written.catch(() => undefined)
    return written
  }
}

/** The move a slot was opened for. */
export interface Opening {
  readonly from: NodeId
  /** Config epoch of the source then: one that failed over and back has another since. */
  readonly fromEpoch: number
  readonly to: NodeId
}

/** Instead of an epoch: the slot was opened at more than one, or at one that was not written down. */
const SEVERAL = -1

function noteOpening(openings: Map<number, Opening>, {from, fromEpoch = SEVERAL, slots, to}: WindowRecord): void {
  for (const slot of slotsOf(parseRanges(slots) ?? [])) {
    const before = openings.get(slot)
    const isSame = before === undefined || (before.from === from && before.fromEpoch === fromEpoch)
    openings.set(slot, {from, fromEpoch: isSame ? fromEpoch : SEVERAL, to})
  }
}

/** Where jobs are kept. */
export function jobsFolder(stateFolder: string): string {
  return join(resolve(stateFolder), 'jobs')
}

function jobPath(folder: string, id: string): string {
  return join(folder, `${id}.ndjson`)
}

/**
 * Reads a job's file. A line that a crash cut off is left out: what it would have said had not happened yet.
 *
 * @throws {CliError} NOT_FOUND
 */
export async function readJob(folder: string, id: string): Promise<JobRecord> {
  if (!/^[\w-]+$/.test(id)) throw new CliError('NOT_FOUND', `${JSON.stringify(id)} is not the name of a job`)
  let text: string
  try {
    text = await readFile(jobPath(folder, id), 'utf8')
  } catch {
    throw new CliError('NOT_FOUND', `there is no job ${id}`, {suggestions: ['shoal jobs']})
  }
  const lines = text.split('\n').flatMap((line): JobLine[] => {
    try {
      return line.trim() === '' ? [] : [JSON.parse(line) as JobLine]
    } catch {
      return []
    }
  })
  const header = lines[0]
  if (header?.type !== 'job') throw new CliError('NOT_FOUND', `job ${id} has no readable beginning`)
  parseMovePlan(JSON.stringify(header.plan))
  return {header, lines}
}

/** Slots that the runs of a job opened, and the move they were opened for; the last word counts. */
export function openedSlots({lines}: JobRecord): ReadonlyMap<number, Opening> {
  const openings = new Map<number, Opening>()
  for (const line of lines) if (line.type === 'opening') noteOpening(openings, line)
  return openings
}

/** All jobs, the newest last. A file that is none is left out. */
export async function listJobs(folder: string): Promise<JobSummary[]> {
  const names = await readdir(folder).catch(() => [] as string[])
  const ids = names.filter((name) => name.endsWith('.ndjson')).map((name) => name.slice(0, -'.ndjson'.length))
  const jobs = await Promise.all(
    ids.map(async (id) => {
      try {
        return [summarise(await readJob(folder, id))]
      } catch {
        return []
      }
    }),
  )
  return jobs.flat().sort((a, b) => (a.at < b.at ? -1 : 1))
}

/** The state of a job by its last run. */
export function summarise({header, lines}: JobRecord): JobSummary {
  let state: JobState = 'broken-off'
  let reason: string | undefined
  let keysMoved = 0
  const done = new Set<string>()
  let slotsDone = 0
  for (const line of lines) {
    switch (line.type) {
      case 'job':
        break
      case 'run':
        state = isAlive(line) ? 'running' : 'broken-off'
        reason = undefined
        break
      case 'opening':
        break
      case 'done':
        keysMoved += line.keys
        if (!done.has(line.slots)) slotsDone += countSlots(parseRanges(line.slots) ?? [])
        done.add(line.slots)
        break
      case 'stopped':
        state = 'stopped'
        reason = line.reason
        break
      case 'finished':
        state = 'finished'
    }
  }
  const {at, command, id, plan, seed} = header
  const slotCount = plan.cost.slotCount
  const progress = {slotCount, slotsDone: state === 'finished' ? slotCount : Math.min(slotsDone, slotCount), keysMoved}
  return {id, command, at, seed, state, ...progress, ...(reason !== undefined && {reason})}
}

/** A clock that was set a little meanwhile. */
const CLOCK_MARGIN_MS = 2000

/**
 * Whether the process of a run lives. Pids are used again: after a start of the machine, and by this very process, which in
 * a container has the same one every time.
 */
function isAlive({at, pid}: {readonly at: string; readonly pid: number}): boolean {
  const sinceMs = (pid === process.pid ? process.uptime() : uptime()) * 1000
  if (Date.parse(at) < Date.now() - sinceMs - CLOCK_MARGIN_MS) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as {code?: string}).code === 'EPERM'
  }
}
