import {renderAddress} from '../../model/address.js'
import {findNode} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import {type NodeId, shortId} from '../../model/node-id.js'
import type {MovePlan} from '../../plan/moves/reshard-document.js'
import {renderDuration} from '../duration.js'
import {renderAmount, renderBytes, renderCount} from '../render/numbers.js'
import type {Style} from '../render/style.js'
import {renderTable} from '../render/table.js'

/** Ranges of a plan that are shown in full; a fragmented plan is cut here, `--json` has it all. */
const RANGES_SHOWN_MAX = 8

/** `127.0.0.1:7000`, also of a node that does not answer; the short id if nobody knows an address of it. */
export function nodeName(view: ClusterView, id: NodeId): string {
  const records = view.nodes.flatMap((node) => node.records)
  const known = findNode(view, id) ?? records.find((record) => record.id === id && record.address.host !== '')
  return known ? renderAddress(known.address) : shortId(id)
}

/** What a plan does and what it costs, for people: a table and a line. */
export function renderMovePlan(plan: MovePlan, view: ClusterView, style: Style): string {
  if (plan.steps.length === 0) return 'Nothing to do: the slots are where they should be.'
  const rows = plan.steps.map(({from, keyCount, slotCount, slots, to}) => [
    nodeName(view, from),
    nodeName(view, to),
    renderCount(slotCount),
    renderCount(keyCount),
    shortenRanges(slots),
  ])
  const table = renderTable(
    [
      {title: style.bold('from')},
      {title: style.bold('to')},
      {align: 'right', title: style.bold('slots')},
      {align: 'right', title: style.bold('keys')},
      {title: style.bold('which')},
    ],
    rows,
  )
  const {bytes, durationMs, keyCount, slotCount} = plan.cost
  const cost = `${renderAmount(slotCount, 'slot')}, ${renderAmount(keyCount, 'key')}, about ${renderBytes(bytes)}, about ${renderDuration(durationMs)}`
  return [...table, '', `In all: ${cost}.`].join('\n')
}

function shortenRanges(ranges: string): string {
  const parts = ranges.split(',')
  if (parts.length <= RANGES_SHOWN_MAX) return ranges
  return `${parts.slice(0, RANGES_SHOWN_MAX).join(',')} and ${parts.length - RANGES_SHOWN_MAX} ranges more`
}
