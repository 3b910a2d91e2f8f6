import type {ClusterView} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {parseRanges, slotsOf} from '../model/slot-set.js'
import type {FixRecord} from '../operations/journal.js'
import {requirePrimary} from '../plan/find-node.js'
import type {FixChoices} from '../plan/fix/slot.js'
import {badFlag} from './flags.js'

/**
 * Reads what the operator decided: `0-99,300=NODE`, as often as needed.
 *
 * @throws {CliError} BAD_FLAG; UNKNOWN_NODE, NOT_A_PRIMARY
 */
export function choicesOf(
  view: ClusterView,
  {owners, withUnreachable}: Pick<FixRecord, 'owners' | 'withUnreachable'>,
): FixChoices {
  const chosen = new Map<number, NodeId>()
  for (const text of owners) {
    const [, ranges = '', name = ''] = /^([^=]*)=(.+)$/.exec(text) ?? []
    const slots = parseRanges(ranges)
    if (!slots) throw badFlag(`--owner ${text} is not SLOTS=NODE`, ['--owner 0-99,300=127.0.0.1:7000'])
    const {node} = requirePrimary(view, name)
    for (const slot of slotsOf(slots)) {
      if (chosen.has(slot) && chosen.get(slot) !== node.id) throw badFlag(`--owner gives slot ${slot} to two nodes`)
      chosen.set(slot, node.id)
    }
  }
  return {owners: chosen, withUnreachable}
}
