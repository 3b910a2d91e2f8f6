import {type FileHandle, mkdir, open, readFile} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {CliError, messageOf} from '../kernel/errors.js'
import type {NodeId} from '../model/node-id.js'
import {parseRanges, slotsOf} from '../model/slot-set.js'
import type {MovePlan} from '../plan/moves/reshard-document.js'
import {parseMovePlan} from '../plan/moves/reshard-document.js'
import type {ImportRecord, Reached, RestoreRecord} from './load/records.js'
import type {WindowJournal, WindowRecord} from './migration/types.js'

/**
 * The record of one job: a file of JSON lines, appended and synced before and after each window of slots, so that it is
 * true after a SIGKILL. It holds neither secrets nor keys.
 *
 *     STATE/jobs/ID.ndjson
 *
 *     {"type":"job", ...}                  what is to be done; the last one counts
 *     {"type":"run","pid":4711}            per run of it, by `reshard` or `resume`
 *     {"type":"opening","slots":"0-63"}    before slots are opened
 *     {"type":"done","slots":"0-63"}       after the target owns them
 *     {"type":"reached","keys":4711}       how far an import or a restore is at least
 *     {"type":"stopped" | "finished"}      how the run ended; absent after a SIGKILL
 */

/** Which command made the plan. */
export type MoveJobCommand = 'reshard' | 'rebalance' | 'del-node' | 'apply' | 'undo' | 'fix' | 'maintenance'

interface HeaderOf<C extends string> {
  readonly type: 'job'
  readonly version: 1
  readonly id: string
  readonly command: C
  /** ISO 8601. */
  readonly at: string
  readonly seed: string
}

export interface MoveHeader extends HeaderOf<MoveJobCommand> {
  readonly plan: MovePlan
  /** Of a `fix`: what the operator decided. What there is to do, each run sees anew. */
  readonly fix?: FixRecord
}

export interface ImportHeader extends HeaderOf<'import'> {
  readonly import: ImportRecord
}

export interface RestoreHeader extends HeaderOf<'restore'> {
  readonly restore: RestoreRecord
}

export type JobHeader = MoveHeader | ImportHeader | RestoreHeader

/** A header before it is written. */
export type NewHeader = JobHeader extends infer H
  ? H extends JobHeader
    ? Omit<H, 'type' | 'version' | 'at'>
    : never
  : never

export interface FixRecord {
  /** `0-99=ID` */
  readonly owners: readonly string[]
  readonly withUnreachable: boolean
  readonly keep?: Keep
}

/** Whose value stays where a key is at two nodes and differs. */
export const KEEPS = ['owner', 'other'] as const
export type Keep = (typeof KEEPS)[number]

type JobLine =
  | JobHeader
  | {readonly type: 'run'; readonly at: string; readonly pid: number}
  | ({readonly type: 'opening'; readonly at: string} & WindowRecord)
  | ({readonly type: 'done'; readonly at: string; readonly keys: number} & WindowRecord)
  | ({readonly type: 'reached'; readonly at: string} & Reached)
  | {readonly type: 'stopped'; readonly at: string; readonly code: string; readonly reason: string}
  | {readonly type: 'finished'; readonly at: string}

/** What a job's file says, line by line. */
export interface JobRecord<H extends JobHeader = JobHeader> {
  readonly header: H
  readonly lines: readonly JobLine[]
}

