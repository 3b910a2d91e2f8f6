import type {LagReport, RegionLag} from '../../operations/crdb/lag.js'
import {renderCount} from './numbers.js'
import type {Style} from './style.js'
import {renderTable} from './table.js'

/** A line for each region and each that it hears of. @param clusters - by id of the instance */
export function renderLag(report: LagReport, clusters: ReadonlyMap<number, string>, style: Style): string[] {
  const name = (id: number) => clusters.get(id) ?? `instance ${id}`
  const rows = report.links.map((link) => [
    name(link.region),
    name(link.from),
    paint(link, style),
    link.lagMs === null ? '-' : `${renderCount(link.lagMs)} ms`,
    link.pendingEffects === null ? '-' : renderCount(link.pendingEffects),
    link.status === 'in-sync' ? '' : link.lastError,
  ])
  const answering = new Set(report.links.map(({region}) => region))
  const silent = report.silent.filter(({id}) => !answering.has(id))
  rows.push(...silent.map(({cluster}) => [cluster, '-', style.red('silent'), '-', '-', '']))
  const titles = [
    {title: 'REGION'},
    {title: 'HEARS'},
    {title: 'STATUS'},
    {align: 'right', title: 'LAG'},
    {align: 'right', title: 'PENDING'},
    {title: ''},
  ] as const
  return [
    ...renderTable(titles, rows),
    ...report.silent.map(({cluster, error, id}) =>
      style.red(`${cluster} does not answer${answering.has(id) ? ' for all of its slots' : ''}: ${error}`),
    ),
  ]
}

function paint({status}: RegionLag, style: Style): string {
  if (status === 'in-sync') return style.green(status)
  return status === 'syncing' ? style.yellow(status) : style.red(status)
}
