import type {KeyDifference, Verification} from '../../operations/crdb/verify.js'
import {renderAmount, renderCount} from './numbers.js'
import type {Style} from './style.js'
import {renderTable} from './table.js'

const VALUE_LENGTH_MAX = 60

/** What `crdb verify` found: a verdict, a line per region, then what differs and why. */
export function renderVerification(found: Verification, style: Style): string {
  const {behind, differingKeys, divergedSlots, equal, faults, keys, regions, slots, slotsNotLookedInto} = found
  const clusters = new Map(regions.map(({cluster, id}) => [id, cluster]))
  const name = (id: number) => clusters.get(id) ?? `instance ${id}`
  const silent = regions.filter(({error}) => error !== undefined)
  const areAnsweringEqual = behind.length + divergedSlots.length + faults.length === 0
  const verdict = equal
    ? style.green(`All ${regions.length} regions of ${found.name} are equal: ${renderAmount(slots, 'slot')} compared.`)
    : style.red(
        areAnsweringEqual
          ? `Not all regions of ${found.name} were compared: ${silent.map(({cluster}) => cluster).join(', ')} cannot be asked.`
          : `The regions of ${found.name} are not equal.`,
      )
  const rows = regions.map(({cluster, error, id, keys: size}) => [
    String(id),
    cluster,
    error === undefined ? renderCount(size) : '-',
    error === undefined ? 'compared' : style.red(`not compared: ${error}`),
  ])
  const table = renderTable(
    [{align: 'right', title: 'ID'}, {title: 'CLUSTER'}, {align: 'right', title: 'KEYS'}, {title: ''}],
    rows,
  )
  return [
    verdict,
    '',
    ...table,
    ...section(behind.length > 0, [
      style.bold('On their way, or cut off:'),
      ...behind.map(
        ({effects, of, region}) => `  ${name(region)} lacks ${renderAmount(effects, 'effect')} of ${name(of)}`,
      ),
    ]),
    ...section(divergedSlots.length > 0, [
      style.red('Slots that differ although all have applied the same, which is a fault of Shoal:'),
      `  ${divergedSlots.slice(0, 20).join(', ')}${divergedSlots.length > 20 ? ` and ${divergedSlots.length - 20} more` : ''}`,
    ]),
    ...section(keys.length > 0, [
      style.bold(
        `${renderAmount(differingKeys, 'key')} differ${differingKeys === 1 ? 's' : ''}${differingKeys > keys.length ? `; the first ${keys.length}` : ''}:`,
      ),
      ...keys.flatMap((key) => keyLines(key, name, style)),
      style.dim('shoal crdb explain KEY tells who wrote what, and when.'),
    ]),
    ...section(slotsNotLookedInto > 0, [`${renderAmount(slotsNotLookedInto, 'slot')} more were not looked into.`]),
    ...section(faults.length > 0, [
      style.red('Clients see these otherwise than the engine has them, which is a fault of Shoal:'),
      ...faults.slice(0, 20).map((line) => `  ${line}`),
    ]),
  ].join('\n')
}

function section(isThere: boolean, lines: readonly string[]): readonly string[] {
  return isThere ? ['', ...lines] : []
}

function keyLines({key, kind, regions, slot}: KeyDifference, name: (id: number) => string, style: Style): string[] {
  return [
    `  ${style.bold(JSON.stringify(key))} ${style.dim(`slot ${slot}, ${kind}`)}`,
    ...regions.map(({because, id, type, value}) => `    ${name(id)}: ${type}${shown(value)}; ${because}`),
  ]
}

/** Enough to tell one from another. */
function shown(value: string | undefined): string {
  if (value === undefined) return ''
  const text = JSON.stringify(value)
  return ` ${text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX)}...` : text}`
}
