import {renderAddress} from '../model/address.js'
import {
  dissentsOf,
  findNode,
  nameNode,
  openSlotsOf,
  ownersOf,
  ownRecord,
  primariesOf,
  replicaStateAt,
  replicasOf,
  uncoveredSlots,
} from '../model/cluster-map.js'
import type {ClusterView, NodeRecord} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {shortId} from '../model/node-id.js'
import {countSlots, rangesOf, renderRanges} from '../model/slot-set.js'
import {type Finding, finding, list, plural, sortFindings} from './finding.js'
import {accusersOf, type Known, named, newestRecords} from './health-known.js'
import {checkReach} from './health-reach.js'

const FEW_PRIMARIES = 3

/**
 * Everything wrong with a cluster, as far as one observation shows.
 *
 * @returns errors first, then warnings, then notices; within a severity in the order of FINDING_IDS. The same view gives
 *   the same findings.
 */
export function checkHealth(view: ClusterView): Finding[] {
  const known = newestRecords(view)
  const findings = [
    ...checkAgreement(view),
    ...checkMembership(view, known),
    ...checkCoverage(view),
    ...checkOpenSlots(view),
    ...checkReach(view, known),
    ...checkStates(view),
    ...checkEpochs(view),
    ...checkReplicas(view, known),
    ...checkRedundancy(view),
    ...checkHosts(view, known),
    ...checkSize(view),
    ...checkVersions(view),
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

function checkCoverage(view: ClusterView): Finding[] {
  const slots = uncoveredSlots(ownersOf(view))
  if (slots.length === 0) return []
  return [
    finding(
      'slots-uncovered',
      'error',
      [],
      `${plural(countSlots(slots), 'slot')} ${countSlots(slots) === 1 ? 'has' : 'have'} no owner: ${renderRanges(slots)}.`,
      {
        slots,
        suggestion: 'Bring back the node that owned them, or assign them with CLUSTER ADDSLOTSRANGE on a primary.',
      },
    ),
  ]
}

function checkOpenSlots(view: ClusterView): Finding[] {
  const byNode = new Map<string, ReturnType<typeof openSlotsOf>>()
  for (const open of openSlotsOf(view)) {
    const key = `${open.node.id} ${open.state}`
    byNode.set(key, [...(byNode.get(key) ?? []), open])
  }
  return [...byNode.values()].map((opens) => {
    const {node, state} = opens[0] as (typeof opens)[number]
    const slots = rangesOf(opens.map(({slot}) => slot))
    const peers = list([...new Set(opens.map(({peer}) => shortId(peer)))])
    const direction = state === 'migrating' ? 'to' : 'from'
    const message = `${nameNode(node)} is ${state} ${plural(opens.length, 'slot')} ${direction} ${peers}: ${renderRanges(slots)}.`
    return finding('slots-open', 'error', [node], message, {slots, suggestion: 'shoal resume'})
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
  const byEpoch = new Map<number, NodeRecord[]>()
  for (const {own, node} of primariesOf(view)) {
    byEpoch.set(own.configEpoch, [...(byEpoch.get(own.configEpoch) ?? []), {...own, address: node.address}])
  }
  return [...byEpoch].flatMap(([epoch, owners]) => {
    // Only owners of slots contend for them.
    if (owners.filter(({slots}) => slots.length > 0).length < 2) return []
    const text = `${list(owners.map(nameNode))} share config epoch ${epoch}; ownership of slots is undecided between them.`
    return [finding('epoch-collision', 'warning', owners, text, {suggestion: 'CLUSTER BUMPEPOCH on one of them.'})]
  })
}

function checkReplicas(view: ClusterView, known: Known): Finding[] {
  return replicasOf(view).flatMap(({node, own}) => {
    if (!own.primaryId || known.get(own.primaryId)?.role !== 'primary') {
      const text = `replica ${nameNode(node)} follows no known primary.`
      return [
        finding('replica-orphan', 'error', [node], text, {
          suggestion: 'CLUSTER REPLICATE on it, with the id of a primary.',
        }),
      ]
    }
    if (node.info.get('master_link_status') !== 'down') return []
    const primary = findNode(view, own.primaryId)
    if (node.info.get('master_sync_in_progress') === '1' || (primary && replicaStateAt(primary, own))) {
      const text = `replica ${nameNode(node)} is loading the data of its primary ${named(known, own.primaryId)}.`
      return [finding('replica-behind', 'notice', [node], text)]
    }
    const since = Number(node.info.get('master_link_down_since_seconds') ?? -1)
    const age = since >= 0 ? ` since ${since} s` : ''
    const text = `replica ${nameNode(node)} is cut off from its primary ${named(known, own.primaryId)}${age}; its data grows stale.`
    return [finding('replica-behind', 'warning', [node], text, {suggestion: 'See the log of the replica.'})]
  })
}

function checkRedundancy(view: ClusterView): Finding[] {
  const failed = accusersOf(view, ({fail}) => fail)
  const covered = new Set(
    replicasOf(view).flatMap(({node, own}) => (own.primaryId && !failed.has(node.id) ? [own.primaryId] : [])),
  )
  const bare = primariesOf(view).filter(({node, own}) => own.slots.length > 0 && !covered.has(node.id))
  if (bare.length === 0) return []
  const names = list(bare.map(({node}) => nameNode(node)))
  return [
    finding(
      'primary-without-replica',
      'warning',
      bare.map(({node}) => node),
      `Without a working replica, its slots go down with it: ${names}.`,
      {suggestion: `For each, start a node and: shoal add-node HOST:PORT ${renderAddress(view.seed)} --replica`},
    ),
  ]
}

/** Hosts are told apart by the addresses the nodes know each other by, whatever the operator typed for the seed. */
function checkHosts(view: ClusterView, known: Known): Finding[] {
  const hostOf = new Map<NodeId, string>()
  for (const {records} of view.nodes)
    for (const {id, address, myself} of records) if (!myself) hostOf.set(id, address.host)
  const groupedBy = (records: Iterable<NodeRecord>, keyOf: (record: NodeRecord) => string | undefined) => {
    const groups = new Map<string, NodeRecord[]>()
    for (const record of records) {
      const key = keyOf(record)
      if (key) groups.set(key, [...(groups.get(key) ?? []), record])
    }
    return groups
  }
  const byHost = (records: Iterable<NodeRecord>) =>
    groupedBy(records, ({id, address}) => hostOf.get(id) ?? address.host)

  const [host, ...otherHosts] = byHost(known.values()).keys()
  if (otherHosts.length === 0 && known.size > 1) {
    return [finding('shard-on-one-host', 'notice', [], `All nodes are on one host, ${host}.`)]
  }
  const shards = groupedBy(known.values(), ({id, role, primaryId}) => (role === 'replica' ? primaryId : id))
  return [...shards.values()].flatMap((members) =>
    [...byHost(members)].flatMap(([where, together]) => {
      if (together.length < 2) return []
      const text = `${list(together.map(nameNode))} are one shard on one host, ${where}.`
      const suggestion = 'Move one of them to another host.'
      return [finding('shard-on-one-host', 'warning', together, text, {suggestion})]
    }),
  )
}

function checkSize(view: ClusterView): Finding[] {
  const owners = primariesOf(view).filter(({own}) => own.slots.length > 0)
  if (owners.length === 0 || owners.length >= FEW_PRIMARIES || view.unreachable.length > 0) return []
  const text = `Only ${plural(owners.length, 'primary').replace('primarys', 'primaries')}: a failed one cannot be outvoted, so nothing fails over.`
  return [finding('few-primaries', 'notice', [], text)]
}

function checkVersions(view: ClusterView): Finding[] {
  const byVersion = new Map<string, NodeId[]>()
  for (const {id, info} of view.nodes) {
    const version = info.get('valkey_version') ?? info.get('redis_version')
    if (version) byVersion.set(version, [...(byVersion.get(version) ?? []), id])
  }
  if (byVersion.size < 2) return []
  const counts = [...byVersion].sort().map(([version, ids]) => `${version} (${plural(ids.length, 'node')})`)
  return [finding('version-skew', 'notice', [], `Nodes run different versions: ${list(counts)}.`)]
}
