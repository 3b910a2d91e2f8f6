import {CliError, messageOf} from '../../kernel/errors.js'
import {renderAddress} from '../../model/address.js'
import {keyCountOf, primariesOf} from '../../model/cluster-map.js'
import type {FunctionPlan} from '../../plan/import-functions.js'
import {requireHealthy} from '../fitness.js'
import {type JobRecord, type Journal, newJobId} from '../journal.js'
import {lockOwner, mayTakeOver, takeLock} from '../migration/lock.js'
import type {ObservedCluster} from '../observe.js'
import {ByteGate} from './byte-gate.js'
import {ClusterWriter} from './cluster-writer.js'
import {loadFunctions} from './functions.js'
import {findLoad, openLoad, reachedAt, scanFrom} from './load-job.js'
import {addTotals, type ImportTotals, PageOrder} from './page-order.js'
import {forEachPage} from './page-workers.js'
import {type ImportRecord, membersOf, type ScanReached} from './records.js'
import type {Source} from './source.js'
import {CURSOR_FIRST} from './source-reader.js'
import {PageTransfer} from './transfer-page.js'
import type {KeyConflict} from './types.js'
import {Verification, type VerifyMode} from './verify-import.js'

export interface ImportOptions {
  readonly move: boolean
  readonly replace: boolean
  readonly verify: VerifyMode
  /** Begin with the first key, whatever an earlier run did. */
  readonly restart: boolean
  /** How long nodes of either side may be away. Milliseconds. */
  readonly retryMs: number
}

/** What happens during an import, for progress and for `--events`. */
export type ImportEvent =
  | {readonly event: 'resumed'; readonly keys: number}
  | {readonly event: 'progress'; readonly phase: 'copy' | 'verify'; readonly keys: number}
  | {readonly event: 'phase-done'; readonly phase: 'copy' | 'verify'; readonly keys: number}
  | {readonly event: 'warning'; readonly message: string}

export interface RunImport {
  readonly cluster: ObservedCluster
  readonly source: Source
  readonly options: ImportOptions
  readonly functions?: FunctionPlan | undefined
  /** The job to go on with. By default one that was cut short and is of the same source and cluster, if there is one. */
  readonly resumed?: JobRecord | undefined
  /** Where jobs are kept. */
  readonly jobsFolder: string
  readonly emit: (event: ImportEvent) => void
  /** Ctrl-C: what is under way arrives, nothing more is begun; `resume` goes on. */
  readonly stop: AbortSignal
}

export interface ImportResult extends ImportTotals {
  readonly job: string
  /** Keys that an earlier run of the same import had brought; part of the totals. */
  readonly resumedAfter: number
  readonly functions: readonly string[]
  /** Keys that are on both sides and differ, of this run; the first hundred. */
  readonly conflicts: readonly KeyConflict[]
  /** Keys that `--move` left at the source, as people read them; the first hundred. */
  readonly keptKeys: readonly string[]
  /** Keys too big for one command; the first hundred. */
  readonly skippedKeys: readonly string[]
  /** `each` for a move: every key is compared before it is deleted. */
  readonly verified:
    | {readonly mode: 'none' | 'each'}
    | {
        readonly mode: 'full' | 'count'
        readonly checked: number
        readonly missing: number
        readonly different: number
        readonly missingKeys: readonly string[]
        readonly differentKeys: readonly KeyConflict[]
      }
  readonly durationMs: number
  readonly warnings: readonly string[]
}

/** Payloads held at a time, read from the source and not yet at rest in the cluster. */
const HELD_BYTES_MAX = 48 * 1024 * 1024

/**
 * Brings the keys of a source into a cluster, through this process: neither side need reach the other.
 *
 * Doing it again is safe: keys that arrived are found equal. A run that broke off is continued by the next.
 *
 * @throws {CliError} LOCKED, CLUSTER_UNHEALTHY before anything is changed; PLAN_PARTIAL or INTERRUPTED with
 *   `details.totals` and `details.job` after that
 */
