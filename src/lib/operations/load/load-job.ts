import {CliError} from '../../kernel/errors.js'
import {isCutShort, readJobs, summarise} from '../job-list.js'
import {type ImportHeader, type JobHeader, type JobRecord, Journal, type RestoreHeader, reachedBy} from '../journal.js'
import {addTotals, TOTALS_NONE} from './page-order.js'
import {
  type ImportRecord,
  isSameCluster,
  type Members,
  type Reached,
  type RestoreRecord,
  type ScanReached,
} from './records.js'
import {CURSOR_FIRST} from './source-reader.js'

/**
 * The jobs of imports and restores. One that was cut short is taken up by whoever brings the same keys to the same cluster,
 * be it `resume` or the command itself, in other words perhaps: so there is never a second one of them to be resumed later,
 * over what clients have written since.
 */

/** What is asked for. */
export type LoadRequest = Pick<ImportHeader, 'command' | 'import'> | Pick<RestoreHeader, 'command' | 'restore'>

/** @returns the newest job that was cut short and brought the same keys to the same cluster */
export async function findLoad(folder: string, request: LoadRequest): Promise<JobRecord | undefined> {
  const records = await readJobs(folder)
  return records.findLast((record) => isCutShort(summarise(record)) && isSameLoad(record.header, request))
}

function isSameLoad(before: JobHeader, request: LoadRequest): boolean {
  if (before.command === 'import' && request.command === 'import') {
    const [a, b] = [before.import, request.import]
    return a.source === b.source && a.database === b.database && isSameCluster(a.members, b.members)
  }
  if (before.command === 'restore' && request.command === 'restore') {
    const [a, b] = [before.restore, request.restore]
    return a.folder === b.folder && isSameCluster(a.members, b.members)
  }
  return false
}

/**
 * @param before - the job to go on with
 * @param reached - what of its way holds
 * @throws {CliError} ENVIRONMENT_LACKS if the journal cannot be written
 */
export function openLoad(
  folder: string,
  request: LoadRequest & {readonly id: string; readonly seed: string},
  before: JobRecord | undefined,
  reached: Reached,
): Promise<Journal> {
  if (!before) return Journal.create(folder, request)
  const header: JobHeader = {...request, type: 'job', version: 1, at: before.header.at}
  return Journal.reopen(folder, request.id, {header, reached})
}

const START: ScanReached = {cursor: CURSOR_FIRST, totals: TOTALS_NONE}

/** How far an import is that has got so far. */
export function reachedAt({cursor, totals}: ScanReached): Reached {
  return {keys: totals.written + totals.replaced, scan: {cursor, totals}}
}

/**
 * Where an import goes on: at the beginning, if the cursor of the job before means nothing to it.
 *
 * @param keysPresent - in the cluster; fewer than were written, and it was emptied since: most of them would be left out
 */
export function scanFrom(before: JobRecord | undefined, now: ImportRecord, keysPresent: number): ScanReached {
  const reached = before && reachedBy(before)?.scan
  if (!reached || before.header.command !== 'import') return START
  const then = before.header.import
  const isValid = then.runId === now.runId && then.move === now.move && then.replace === now.replace
  if (!isValid || keysPresent < reached.totals.written) return START
  return {cursor: reached.cursor, totals: addTotals(TOTALS_NONE, reached.totals)}
}

/** @throws {CliError} PREFLIGHT_FAILED if a job's addresses lead to another cluster now */
export function requireSameCluster({id, seed}: JobHeader, before: Members, now: Members): void {
  if (isSameCluster(before, now)) return
  throw new CliError('PREFLIGHT_FAILED', `${seed} belongs to another cluster than job ${id} was begun with`, {
    details: {job: id, members: before.map((member) => member.id)},
  })
}

/**
 * Where a cursor led, and whose keys they are, is known of the same process alone; another server may be there by now.
 *
 * @throws {CliError} PREFLIGHT_FAILED with the command that begins with the first key
 */
export function requireSameSource(header: ImportHeader, runId: string): void {
  if (header.import.runId === runId) return
  const {source} = header.import
  throw new CliError(
    'PREFLIGHT_FAILED',
    `${source} was started anew since job ${header.id} began, or is another server`,
    {
      details: {job: header.id, source},
      suggestions: [importCommand(header)],
    },
  )
}

/** @throws {CliError} PREFLIGHT_FAILED with the command that takes the backup as it is */
export function requireSameBackup(header: RestoreHeader, takenAt: string): void {
  const {folder, takenAt: before} = header.restore
  if (before === takenAt) return
  throw new CliError(
    'PREFLIGHT_FAILED',
    `${folder} holds a backup of ${takenAt}, job ${header.id} began with one of ${before}`,
    {
      details: {job: header.id, folder},
      suggestions: [restoreCommand(header)],
    },
  )
}

/** What a job was begun with, but for how to log in. */
function importCommand({import: record, seed}: {readonly import: ImportRecord; readonly seed: string}): string {
  const {database, functions, move, replace, source, verify} = record
  return words(
    ['shoal import', seed, '--from', source],
    database > 0 && `--from-db ${database}`,
    move && '--move',
    replace && '--replace',
    functions && '--functions',
    verify !== 'full' && `--verify ${verify}`,
  )
}

function restoreCommand({restore: record, seed}: {readonly restore: RestoreRecord; readonly seed: string}): string {
  const {acl, folder, functions, replace, verify} = record
  return words(
    ['shoal restore', seed, folder],
    replace && '--replace',
    acl && '--acl',
    !functions && '--no-functions',
    !verify && '--no-verify',
  )
}

function words(first: readonly string[], ...flags: readonly (string | false)[]): string {
  return [...first, ...flags.filter((flag) => flag !== false)].join(' ')
}
