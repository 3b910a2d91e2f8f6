import {CliError} from '../../kernel/errors.js'
import {keyCountOf, primariesOf} from '../../model/cluster-map.js'
import type {FunctionPlan} from '../../plan/import-functions.js'
import {requireHealthy} from '../fitness.js'
import {newJobId} from '../journal.js'
import {lockOwner, mayTakeOver, takeLock} from '../migration/lock.js'
import type {ObservedCluster} from '../observe.js'
import {ByteGate} from './byte-gate.js'
import {Checkpoint, type ImportIdentity, importsFolder, type Reached, readReached} from './checkpoint.js'
import {ClusterWriter} from './cluster-writer.js'
import {loadFunctions} from './functions.js'
import {addTotals, type ImportTotals, PageOrder} from './page-order.js'
import {forEachPage} from './page-workers.js'
import type {Source} from './source.js'
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
  readonly stateFolder: string
  readonly emit: (event: ImportEvent) => void
  /** Ctrl-C: what is under way arrives, nothing more is begun; the same command goes on. */
  readonly stop: AbortSignal
}

export interface ImportResult extends ImportTotals {
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
 *   `details.totals` after that
 */
export async function runImport(job: RunImport): Promise<ImportResult> {
  const start = performance.now()
  const {cluster, emit, stop} = job
  const warnings: string[] = []
  const jobId = newJobId('import')
  const lock = await takeLock(cluster, lockOwner(jobId), mayTakeOver(jobId), (message) => {
    warnings.push(message)
    emit({event: 'warning', message})
  })
  const signal = lock ? AbortSignal.any([stop, lock.lost]) : stop
  let progress: Progress | undefined
  try {
    requireHealthy(cluster.view)
    progress = await Progress.begin(job, signal, warnings)
    const outcome = await progress.run()
    return {...outcome, durationMs: Math.round(performance.now() - start), warnings}
  } catch (error) {
    const lost = lock?.lost.aborted && !stop.aborted
    const cause = lost ? new CliError('LOCKED', 'another operator took the lock of this cluster') : error
    throw progress ? progress.stopError(cause) : cause
  } finally {
    await progress?.close()
    await lock?.release()
  }
}

/** Clocks further apart than this are worth a word. Milliseconds. */
const CLOCK_SKEW_MS = 5000

/** Fewer keys than an earlier run wrote: the cluster was emptied since, and going on would leave most of them out. */
function isEmptied({view}: ObservedCluster, {totals}: Reached): boolean {
  const present = primariesOf(view).reduce((sum, {node}) => sum + keyCountOf(node), 0)
  return present < totals.written
}

type WhichImport = Pick<RunImport, 'cluster' | 'source'> & {
  readonly options: Pick<ImportOptions, 'move' | 'replace' | 'restart'>
}

function identityOf({cluster, options: {move, replace}, source}: WhichImport): ImportIdentity {
  const {address, runId} = source.facts
  return {source: address, runId, database: source.database, move, replace, nodes: cluster.view.nodes.map(({id}) => id)}
}

/**
 * Keys of the source that an earlier run of the same import has brought, and that need no room any more. None for a move,
 * which has deleted them at the source.
 */
export async function broughtBefore(job: WhichImport, stateFolder: string): Promise<number> {
  if (job.options.move || job.options.restart) return 0
  const reached = await readReached(importsFolder(stateFolder), identityOf(job))
  return reached === undefined || isEmptied(job.cluster, reached) ? 0 : reached.totals.scanned
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
    private readonly checkpoint: Checkpoint,
    private readonly writer: ClusterWriter,
    private readonly reached: Reached,
    private readonly warnings: string[],
  ) {
    this.order = new PageOrder(reached.cursor, reached.totals)
    this.totals = reached.totals
    this.transfer = new PageTransfer({...job, writer, take: this.take})
  }

  static async begin(job: RunImport, signal: AbortSignal, warnings: string[]): Promise<Progress> {
    const {cluster, options, stateFolder} = job
    const identity = identityOf(job)
    const folder = importsFolder(stateFolder)
    let checkpoint = await Checkpoint.open(folder, identity, options.restart)
    if (isEmptied(cluster, checkpoint.reached)) {
      await checkpoint.close()
      checkpoint = await Checkpoint.open(folder, identity, true)
    }
    const {retryMs, replace} = options
    const writer = await ClusterWriter.open(cluster, {replace, retryMs, signal})
    return new Progress(job, signal, checkpoint, writer, checkpoint.reached, warnings)
  }

  async run(): Promise<Omit<ImportResult, 'durationMs' | 'warnings'>> {
    const {cluster, emit, functions, options} = this.job
    const resumedAfter = this.reached.totals.scanned
    if (resumedAfter > 0) emit({event: 'resumed', keys: resumedAfter})
    this.warnOfClocks()
    if (functions) await loadFunctions(cluster, functions)
    await this.copy()
    await this.writer.finish()
    const verified = await this.verify()
    await this.checkpoint.remove()
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
    await this.checkpoint.close()
  }

  /** What went wrong, with what was done until then and how to go on. */
  stopError(error: unknown): unknown {
    if (!(error instanceof CliError)) return error
    const {code, details, message, suggestions} = error
    const arrived = this.totals.written + this.totals.replaced + this.totals.equal
    const changed = this.totals.written + this.totals.replaced + this.totals.removed + this.writer.counts.written > 0
    const kept = code === 'INTERRUPTED' || !changed
    return new CliError(kept ? code : 'PLAN_PARTIAL', `${message}; ${arrived} keys are in the cluster`, {
      cause: error,
      details: {...details, cause: code, totals: this.totals},
      suggestions: ['Run the same command again: it goes on where it was.', ...suggestions],
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
    if (this.reached.totals.scanned > 0 && this.reached.cursor === '0') return
    try {
      await forEachPage({
        source,
        retryMs: options.retryMs,
        signal: this.signal,
        cursor: this.reached.cursor,
        work: async (link, page) => {
          const totals = await this.transfer.page(link, page.keys)
          this.totals = addTotals(this.totals, totals)
          if (this.order.end(page.index, page.next, totals)) {
            this.checkpoint.note({cursor: this.order.cursor, totals: this.order.totals})
          }
          emit({event: 'progress', phase: 'copy', keys: page.keys.length})
        },
      })
    } catch (error) {
      // The writer knows best what went wrong at the cluster.
      await this.writer.finish()
      throw error
    }
    await this.checkpoint.flushed()
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