export async function runImport(job: RunImport): Promise<ImportResult> {
  const start = performance.now()
  const {cluster, emit, jobsFolder, stop} = job
  const warnings: string[] = []
  const before = job.resumed ?? (await findLoad(jobsFolder, {command: 'import', import: recordOf(job)}))
  const jobId = before?.header.id ?? newJobId('import')
  const lock = await takeLock(cluster, lockOwner(jobId), mayTakeOver(jobId), (message) => {
    warnings.push(message)
    emit({event: 'warning', message})
  })
  const signal = lock ? AbortSignal.any([stop, lock.lost]) : stop
  let progress: Progress | undefined
  try {
    requireHealthy(cluster.view)
    progress = await Progress.begin(job, jobId, before, {signal, warnings})
    const outcome = await progress.run()
    return {job: jobId, ...outcome, durationMs: Math.round(performance.now() - start), warnings}
  } catch (error) {
    const lost = lock?.lost.aborted && !stop.aborted
    const cause = lost ? new CliError('LOCKED', 'another operator took the lock of this cluster') : error
    throw progress ? await progress.stopError(cause) : cause
  } finally {
    await progress?.close()
    await lock?.release()
  }
}

/** Clocks further apart than this are worth a word. Milliseconds. */
const CLOCK_SKEW_MS = 5000

function recordOf({cluster, functions, options, source}: Omit<RunImport, 'emit' | 'stop'>): ImportRecord {
  const {move, replace, retryMs, verify} = options
  return {
    source: source.facts.address,
    runId: source.facts.runId,
    database: source.database,
    move,
    replace,
    functions: functions !== undefined,
    verify,
    retryMs,
    members: membersOf(cluster.view),
  }
}

function keysPresent({view}: ObservedCluster): number {
  return primariesOf(view).reduce((sum, {node}) => sum + keyCountOf(node), 0)
}

/**
 * Keys of the source that an earlier run of the same import has brought, and that need no room any more. None for a move,
 * which has deleted them at the source.
 */
export async function broughtBefore(job: Omit<RunImport, 'emit' | 'stop' | 'resumed'>): Promise<number> {
  const {cluster, jobsFolder, options} = job
  if (options.move || options.restart) return 0
  const record = recordOf(job)
  const before = await findLoad(jobsFolder, {command: 'import', import: record})
  return scanFrom(before, record, keysPresent(cluster)).totals.scanned
}

/** One run of an import, once it is known to be allowed. */
class Progress {
  private readonly order: PageOrder
  private readonly gate = new ByteGate(HELD_BYTES_MAX)
  private readonly transfer: PageTransfer
  /** Of this run and those before, as far as known. */
  private totals: ImportTotals

  private constructor(
    private readonly job: RunImport,
    private readonly signal: AbortSignal,
    private readonly journal: Journal,
    private readonly writer: ClusterWriter,
    private readonly from: ScanReached,
    private readonly warnings: string[],
  ) {
    this.order = new PageOrder(from.cursor, from.totals)
    this.totals = from.totals
    this.transfer = new PageTransfer({...job, writer, take: this.take})
  }

  static async begin(
    job: RunImport,
    id: string,
    before: JobRecord | undefined,
    {signal, warnings}: {readonly signal: AbortSignal; readonly warnings: string[]},
  ): Promise<Progress> {
    const {cluster, jobsFolder, options} = job
    const {retryMs, replace} = options
    const writer = await ClusterWriter.open(cluster, {replace, retryMs, signal})
    try {
      const record = recordOf(job)
      const from = scanFrom(options.restart ? undefined : before, record, keysPresent(cluster))
      const request = {id, command: 'import', seed: renderAddress(cluster.seed), import: record} as const
      const journal = await openLoad(jobsFolder, request, before, reachedAt(from))
      return new Progress(job, signal, journal, writer, from, warnings)
    } catch (error) {
      writer.close()
      throw error
    }
  }

