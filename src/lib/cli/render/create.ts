import {countSlots} from '../../model/slot-set.js'
import type {CreatePlan, PlannedNode} from '../../plan/create.js'
import {renderAmount, renderCount} from './numbers.js'
import type {Style} from './style.js'
import {renderTable} from './table.js'
import {wrapText} from './wrap.js'

/**
 * A plan to create a cluster: a line per shard, then what the operator should know before saying yes.
 *
 * @param columns - warnings are wrapped to this width
 */
export function renderCreatePlan(
  {shards}: CreatePlan,
  warnings: readonly string[],
  style: Style,
  columns: number,
): string {
  const replicaCount = shards.reduce((total, {replicas}) => total + replicas.length, 0)
  const title = `${renderAmount(shards.length, 'primary', 'primaries')}, ${renderAmount(replicaCount, 'replica')}`
  const rows = shards.map(({primary, replicas, slots}) => [
    renderNode(primary),
    `${slots.first}-${slots.last}`,
    renderCount(countSlots([slots])),
    replicas.map(renderNode).join(', ') || '-',
  ])
  const [head = '', ...body] = renderTable(
    [{title: 'PRIMARY'}, {title: 'SLOTS'}, {title: 'COUNT', align: 'right'}, {title: 'REPLICATED BY'}],
    rows,
  )
  const notes = warnings.flatMap((warning) => {
    const [first = '', ...rest] = wrapText(warning, columns - 9)
    return [`${style.yellow('WARNING')}  ${first}`, ...rest.map((line) => `         ${line}`)]
  })
  return [`New cluster: ${title}`, style.bold(head), ...body, ...notes].join('\n')
}

function renderNode({address, zone}: PlannedNode): string {
  return zone === null ? address : `${address} (${zone})`
}
