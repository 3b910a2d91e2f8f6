import type {ClusterView} from '../../model/cluster-view.js'
import type {BalanceMeasure, Share} from '../../plan/moves/rebalance.js'
import {renderDuration} from '../duration.js'
import {nodeName} from '../wizard/plan-text.js'
import {renderBytes, renderCount} from './numbers.js'
import type {Style} from './style.js'
import {renderTable} from './table.js'

/** Who carries what, what would be fair, and what each has after the plan. */
export function renderBalance(shares: readonly Share[], by: BalanceMeasure, view: ClusterView, style: Style): string {
  const show = (load: number) => renderLoad(load, by)
  const isWeighted = shares.some(({weight}) => weight !== 1)
  const rows = shares.map(({after, fair, id, now, weight}) => [
    nodeName(view, id),
    ...(isWeighted ? [String(weight)] : []),
    show(now),
    show(fair),
    show(after),
  ])
  const columns = [
    {title: style.bold('primary')},
    ...(isWeighted ? [{align: 'right' as const, title: style.bold('weight')}] : []),
    ...[`${by} now`, 'fair share', 'after'].map((title) => ({align: 'right' as const, title: style.bold(title)})),
  ]
  return renderTable(columns, rows).join('\n')
}

function renderLoad(load: number, by: BalanceMeasure): string {
  if (by === 'memory') return renderBytes(load)
  return by === 'cpu' ? renderDuration(load / 1000) : renderCount(Math.round(load))
}
