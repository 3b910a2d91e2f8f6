import {CliError} from '../kernel/errors.js'
import {renderAddress} from '../model/address.js'
import {findNode, isBlankReplica, nameNode, ownRecord, primariesOf, replicasOf} from '../model/cluster-map.js'
import type {ClusterView, NodeRecord, NodeView} from '../model/cluster-view.js'
import {type NodeId, shortId} from '../model/node-id.js'
import {rangesOf, renderRanges} from '../model/slot-set.js'
import {requireNode} from './find-node.js'

/**
 * How a replica is promoted: after its primary stopped writing and the replica has caught up; by the votes of the other
 * primaries alone; or by its own decision.
 */
export const FAILOVER_MODES = ['plain', 'force', 'takeover'] as const
export type FailoverMode = (typeof FAILOVER_MODES)[number]

export interface FailoverPlan {
  readonly replica: NodeId
  readonly primary: NodeId
  readonly mode: FailoverMode
  /** `0-5460`, as the replica sees its primary's; empty for a primary without slots. */
  readonly slots: string
  /** Replication offset of the replica, and of the primary if it answers. Bytes. */
  readonly replicaOffset: number
  readonly primaryOffset?: number
  /** What may be lost, one sentence each. */
  readonly risks: readonly string[]
}

/**
 * Decides whether a replica can be promoted this way, and what that may cost.
 *
 * @param name - full id or HOST:PORT
 * @throws {CliError} UNKNOWN_NODE, NOT_A_REPLICA; CLUSTER_UNHEALTHY if it could not succeed, with the mode that could
 */
export function planFailover(view: ClusterView, name: string, mode: FailoverMode): FailoverPlan {
  const replica = requireNode(view, name)
  const own = ownRecord(replica)
  if (own?.role !== 'replica' || own.primaryId === undefined) throw notAReplica(view, replica)
  const primary = findNode(view, own.primaryId)
  const seen = replica.records.find(({id}) => id === own.primaryId)
  const facts = {view, replica, primary, mode}
  if (mode === 'plain') requireHandOver(facts, own.primaryId)
  if (mode !== 'takeover') requireMajority(facts)
  const replicaOffset = offsetOf(replica, 'slave_repl_offset')
  const primaryOffset = primary && offsetOf(primary, 'master_repl_offset')
  return {
    replica: replica.id,
    primary: own.primaryId,
    mode,
    slots: renderRanges(seen?.slots ?? []),
    replicaOffset,
    ...(primaryOffset !== undefined && {primaryOffset}),
    risks: risksOf(facts, replicaOffset, primaryOffset),
  }
}

interface Facts {
  readonly view: ClusterView
  readonly replica: NodeView
  /** Undefined if it does not answer. */
  readonly primary: NodeView | undefined
  readonly mode: FailoverMode
}

/** A hand-over needs the primary: it stops its clients and tells how far the replica must come. */
function requireHandOver({primary, replica, view}: Facts, primaryId: NodeId): void {
  const linked = replica.info.get('master_link_status') === 'up'
  if (primary && linked) return
  const seen = replica.records.find(({id}) => id === primaryId)
  const why = primary
    ? `the link of ${nameNode(replica)} to its primary ${nameNode(primary)} is down`
    : `the primary ${seen ? nameNode(seen) : shortId(primaryId)} of ${nameNode(replica)} does not answer`
  const way = hasMajority(view) ? '--force' : '--takeover'
  throw new CliError('CLUSTER_UNHEALTHY', `${why}, so it cannot hand over`, {
    details: {primaryId, replicaId: replica.id},
    suggestions: [`shoal failover ${renderAddress(replica.address)} ${way} (writes that the replica lacks are lost)`],
  })
}

function requireMajority({mode, replica, view}: Facts): void {
  if (hasMajority(view)) return
  throw new CliError(
    'CLUSTER_UNHEALTHY',
    'most of the primaries with slots do not answer, so nobody wins their votes',
    {
      details: {mode},
      suggestions: [
        `shoal failover ${renderAddress(replica.address)} --takeover (only if the others are gone for good)`,
      ],
    },
  )
}

/** Whether most of those who vote answer: without them nobody is declared dead, and nobody elected. */
export function hasMajority(view: ClusterView): boolean {
  const voters = new Set<NodeId>()
  for (const {records} of view.nodes) {
    for (const {id, role, slots} of records) if (role === 'primary' && slots.length > 0) voters.add(id)
  }
  const present = primariesOf(view).filter(({node}) => voters.has(node.id))
  return present.length > voters.size / 2
}

