import {type Address, compareNaturally, renderAddress} from './address.js'
import {ownRecord} from './cluster-map.js'
import type {ClusterView, NodeRecord, NodeView} from './cluster-view.js'
import type {NodeId} from './node-id.js'
import type {SlotRange} from './slot-set.js'

/** One node of a cluster, whether it answered or not. */
export interface Member {
  /** 1, 2, ... in order of address, dead nodes included: the same for every seed, until a node comes or goes. */
  readonly number: number
  readonly id: NodeId
  /** As the cluster announces it. The host is empty for a node whose address nobody knows. */
  readonly address: Address
  /** Its own line of CLUSTER NODES; of a node that did not answer, the newest that another holds. */
  readonly record: NodeRecord
  /** The slots it serves: its own, or those of its primary. */
  readonly served: readonly SlotRange[]
  /** Undefined if it did not answer. */
  readonly view?: NodeView
  /** Why it did not answer. */
  readonly reason?: string
  /** How long ago another node last heard of it, by that node's clock. Milliseconds; undefined for nodes that answer. */
  readonly lastSeenMs?: number
  /** How many of the nodes that answered take it for dead, or suspect it. */
  readonly suspectedBy: number
}

interface Hearsay {
  newest: NodeRecord
  lastSeenMs: number
  suspectedBy: number
}

/** Every node that any answer names, in order of address. Introductions nobody answered yet are no members. */
export function membersOf(view: ClusterView): Member[] {
  const heard = gather(view)
  const answered = new Map(view.nodes.map((node) => [node.id, node]))
  const reasons = new Map(view.unreachable.map(({id, reason}) => [id, reason]))
  const records = new Map([...heard].map(([id, {newest}]) => [id, newest]))
  for (const node of view.nodes) {
    const own = ownRecord(node)
    if (own) records.set(node.id, own)
  }
  return [...records.values()]
    .sort((a, b) => compareNaturally(a.address, b.address) || (a.id < b.id ? -1 : 1))
    .map((record, index): Member => {
      const {address, id, primaryId, role} = record
      const node = answered.get(id)
      const hearsay = heard.get(id)
      const seen = hearsay && Number.isFinite(hearsay.lastSeenMs) ? hearsay.lastSeenMs : undefined
      const primary = role === 'replica' && primaryId !== undefined ? records.get(primaryId) : undefined
      return {
        number: index + 1,
        id,
        address,
        record,
        served: role === 'replica' ? (primary?.slots ?? []) : record.slots,
        ...(node ? {view: node} : {reason: reasons.get(id) ?? 'no node knows its address'}),
        ...(!node && seen !== undefined && {lastSeenMs: seen}),
        suspectedBy: hearsay?.suspectedBy ?? 0,
      }
    })
}

/** What the nodes that answered say of others. */
function gather(view: ClusterView): Map<NodeId, Hearsay> {
  const heard = new Map<NodeId, Hearsay>()
  for (const {info, records} of view.nodes) {
    const nowMs = Number(info.get('server_time_usec')) / 1000
    for (const record of records) {
      if (record.myself || record.handshake) continue
      const suspected = record.fail || record.pfail ? 1 : 0
      // NaN, where the observer does not tell the time, compares as not nearer.
      const seenMs = record.pongAtMs === undefined ? Number.NaN : Math.max(0, nowMs - record.pongAtMs)
      const known = heard.get(record.id)
      if (!known) {
        const lastSeenMs = Number.isNaN(seenMs) ? Number.POSITIVE_INFINITY : seenMs
        heard.set(record.id, {newest: record, lastSeenMs, suspectedBy: suspected})
        continue
      }
      if (record.configEpoch > known.newest.configEpoch) known.newest = record
      if (seenMs < known.lastSeenMs) known.lastSeenMs = seenMs
      known.suspectedBy += suspected
    }
  }
  return heard
}

/** How it is with a node: what it says of itself, else what others say. */
export type MemberState = 'ok' | 'suspected' | 'cluster-down' | 'loading' | 'down'

export function stateOf({reason, suspectedBy, view}: Member): MemberState {
  if (!view) return /\bLOADING\b/.test(reason ?? '') ? 'loading' : 'down'
  if (view.info.get('loading') === '1') return 'loading'
  if (view.clusterInfo.get('cluster_state') === 'fail') return 'cluster-down'
  return suspectedBy > 0 ? 'suspected' : 'ok'
}

/** How it is with a replica's copy. A primary's is `ok` as long as it answers. */
export type CopyState = 'ok' | 'loading' | 'syncing' | 'link-down' | 'down'

export function copyStateOf(member: Member): CopyState {
  const state = stateOf(member)
  if (state === 'loading' || state === 'down') return state
  const info = member.view?.info
  if (member.record.role === 'primary' || info?.get('master_link_status') === 'up') return 'ok'
  return info?.get('master_sync_in_progress') === '1' ? 'syncing' : 'link-down'
}

/**
 * How many bytes of its primary's stream a replica has not taken yet. The two were not asked at one instant, so a few
 * bytes more or less mean nothing.
 *
 * @returns undefined unless both answered and say so
 */
export function lagBytesOf(replica: Member, members: readonly Member[]): number | undefined {
  const primary = members.find(({id}) => id === replica.record.primaryId)
  const ahead = primary?.view && numberIn(primary.view.info, 'master_repl_offset')
  const behind = replica.view && numberIn(replica.view.info, 'slave_repl_offset')
  return ahead === undefined || behind === undefined ? undefined : Math.max(0, ahead - behind)
}

/** A field of INFO as a number; undefined if the node does not tell. */
export function numberIn(info: ReadonlyMap<string, string>, field: string): number | undefined {
  const text = info.get(field)
  if (text === undefined || text === '') return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

/** `10.0.0.1:7000`; `-` for a node whose address nobody knows. */
export function placeOf({address}: Member): string {
  return address.host === '' ? '-' : renderAddress(address)
}