/** How often it is written down how far a load is: what was done since is found equal by the next run. Milliseconds. */
const REACHED_EVERY_MS = 250

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
  private newest: Reached | undefined
  private reachedAt = Number.NEGATIVE_INFINITY

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
  static async create(folder: string, header: NewHeader): Promise<Journal> {
    try {
      await mkdir(folder, {mode: 0o700, recursive: true})
      const journal = new Journal(header.id, await open(jobPath(folder, header.id), 'wx', 0o600))
      await journal.append({type: 'job', version: 1, at: now(), ...header})
      await journal.append({type: 'run', at: now(), pid: process.pid})
      return journal
    } catch (error) {
      throw cannotWrite(folder, error)
    }
  }

  /**
   * Goes on with the file of a job.
   *
   * @param anew - of a load: what is asked for this time, and what of the way so far it is worth. That comes first: where it
   *   is cut off, a cursor must not be taken for one of another request.
   * @throws {CliError} NOT_FOUND; ENVIRONMENT_LACKS if it cannot be written
   */
  static async reopen(folder: string, id: string, anew?: {header: JobHeader; reached: Reached}): Promise<Journal> {
    const openings = new Map(openedSlots(await readJob(folder, id)))
    try {
      const journal = new Journal(id, await open(jobPath(folder, id), 'a', 0o600), openings)
      journal.touched = true
      // A SIGKILL may have cut the last line: the next one must not be glued to it.
      await journal.write('\n')
      if (anew) {
        await journal.append({type: 'reached', at: now(), ...anew.reached})
        await journal.append(anew.header)
      }
      await journal.append({type: 'run', at: now(), pid: process.pid})
      return journal
    } catch (error) {
      throw cannotWrite(folder, error)
    }
  }

  async opening(window: WindowRecord): Promise<void> {
    this.touched = true
    noteOpening(this.openings, window)
    await this.append({type: 'opening', at: now(), ...window})
  }

  async done(window: WindowRecord & {readonly keys: number}): Promise<void> {
    await this.append({type: 'done', at: now(), ...window})
  }

  /** Notes how far a load is, the newest alone, now and then. */
  note(reached: Reached): void {
    this.newest = reached
    if (performance.now() >= this.reachedAt + REACHED_EVERY_MS) void this.flush()
  }

  /** Writes down what was noted last. A disk that is full costs nothing but the way back. */
  async flush(): Promise<void> {
    const {newest} = this
    if (newest) {
      this.newest = undefined
      this.reachedAt = performance.now()
      this.append({type: 'reached', at: now(), ...newest}).catch(() => undefined)
    }
    await this.tail
  }

  async stopped(code: string, reason: string): Promise<void> {
    await this.flush()
    await this.append({type: 'stopped', at: now(), code, reason})
  }

  async finished(): Promise<void> {
    await this.flush()
    await this.append({type: 'finished', at: now()})
  }

  async close(): Promise<void> {
    await this.flush()
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

function cannotWrite(folder: string, error: unknown): CliError {
  return new CliError('ENVIRONMENT_LACKS', `the journal cannot be written to ${folder}: ${messageOf(error)}`, {
    suggestions: ['Set SHOAL_STATE_DIR to a folder that can be written.'],
  })
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
  return parseJob(id, text)
}

/**
 * @param text - of the file of that job
 * @throws {CliError} NOT_FOUND if it does not begin as one; BAD_FLAG for a plan that is none
 */
export function parseJob(id: string, text: string): JobRecord {
  const lines = text.split('\n').flatMap(linesIn)
  const header = lines.findLast((line) => line.type === 'job')
  if (lines[0]?.type !== 'job' || !header) throw new CliError('NOT_FOUND', `job ${id} has no readable beginning`)
  if (!isLoad(header)) parseMovePlan(JSON.stringify(header.plan))
  return {header, lines}
}

/** None or one: what is no line of a job is left out. */
function linesIn(text: string): JobLine[] {
  try {
    const line = JSON.parse(text) as JobLine | null
    return typeof line?.type === 'string' ? [line] : []
  } catch {
    return []
  }
}

/** Whether a job brings keys in from elsewhere, rather than moving slots. */
export function isLoad(header: JobHeader): header is ImportHeader | RestoreHeader {
  return header.command === 'import' || header.command === 'restore'
}

/** @returns undefined for one that brings keys in from elsewhere */
export function moveRecord({header, lines}: JobRecord): JobRecord<MoveHeader> | undefined {
  return isLoad(header) ? undefined : {header, lines}
}

/** How far a load is, by all its runs. */
export function reachedBy({lines}: JobRecord): Reached | undefined {
  return lines.findLast((line) => line.type === 'reached')
}

/** Slots that the runs of a job opened, and the move they were opened for; the last word counts. */
export function openedSlots({lines}: JobRecord): ReadonlyMap<number, Opening> {
  const openings = new Map<number, Opening>()
  for (const line of lines) if (line.type === 'opening') noteOpening(openings, line)
  return openings
}