function risksOf(
  {mode, primary, replica, view}: Facts,
  replicaOffset: number,
  primaryOffset: number | undefined,
): string[] {
  const risks: string[] = []
  if (mode !== 'plain') {
    const behind = primaryOffset === undefined ? undefined : Math.max(0, primaryOffset - replicaOffset)
    risks.push(
      behind === undefined
        ? 'The primary does not answer: what it acknowledged and the replica did not receive is lost.'
        : `What the primary acknowledges until then is lost where the replica did not receive it; it is ${behind} bytes behind now.`,
    )
  }
  if (mode === 'takeover' && hasMajority(view)) {
    risks.push('Most primaries answer, so a vote is possible: --force is safer than a takeover.')
  }
  if (mode === 'takeover' && primary) {
    risks.push('The primary answers: until it hears of the takeover both serve the slots.')
  }
  if (isBlankReplica(replica)) {
    risks.push('The replica was started empty and has not been in sync since: it has none of the keys.')
  }
  return [...risks, ...openSlotRisks(primary)]
}

/** Below Valkey 8 a replica does not know what slots its primary has open. */
function openSlotRisks(primary: NodeView | undefined): string[] {
  const own = primary && ownRecord(primary)
  if (!own || Number.parseInt(primary.info.get('valkey_version') ?? '0', 10) >= 8) return []
  const ranges = (slots: Iterable<number>) => renderRanges(rangesOf([...slots].sort((a, b) => a - b)))
  const {importing, migrating} = own
  return [
    ...(migrating.size > 0
      ? [
          `Slots ${ranges(migrating.keys())} are on their way to other nodes, which the replica does not know: it answers nil ` +
            'for their keys that have gone until the move goes on. Better finish that first: shoal resume.',
        ]
      : []),
    ...(importing.size > 0
      ? [`Slots ${ranges(importing.keys())} are on their way here: clients wait for them until the move goes on.`]
      : []),
  ]
}

function notAReplica(view: ClusterView, node: NodeView): CliError {
  const replicas = replicasOf(view).filter(({own}) => own.primaryId === node.id)
  return new CliError('NOT_A_REPLICA', `${nameNode(node)} is a primary; a failover promotes a replica`, {
    details: {nodeId: node.id, replicas: replicas.map(({node: {id}}) => id)},
    suggestions:
      replicas.length > 0
        ? replicas.map(({node: {address}}) => `shoal failover ${renderAddress(address)}`)
        : ['It has no replica.'],
  })
}

function offsetOf({info}: NodeView, field: string): number {
  return Number(info.get(field) ?? 0)
}

/** Redis's own minimum of the time an election is valid. Milliseconds. */
const ELECTION_MS_MIN = 2000
/** Ages are told in whole seconds. */
const REST_MARGIN_MS = 1000

/**
 * How long a replica must be left alone before it is asked to stand for election.
 *
 * Redis forgets the votes of an election only when it starts the next, which is four node timeouts later at the earliest. A
 * replica that won one, was demoted, and is asked again within the first two of them counts the old votes: it is primary
 * at once, by an epoch that is long overtaken, and what it accepts is lost when the others correct it (seen on 7.0.15).
 * Within the other two it does nothing. Embedded nodes forget them with the change of sides.
 *
 * @param replicaSeconds - for how long, at least, it has been a replica
 * @returns milliseconds; 0 if it never stood for election since its start, or is an embedded node
 */
export function electionRestMs(
  {clusterInfo, info}: Pick<NodeView, 'clusterInfo' | 'info'>,
  nodeTimeoutMs: number,
  replicaSeconds: number,
): number {
  if (info.has('shoal_version')) return 0
  if (Number(clusterInfo.get('cluster_stats_messages_auth-req_sent') ?? 0) === 0) return 0
  const retryMs = Math.max(nodeTimeoutMs * 2, ELECTION_MS_MIN) * 2
  return Math.max(0, retryMs + REST_MARGIN_MS - replicaSeconds * 1000)
}

/** Whether the replica is a primary by its own word. */
export function isPromoted(view: ClusterView, {replica}: FailoverPlan): boolean {
  const node = findNode(view, replica)
  return node !== undefined && ownRecord(node)?.role === 'primary'
}

/**
 * Judge of the time after: what is not yet as the plan wants it.
 *
 * @returns empty once the replica owns the slots by its own word, the old primary follows it, and nobody disagrees
 */
export function judgeFailover(view: ClusterView, plan: FailoverPlan, disagreements: readonly string[]): string[] {
  const promoted = findNode(view, plan.replica)
  if (!promoted) return ['the replica does not answer']
  if (!isPromoted(view, plan)) return [`${nameNode(promoted)} is not promoted`]
  const demoted = findNode(view, plan.primary)
  const follows = demoted && ownRecord(demoted)
  const lags = demoted && follows?.primaryId !== plan.replica ? [`${nameNode(demoted)} does not follow it`] : []
  const unaware = view.nodes.filter(({records}) => !isKnownPrimary(records, plan.replica)).map(nameNode)
  return [...lags, ...unaware.map((node) => `${node} has not heard of it`), ...disagreements]
}

function isKnownPrimary(records: readonly NodeRecord[], id: NodeId): boolean {
  return records.find((record) => record.id === id)?.role === 'primary'
}
