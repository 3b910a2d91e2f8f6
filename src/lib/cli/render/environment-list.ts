import type {EnvironmentSummary} from '../../environment/list.js'
import {NO_ENVIRONMENTS, paintState} from './environment.js'
import type {Style} from './style.js'
import {type Column, renderTable} from './table.js'

const COLUMNS: readonly Column[] = [
  {title: 'NAME'},
  {title: 'STATE'},
  {title: 'ENGINE'},
  {title: 'TOPOLOGY'},
  {align: 'right', title: 'NODES'},
  {align: 'right', title: 'FAULTS'},
  {title: 'SEED'},
]

export function renderEnvironmentList(environments: readonly EnvironmentSummary[], style: Style): string {
  if (environments.length === 0) return NO_ENVIRONMENTS
  const rows = environments.map(({engine = '-', faults, name, nodes, running, seed = '-', state, topology = '-'}) => {
    const count = running === nodes ? String(nodes) : `${running}/${nodes}`
    return [name, paintState(state, style), engine, topology, count, String(faults), seed]
  })
  const [titles = '', ...lines] = renderTable(COLUMNS, rows)
  return [style.dim(titles), ...lines].join('\n')
}