  async run(): Promise<Omit<ImportResult, 'job' | 'durationMs' | 'warnings'>> {
    const {cluster, emit, functions, options} = this.job
    const resumedAfter = this.from.totals.scanned
    if (resumedAfter > 0) emit({event: 'resumed', keys: resumedAfter})
    this.warnOfClocks()
    if (functions) await loadFunctions(cluster, functions)
    await this.copy()
    await this.writer.finish()
    const verified = await this.verify()
    // The keys have arrived, whatever becomes of the note of it.
    await this.journal.finished().catch(() => undefined)
    return {
      ...this.totals,
      resumedAfter,
      functions: functions?.libraries ?? [],
      conflicts: this.writer.conflicts,
      keptKeys: this.transfer.keptKeys,
      skippedKeys: this.transfer.skippedKeys,
      verified: options.move ? {mode: 'each'} : verified,
    }
  }

  async close(): Promise<void> {
    this.writer.close()
    await this.journal.close()
  }

  /** What went wrong, with what was done until then and how to go on. */
  async stopError(error: unknown): Promise<unknown> {
    await this.journal.stopped(error instanceof CliError ? error.code : 'BUG', messageOf(error)).catch(() => undefined)
    if (!(error instanceof CliError)) return error
    const {code, details, message, suggestions} = error
    const arrived = this.totals.written + this.totals.replaced + this.totals.equal
    const changed = this.totals.written + this.totals.replaced + this.totals.removed + this.writer.counts.written > 0
    const kept = code === 'INTERRUPTED' || !changed
    return new CliError(kept ? code : 'PLAN_PARTIAL', `${message}; ${arrived} keys are in the cluster`, {
      cause: error,
      details: {...details, job: this.journal.id, cause: code, totals: this.totals},
      // Of a source that was started anew none takes the cursor but the command itself, which begins again.
      suggestions: details['restarted'] ? suggestions : [`shoal resume ${this.journal.id}`, ...suggestions],
    })
  }

  /** Deadlines are kept as they are, so by another clock they come early or late. */
  private warnOfClocks(): void {
    const [source, target] = [this.job.source.dialect.clockOffsetMs, this.writer.dialect.clockOffsetMs]
    if (source === undefined || target === undefined || Math.abs(source - target) < CLOCK_SKEW_MS) return
    const seconds = Math.round((target - source) / 1000)
    const message = `the clocks differ, the cluster's is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead' : 'behind'}: keys expire by it`
    this.warnings.push(message)
    this.job.emit({event: 'warning', message})
  }

  private async copy(): Promise<void> {
    const {emit, options, source} = this.job
    // Zero is where SCAN begins, and where it ends: a run that got through it all has only to verify.
    if (this.from.totals.scanned > 0 && this.from.cursor === CURSOR_FIRST) return
    try {
      await forEachPage({
        source,
        retryMs: options.retryMs,
        signal: this.signal,
        cursor: this.from.cursor,
        work: async (link, page) => {
          const totals = await this.transfer.page(link, page.keys)
          this.totals = addTotals(this.totals, totals)
          if (this.order.end(page.index, page.next, totals)) this.journal.note(reachedAt(this.order))
          emit({event: 'progress', phase: 'copy', keys: page.keys.length})
        },
      })
    } catch (error) {
      // The writer knows best what went wrong at the cluster.
      await this.writer.finish()
      throw error
    }
    await this.journal.flush()
    emit({event: 'phase-done', phase: 'copy', keys: this.totals.scanned})
  }

  private async verify(): Promise<ImportResult['verified']> {
    const {emit, options, source} = this.job
    if (options.verify === 'none' || options.move) return {mode: 'none'}
    const verification = new Verification(options.verify, source, this.writer)
    await forEachPage({
      source,
      retryMs: options.retryMs,
      signal: this.signal,
      work: async (link, {keys}) => {
        await verification.page(link, keys, this.take)
        emit({event: 'progress', phase: 'verify', keys: keys.length})
      },
    })
    emit({event: 'phase-done', phase: 'verify', keys: verification.checked})
    const {checked, different, differentKeys, missing, missingKeys} = verification
    return {mode: options.verify, checked, missing, different, missingKeys, differentKeys}
  }

  private readonly take = async <T>(bytes: number, work: () => Promise<T>): Promise<T> => {
    await this.gate.take(bytes)
    try {
      return await work()
    } finally {
      this.gate.give(bytes)
    }
  }
}
