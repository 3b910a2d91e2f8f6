import type {ImportResult} from '../../operations/load/run-import.js'
import type {SourceSurvey} from '../../operations/load/survey-source.js'
import type {KeyConflict} from '../../operations/load/types.js'
import type {ImportPlan} from '../../plan/import.js'
import {renderDuration} from '../duration.js'
import {renderAmount, renderBytes, renderCount} from './numbers.js'
import type {Style} from './style.js'
import {renderTable} from './table.js'

/** Names shown; `--json` has more. */
const SHOWN_MAX = 10

/** What goes where, before the question. */
export function renderImportPlan(plan: ImportPlan, style: Style): string {
  const {bytes, keyCount, move, source, targets} = plan
  const rows = targets.map(({address, expectedBytes, freeBytes, slotCount}) => [
    address,
    renderCount(slotCount),
    renderBytes(expectedBytes),
    freeBytes === undefined ? 'no limit' : renderBytes(freeBytes),
  ])
  const columns = [
    {title: style.bold('to')},
    {align: 'right' as const, title: style.bold('slots')},
    {align: 'right' as const, title: style.bold('gets about')},
    {align: 'right' as const, title: style.bold('has left')},
  ]
  return [
    `${style.bold(move ? 'move' : 'copy')}  ${renderAmount(keyCount, 'key')}, about ${renderBytes(bytes)}, ` +
      `of database ${source.database} of ${source.address} (version ${source.version})`,
    move
      ? '      A key is deleted at the source once the cluster is seen to have it.'
      : '      The source is left as it is.',
    '',
    ...renderTable(columns, rows),
  ].join('\n')
}

/** What `--dry-run` found. */
export function renderSurvey({atCluster, biggest, bytes, complete, expiring, keys, types}: SourceSurvey): string {
  const kinds = Object.entries(types).map(([type, count]) => `${renderCount(count)} ${type}`)
  return [
    '',
    `Of ${complete ? '' : 'the first '}${renderAmount(keys, 'key')}:`,
    `  types      ${kinds.join(', ') || 'none'}`,
    ...(bytes === undefined ? [] : [`  memory     ${renderBytes(bytes)}`]),
    ...(biggest ? [`  biggest    ${biggest.key}, ${renderBytes(biggest.bytes)}`] : []),
    `  expiring   ${renderCount(expiring)}`,
    `  names that the cluster has already: ${renderCount(atCluster)}`,
  ].join('\n')
}

/** How it ended. */
export function renderImportResult(result: ImportResult, {move, source}: ImportPlan, style: Style): string {
  const {bytes, conflict, durationMs, equal, expired, gone, kept, removed, replaced, skipped, written} = result
  const lines = [
    `Imported ${renderAmount(written + replaced, 'key')} (${renderBytes(bytes)}) from ${source.address} ` +
      `in ${renderDuration(durationMs)}.`,
    ...line('in the cluster before, the same', equal),
    ...line('took the place of another', replaced),
    ...line('expired on the way', expired),
    ...line('gone from the source before they could be read', gone),
    ...(move ? line('deleted at the source', removed) : []),
    ...line('changed meanwhile and left at the source', kept, result.keptKeys),
    ...line('too big for one command and left out', skipped, result.skippedKeys),
    ...(result.functions.length > 0 ? [`  functions, at every primary now: ${result.functions.join(', ')}`] : []),
  ]
  if (conflict > 0) {
    lines.push(
      style.yellow(`Not imported, since the cluster has another of that name: ${renderAmount(conflict, 'key')}`),
    )
    lines.push(...names(result.conflicts.map(describeConflict), conflict))
    lines.push('  Run it again with --replace to let the source win.')
  }
  return [...lines, ...renderVerified(result, style)].join('\n')
}

function renderVerified({conflicts, verified}: ImportResult, style: Style): string[] {
  if (!('checked' in verified)) return []
  const {checked, different, differentKeys, missing, missingKeys, mode} = verified
  const how = mode === 'full' ? 'compared' : 'looked for'
  const head = `Verified: ${renderAmount(checked, 'key')} of the source ${how}`
  if (missing + different === 0) return [style.green(`${head}, all are in the cluster.`)]
  // Those named above are not named again.
  const named = new Set(conflicts.map(({key}) => key))
  const fresh = differentKeys.filter(({key}) => !named.has(key))
  const problems = [...missingKeys.map((key) => `${key}: missing`), ...fresh.map(describeConflict)]
  return [
    style.yellow(`${head}, ${renderCount(missing)} missing, ${renderCount(different)} different.`),
    ...names(problems, missing + different - (differentKeys.length - fresh.length)),
    ...(missing > 0
      ? ['  Clients, or eviction (maxmemory-policy), may have removed them; else run it again to bring them.']
      : []),
  ]
}

function line(text: string, count: number, shown: readonly string[] = []): string[] {
  return count === 0 ? [] : [`  ${text}: ${renderAmount(count, 'key')}`, ...names(shown, shown.length > 0 ? count : 0)]
}

function names(shown: readonly string[], count: number): string[] {
  const first = shown.slice(0, SHOWN_MAX)
  const rest = count - first.length
  return [...first.map((name) => `    ${name}`), ...(rest > 0 ? [`    and ${renderCount(rest)} more`] : [])]
}

function describeConflict(conflict: KeyConflict): string {
  const {differs, key, sourceBytes, sourceExpireAtMs, sourceType, targetBytes, targetExpireAtMs, targetType} = conflict
  if (differs === 'expiry') {
    const at = (ms: number | undefined) => (ms === undefined ? 'never' : new Date(ms).toISOString())
    return `${key}: expires ${at(sourceExpireAtMs)} at the source, ${at(targetExpireAtMs)} in the cluster`
  }
  return `${key}: ${sourceType}, ${sourceBytes} bytes at the source; ${targetType}, ${targetBytes} bytes in the cluster`
}
