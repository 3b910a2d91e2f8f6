import {renderAddress} from '../../model/address.js'
import {
  findNode,
  nameNode,
  type ObservedNode,
  primariesOf,
  replicaStateAt,
  replicasOf,
} from '../../model/cluster-map.js'
import type {ClusterView, NodeView} from '../../model/cluster-view.js'
import {type Finding, finding, list} from '../finding.js'
import {accusersOf, type Known, named} from './known.js'
import type {TraitsByNode} from './traits.js'

/** Below this nobody counts bytes: the two ends were asked at different moments. */
const LAG_BYTES_MIN = 10 * 1024 * 1024

/** A replica answers every second, and a primary speaks every ten. Seconds. */
const ACK_AGE_MAX_S = 10
const SILENCE_MAX_S = 30

/** Whether replicas follow whom they should, how closely, and whether every owner of slots has one. */
export function checkReplication(view: ClusterView, known: Known, traits: TraitsByNode): Finding[] {
  return [
    ...replicasOf(view).flatMap((replica) => checkReplica(view, known, replica)),
    ...checkRedundancy(view, traits),
  ]
}

function checkReplica(view: ClusterView, known: Known, {node, own}: ObservedNode): Finding[] {
  const leader = own.primaryId && known.get(own.primaryId)
  if (!leader) {
    return [
      finding('replica-orphan', 'error', [node], `replica ${nameNode(node)} follows no known primary.`, {
        suggestion: 'CLUSTER REPLICATE on it, with the id of a primary.',
      }),
    ]
  }
  const chained: Finding[] = []
  if (leader.role === 'replica') {
    const text = `replica ${nameNode(node)} follows ${nameNode(leader)}, which is a replica itself: nobody elects it.`
    const suggestion = `CLUSTER REPLICATE ${leader.primaryId ?? 'ID'} on ${nameNode(node)}.`
    chained.push(finding('replica-of-replica', 'warning', [node], text, {suggestion}))
  }
  const primary = findNode(view, leader.id)
  if (node.info.get('master_link_status') === 'down') {
    const syncs = node.info.get('master_sync_in_progress') === '1' || (primary && replicaStateAt(primary, own))
    const follows = named(known, leader.id)
    return [...chained, syncs ? loading(node, follows) : cutOff(node, follows)]
  }
  return [...chained, ...checkLag(node, primary, named(known, leader.id))]
}

function loading(node: NodeView, primary: string): Finding {
  const left = Number(node.info.get('master_sync_left_bytes') ?? 0)
  const rest = left > 0 ? `, ${left} bytes to go` : ''
  const text = `replica ${nameNode(node)} is loading the data of its primary ${primary}${rest}.`
  return finding('replica-behind', 'notice', [node], text)
}

function cutOff(node: NodeView, primary: string): Finding {
  const since = Number(node.info.get('master_link_down_since_seconds') ?? -1)
  const age = since >= 0 ? ` since ${since} s` : ''
  const text = `replica ${nameNode(node)} is cut off from its primary ${primary}${age}; its data grows stale.`
  return finding('replica-behind', 'warning', [node], text, {suggestion: 'See the log of the replica.'})
}

/** A link that is up, over which not enough comes. */
function checkLag(node: NodeView, primary: NodeView | undefined, primaryName: string): Finding[] {
  const behind = bytesBehind(node, primary)
  const lagMax = Math.max(LAG_BYTES_MIN, Number(primary?.info.get('repl_backlog_size') ?? 0))
  const silent = Number(node.info.get('master_last_io_seconds_ago') ?? -1)
  const unheard = primary ? ackAge(node, primary) : 0
  const parts = [
    ...(behind > lagMax ? [`is ${behind} bytes behind`] : []),
    ...(silent > SILENCE_MAX_S ? [`has heard nothing for ${silent} s`] : []),
    ...(unheard > ACK_AGE_MAX_S ? [`has confirmed nothing for ${unheard} s`] : []),
  ]
  if (parts.length === 0) return []
  const text = `replica ${nameNode(node)} of ${primaryName} ${parts.join(' and ')}; a failover would lose what it lacks.`
  const suggestion = 'Look at its load, its network, and the rate of writes; the backlog is repl-backlog-size.'
  return [finding('replica-lagging', 'warning', [node], text, {suggestion})]
}

function bytesBehind({info}: NodeView, primary: NodeView | undefined): number {
  const ahead = Number(primary?.info.get('master_repl_offset') ?? Number.NaN)
  // Another history has other offsets: they cannot be compared.
  const sameHistory = primary?.info.get('master_replid') === info.get('master_replid')
  const behind = ahead - Number(info.get('slave_repl_offset') ?? Number.NaN)
  return sameHistory && behind > 0 ? behind : 0
}

/** Seconds since the replica's last word, as its primary tells it: `slave0:ip=..,port=..,state=online,offset=..,lag=1`. */
function ackAge(replica: NodeView, primary: NodeView): number {
  const own = replica.records.find(({myself}) => myself)
  for (const [field, value] of primary.info) {
    if (!/^slave\d+$/.test(field) || !value.includes('state=online')) continue
    const at = /^ip=(.*?),port=(\d+),/.exec(value)
    if (own && at?.[1] === own.address.host && Number(at[2]) === own.address.port) {
      return Number(/,lag=(\d+)/.exec(value)?.[1] ?? 0)
    }
  }
  return 0
}

function checkRedundancy(view: ClusterView, traits: TraitsByNode): Finding[] {
  const failed = accusersOf(view, ({fail}) => fail)
  const working = replicasOf(view).filter(({node}) => !failed.has(node.id))
  const covered = new Set(working.flatMap(({own}) => own.primaryId ?? []))
  const owners = primariesOf(view).filter(({own}) => own.slots.length > 0)
  const bare = owners.filter(({node}) => !covered.has(node.id)).map(({node}) => node)
  const findings: Finding[] = []
  if (bare.length > 0) {
    const text = `Without a working replica, its slots go down with it: ${list(bare.map(nameNode))}.`
    const suggestion = `For each, start a node and: shoal add-node HOST:PORT ${renderAddress(view.seed)} --replica`
    findings.push(finding('primary-without-replica', 'warning', bare, text, {suggestion}))
  }
  const unwilling = owners
    .filter(({node}) => covered.has(node.id))
    .filter(({node}) => {
      const own = working.filter((replica) => replica.own.primaryId === node.id)
      return own.every((replica) => refusesFailover(replica, traits))
    })
    .map(({node}) => node)
  if (unwilling.length > 0) {
    const text = `No replica may take over (cluster-replica-no-failover yes): ${list(unwilling.map(nameNode))}.`
    const suggestion = 'CONFIG SET cluster-replica-no-failover no on a replica of each.'
    findings.push(finding('replica-no-failover', 'warning', unwilling, text, {suggestion}))
  }
  return findings
}

function refusesFailover({node}: ObservedNode, traits: TraitsByNode): boolean {
  return traits.get(node.id)?.settings?.get('cluster-replica-no-failover') === 'yes'
}
