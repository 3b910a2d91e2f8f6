import {renderAddress} from '../../model/address.js'
import {dissentsOf, nameNode, ownRecord, primariesOf, rivalsOf} from '../../model/cluster-map.js'
import type {ClusterView, NodeRecord} from '../../model/cluster-view.js'
import {countSlots, renderRanges} from '../../model/slot-set.js'
import {type Finding, finding, list, plural, sortFindings} from '../finding.js'
import type {ZoneLabels} from '../zone.js'
import {checkDrift} from './drift.js'
import {type Known, named, newestRecords} from './known.js'
import {checkMemory} from './memory.js'
import {checkPersistence} from './persistence.js'
import {checkPlaces} from './places.js'
import {checkReach} from './reach.js'
import {checkReplication} from './replicas.js'
import {checkSlots} from './slots.js'
import {checkToldAll, type TraitsByNode} from './traits.js'

const FEW_PRIMARIES = 3

export interface HealthOptions {
  /** What nodes told beside their views; what is not told is not judged. */
  readonly traits?: TraitsByNode
  readonly zones?: ZoneLabels
}

/**
 * Everything wrong with a cluster, as far as one observation shows.
 *
 * @returns errors first, then warnings, then notices; within a severity in the order of FINDING_IDS. The same view gives
 *   the same findings.
 */
export function checkHealth(view: ClusterView, {traits = new Map(), zones}: HealthOptions = {}): Finding[] {
  const known = newestRecords(view)
  const findings = [
    ...checkAgreement(view),
    ...checkMembership(view, known),
    ...checkSlots(view),
    ...checkReach(view, known),
    ...checkStates(view),
    ...checkEpochs(view),
    ...checkReplication(view, known, traits),
    ...checkPlaces(view, known, zones),
    ...checkSize(view),
    ...checkMemory(view),
    ...checkPersistence(view, traits),
    ...checkDrift(view, traits),
    ...checkToldAll(view, traits),
  ]
  return sortFindings(findings)
}

function checkAgreement(view: ClusterView): Finding[] {
  return dissentsOf(view).map(({node, slots}) =>
    finding(
      'nodes-disagree',
      'error',
      [node],
      `${nameNode(node)} sees other owners than the owners themselves for ${plural(countSlots(slots), 'slot')}: ${renderRanges(slots)}.`,
      {slots, suggestion: 'If it stays so, look at the bus links of that node: it does not hear of the change.'},
    ),
  )
}

/** Each node must know each other; the failing and the unknown may be missed only together. */
function checkMembership(view: ClusterView, known: Known): Finding[] {
  const idsKnownTo = new Map(view.nodes.map(({id, records}) => [id, new Set(records.map((record) => record.id))]))
  return view.nodes.flatMap((node) => {
    const seenBy = view.nodes.filter(({id}) => id !== node.id && !idsKnownTo.get(id)?.has(node.id))
    if (seenBy.length === 0) return []
    const names = list(seenBy.map(({id}) => named(known, id)))
    return [
      finding('nodes-unknown', 'error', [node, ...seenBy], `${nameNode(node)} is not known to ${names}.`, {
        suggestion: `Check that bus port ${ownRecord(node)?.busPort} of ${node.address.host} is open to those nodes.`,
      }),
    ]
  })
}

function checkStates(view: ClusterView): Finding[] {
  const down = view.nodes.filter(({clusterInfo}) => clusterInfo.get('cluster_state') !== 'ok')
  if (down.length === 0) return []
  const who = down.length === view.nodes.length ? 'every node' : list(down.map(nameNode))
  return [
    finding('state-down', 'error', down, `The cluster is down in the eyes of ${who}.`, {
      suggestion: 'Solve the other findings; the nodes follow within seconds.',
    }),
  ]
}

function checkEpochs(view: ClusterView): Finding[] {
  const rivals = rivalsOf(view)
  const byEpoch = new Map<number, NodeRecord[]>()
  for (const {own, node} of primariesOf(view)) {
    byEpoch.set(own.configEpoch, [...(byEpoch.get(own.configEpoch) ?? []), {...own, address: node.address}])
  }
  return [...byEpoch].flatMap(([epoch, owners]) => {
    // Only owners of slots contend for them.
    if (owners.filter(({slots}) => slots.length > 0).length < 2) return []
    const text = `${list(owners.map(nameNode))} share config epoch ${epoch}; ownership of slots is undecided between them.`
    // By its new epoch the others would drop the keys of slots that they dispute with it.
    const suggestion = owners.some(({id}) => rivals.has(id))
      ? `shoal fix ${renderAddress(view.seed)}`
      : 'CLUSTER BUMPEPOCH on one of them.'
    return [finding('epoch-collision', 'warning', owners, text, {suggestion})]
  })
}

function checkSize(view: ClusterView): Finding[] {
  const owners = primariesOf(view).filter(({own}) => own.slots.length > 0)
  if (owners.length === 0 || owners.length >= FEW_PRIMARIES || view.unreachable.length > 0) return []
  const text = `Only ${plural(owners.length, 'primary').replace('primarys', 'primaries')}: a failed one cannot be outvoted, so nothing fails over.`
  return [finding('few-primaries', 'notice', [], text)]
}
