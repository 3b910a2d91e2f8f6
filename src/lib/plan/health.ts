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
import {countSlots, rangesOf, renderRanges, type SlotRange} from '../model/slot-set.js'

export const SEVERITIES = ['error', 'warning', 'notice'] as const
export type Severity = (typeof SEVERITIES)[number]

/** What a finding is about; stable names, for scripts. */
export const FINDING_IDS = [
  'nodes-disagree',
  'nodes-unknown',
  'slots-uncovered',
  'slots-open',
  'keys-stray',
  'node-failed',
  'node-suspected',
  'node-unreachable',
  'state-down',
  'epoch-collision',
  'link-down',
  'replica-behind',
  'replica-orphan',
  'primary-without-replica',
  'shard-on-one-host',
  'few-primaries',
  'version-skew',
] as const
export type FindingId = (typeof FINDING_IDS)[number]

export interface FindingNode {
  readonly id: NodeId
  /** HOST:PORT. */
  readonly address: string
}

/** One thing that is wrong, or worth knowing. */
export interface Finding {
  readonly id: FindingId
  readonly severity: Severity
  readonly nodes: readonly FindingNode[]
  /** `0-5460,6000`; empty if it is not about slots. */
  readonly slots: string
  /** One sentence, naming nodes and slots. */
  readonly message: string
  /** What to do: a command line, or a sentence where no command helps. Empty for notices that need nothing. */
  readonly suggestion: string
}

/** Findings that pass by themselves while news travels; a check waits a little before it reports them. */
export const TRANSIENT: ReadonlySet<FindingId> = new Set<FindingId>([
  'nodes-disagree',
  'nodes-unknown',
  'epoch-collision',
])

const FEW_PRIMARIES = 3

type Known = ReadonlyMap<NodeId, NodeRecord>

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
    ...checkFailures(view, known),
    ...checkStates(view),
    ...checkEpochs(view),
    ...checkLinks(view, known),
    ...checkReplicas(view, known),
    ...checkRedundancy(view),
    ...checkHosts(view, known),
    ...checkSize(view),
    ...checkVersions(view),
  ]
  return sortFindings(findings)
}

/** Errors first; within a severity in the order of FINDING_IDS. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const rank = ({id, severity}: Finding) => SEVERITIES.indexOf(severity) * 100 + FINDING_IDS.indexOf(id)
  return [...findings].sort((a, b) => rank(a) - rank(b))
}

/** The newest record of every node anybody knows; a node's own word about itself first. */
function newestRecords(view: ClusterView): Known {
  const known = new Map<NodeId, NodeRecord>()
  for (const node of view.nodes) {
    for (const record of node.records) {
      const other = known.get(record.id)
      const newer = !other || record.myself || (!other.myself && record.configEpoch > other.configEpoch)
      if (newer && !record.handshake) known.set(record.id, record)
    }
  }
  // Shown by the address Shoal reaches it by, which is the one to paste.
  for (const {id, address} of view.nodes) {
    const record = known.get(id)
    if (record) known.set(id, {...record, address})
  }
  return known
}

function asFindingNode({id, address}: Pick<NodeRecord, 'id' | 'address'>): FindingNode {
  return {id, address: renderAddress(address)}
}

/** A finding with its nodes and slots in the form that is printed. */
export function finding(
  id: FindingId,
  severity: Severity,
  nodes: readonly Pick<NodeRecord, 'id' | 'address'>[],
  message: string,
  {slots = [], suggestion = ''}: {slots?: readonly SlotRange[]; suggestion?: string} = {},
): Finding {
  return {id, severity, nodes: nodes.map(asFindingNode), slots: renderRanges(slots), message, suggestion}
}

function named(known: Known, id: NodeId): string {
  const record = known.get(id)
  return record ? nameNode(record) : shortId(id)
}

function list(names: readonly string[]): string {
  return names.join(', ')
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
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

function checkFailures(view: ClusterView, known: Known): Finding[] {
  const unreachable = new Map(view.unreachable.flatMap((node) => (node.id ? [[node.id, node] as const] : [])))
  const failed = accusersOf(view, ({fail, noaddr}) => fail || noaddr)
  const suspected = accusersOf(view, ({pfail}) => pfail)
  const findings: Finding[] = []
  for (const [id, record] of known) {
    const accusers = failed.get(id)
    const reason = unreachable.get(id)?.reason
    const what = `${record.role} ${nameNode(record)}`
    if (accusers) {
      const also = reason === undefined ? '' : `; from here: ${reason}`
      const text = `${what} is marked as failed by ${plural(accusers.length, 'node')}${also}.`
      findings.push(
        finding('node-failed', 'error', [record], text, {suggestion: 'Start the node again, or replace it.'}),
      )
    } else if (reason !== undefined) {
      findings.push(
        finding('node-unreachable', 'error', [record], `${what} does not answer: ${reason}.`, {
          suggestion: /password/.test(reason)
            ? 'Give the password that all nodes share by SHOAL_PASSWORD, --askpass or --password.'
            : 'If the node announces an address that is not reachable from here, pass --address-map FROM=TO.',
        }),
      )
    }
    const doubters = suspected.get(id)
    if (doubters && !accusers) {
      const text = `${what} is suspected to have failed by ${list(doubters.map((by) => named(known, by)))}.`
      findings.push(
        finding('node-suspected', 'warning', [record], text, {suggestion: `shoal check ${renderAddress(view.seed)}`}),
      )
    }
  }
  return findings
}

/** Node -> the nodes in whose view `test` holds for it. */
function accusersOf(view: ClusterView, test: (record: NodeRecord) => boolean): Map<NodeId, NodeId[]> {
  const accusers = new Map<NodeId, NodeId[]>()
  for (const {id: by, records} of view.nodes) {
    for (const record of records) if (test(record)) accusers.set(record.id, [...(accusers.get(record.id) ?? []), by])
  }
  return accusers
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

function checkLinks(view: ClusterView, known: Known): Finding[] {
  const failing = new Set([...accusersOf(view, ({fail, pfail, noaddr}) => fail || pfail || noaddr).keys()])
  const cut = accusersOf(view, ({linked, handshake}) => !linked && !handshake)
  return [...cut].flatMap(([id, by]) => {
    const record = known.get(id)
    if (!record || failing.has(id)) return []
    const observers = list(by.map((observer) => named(known, observer)))
    return [
      finding('link-down', 'warning', [record], `${observers} hold no bus link to ${nameNode(record)}.`, {
        suggestion: `Check that bus port ${record.busPort} of ${record.address.host} is open to those nodes.`,
      }),
    ]
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
      {suggestion: 'Start more nodes and make them replicas with CLUSTER REPLICATE.'},
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
