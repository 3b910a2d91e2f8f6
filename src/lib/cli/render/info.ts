import type {ClusterSummary} from '../../model/cluster-summary.js'
import {shortId} from '../../model/node-id.js'
import {renderAmount, renderBytes, renderCount} from './numbers.js'
import {renderSlotMap, slotLetter} from './slot-map.js'
import type {Style} from './style.js'
import {renderTable} from './table.js'

/** Widest list of replicas before it is cut short. */
const REPLICAS_SHOWN = 3

/**
 * A cluster at a glance: one line per primary, the totals, and who owns which part of the slots.
 *
 * @param ownerIndex - slot -> index into `summary.shards`, see `shardIndexOfSlots`
 */
export function renderInfo(summary: ClusterSummary, ownerIndex: Int16Array, style: Style, columns: number): string {
  const {shards, totals, unreachable} = summary
  const rows = shards.map(({address, id, keys, slotCount, replicas, memoryBytes}, index) => [
    style.nth(index, style.color ? '█' : slotLetter(index)),
    address,
    shortId(id),
    renderCount(keys),
    renderCount(slotCount),
    String(replicas.length),
    memoryBytes > 0 ? renderBytes(memoryBytes) : '-',
    renderReplicas(replicas),
  ])
  const table = renderTable(
    [
      {title: ''},
      {title: 'PRIMARY'},
      {title: 'ID'},
      {title: 'KEYS', align: 'right'},
      {title: 'SLOTS', align: 'right'},
      {title: 'REPLICAS', align: 'right'},
      {title: 'MEMORY', align: 'right'},
      {title: 'REPLICATED BY'},
    ],
    rows,
  )
  const lines = [
    style.bold(table[0] ?? ''),
    ...table.slice(1),
    '',
    [
      renderAmount(totals.primaries, 'primary', 'primaries'),
      renderAmount(totals.replicas, 'replica'),
      renderAmount(totals.keys, 'key'),
      `${renderCount(totals.slotsCovered)} of 16,384 slots`,
      renderBytes(totals.memoryBytes),
    ].join(', '),
    ...unreachable.map(({address, reason}) => style.red(`${address} does not answer: ${reason}`)),
    '',
    ...renderSlotMap(ownerIndex, style, columns),
  ]
  return lines.join('\n')
}

function renderReplicas(replicas: readonly {readonly address: string}[]): string {
  const shown = replicas.slice(0, REPLICAS_SHOWN).map(({address}) => address)
  const more = replicas.length - shown.length
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(', ')
}
