import type {RestorePlan, RestoreResult} from '../../operations/backup/restore.js'
import type {BackupReport} from '../../operations/backup/verify-backup.js'
import type {Manifest} from '../../plan/backup/manifest.js'
import {keyTotal} from '../../plan/backup/tally.js'
import {renderAmount, renderBytes, renderCount} from './numbers.js'
import type {Style} from './style.js'
import {renderTable} from './table.js'

const RIGHT = {align: 'right'} as const

/** What was saved, one line per shard. */
export function renderManifest(manifest: Manifest, folder: string, style: Style): string {
  const {acl, functions, shards} = manifest
  const rows = shards.map(({bytes, file, keys, slots, source}) => [
    slots.length > 24 ? `${slots.slice(0, 23)}…` : slots,
    renderCount(keyTotal(keys)),
    renderBytes(bytes),
    `${source.role} ${source.address}`,
    file,
  ])
  const keys = shards.reduce((sum, shard) => sum + keyTotal(shard.keys), 0)
  const bytes = shards.reduce((sum, shard) => sum + shard.bytes, 0)
  const fromPrimaries = shards.filter(({source}) => source.role === 'primary').length
  const extras = [
    functions && renderAmount(functions.libraries.length, 'library', 'libraries'),
    acl ? `${renderAmount(acl.users.length, 'user')} (with hashes of their passwords)` : 'no users',
  ]
  return [
    ...renderTable(
      [{title: 'SLOTS'}, {title: 'KEYS', ...RIGHT}, {title: 'SIZE', ...RIGHT}, {title: 'FROM'}, {title: 'FILE'}],
      rows,
    ),
    ...(fromPrimaries > 0
      ? [`${renderAmount(fromPrimaries, 'shard')} had no replica in sync that gave it, so the primary did.`]
      : []),
    `${style.green('Saved')} ${renderAmount(keys, 'key')} (${renderBytes(bytes)}), ${extras.filter(Boolean).join(', ')} to ${folder}.`,
  ].join('\n')
}

/** A backup as `backup verify` found it. */
export function renderBackupReport({files, finishedAt, folder, status, totals}: BackupReport, style: Style): string {
  const lines = files.map(({bytes, file, keys, problems}) =>
    problems.length === 0
      ? `${style.green('ok      ')} ${file}  ${renderBytes(bytes)}${keys > 0 ? `, ${renderAmount(keys, 'key')}` : ''}`
      : `${style.red('DAMAGED ')} ${file} ${problems.join(', ')}`,
  )
  const stray = totals.strayKeys > 0 ? `, ${renderAmount(totals.strayKeys, 'key')} of slots they were not of` : ''
  const verdict = status === 'ok' ? style.green('whole') : style.red('damaged')
  return [
    ...lines,
    `The backup of ${finishedAt} in ${folder} is ${verdict}: ${renderAmount(totals.keys, 'key')}, ${renderBytes(totals.bytes)}${stray}.`,
  ].join('\n')
}

/** What a restore would do. */
export function renderRestorePlan({backup, functions, targets, users}: RestorePlan, style: Style): string {
  const rows = targets.map(({address, bytes, freeBytes, keysHeld, memoryBytes}) => [
    address,
    renderBytes(bytes),
    renderBytes(memoryBytes),
    freeBytes === null ? 'no limit' : renderBytes(freeBytes),
    renderCount(keysHeld),
  ])
  const {load} = functions
  return [
    `${style.bold('restore')} ${renderAmount(backup.totals.keys, 'key')} of ${backup.finishedAt}`,
    ...renderTable(
      [
        {title: 'TO'},
        {title: 'DATA', ...RIGHT},
        {title: 'MEMORY (ABOUT)', ...RIGHT},
        {title: 'FREE', ...RIGHT},
        {title: 'KEYS THERE', ...RIGHT},
      ],
      rows,
    ),
    ...(load.length > 0 ? [`${style.bold('functions')} ${load.join(', ')}`] : []),
    ...(users.length > 0 ? [`${style.bold('users')}     ${users.join(', ')}, on every node`] : []),
  ].join('\n')
}

export function renderRestoreResult(result: RestoreResult, style: Style): string {
  const {functionsLoaded, keys, skipped, strayKeysSkipped, users, verified} = result
  const parts = [
    renderAmount(keys.written, 'key'),
    ...(keys.replaced > 0 ? [`${renderCount(keys.replaced)} replaced`] : []),
    ...(keys.equal > 0 ? [`${renderCount(keys.equal)} there already`] : []),
    ...(keys.expired > 0 ? [`${renderCount(keys.expired)} expired meanwhile`] : []),
    ...(strayKeysSkipped > 0 ? [`${renderCount(strayKeysSkipped)} left out, not of their shard’s slots`] : []),
    ...(skipped > 0 ? [`${renderCount(skipped)} left out, too big for one command`] : []),
    ...(functionsLoaded.length > 0 ? [renderAmount(functionsLoaded.length, 'library', 'libraries')] : []),
    ...(users.length > 0 ? [renderAmount(users.length, 'user')] : []),
  ]
  const proof = verified ? ` Every key was compared: ${renderCount(verified.equal)} are equal.` : ''
  return [`${style.green('Restored')} ${parts.join(', ')}.${proof}`, ...troubles(result, style)].join('\n')
}

const NAMED_MAX = 10

function troubles({conflicts, keys, verified}: RestoreResult, style: Style): string[] {
  const lines: string[] = []
  if (keys.conflict > 0) {
    lines.push(
      `${style.yellow(`${renderAmount(keys.conflict, 'key')} of the cluster differ and were kept`)}: ${named(
        conflicts.map(({key}) => key),
        keys.conflict,
      )}`,
      'Pass --replace to let the backup win for these.',
    )
  }
  if (verified && verified.missing > 0) {
    lines.push(
      `${style.red(`${renderAmount(verified.missing, 'key')} missing`)}: ${named(verified.missingKeys, verified.missing)}`,
    )
  }
  if (verified && verified.different > keys.conflict) {
    const names = verified.differences.map(({key}) => key)
    lines.push(
      `${style.red(`${renderAmount(verified.different, 'key')} different`)}: ${named(names, verified.different)}`,
    )
  }
  if (verified && verified.missing + Math.max(0, verified.different - keys.conflict) > 0) {
    lines.push('Clients that write, or eviction (maxmemory-policy), may have changed them; else run it again.')
  }
  return lines
}

/** The first names of so many. */
function named(names: readonly string[], count: number): string {
  const shown = names.slice(0, NAMED_MAX)
  return shown.join(', ') + (count > shown.length ? ` and ${renderCount(count - shown.length)} more` : '')
}
