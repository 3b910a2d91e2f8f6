import {pause} from '../client/abort.js'
import type {NodeConnection} from '../client/node-connection.js'
import {NODE_TIMEOUT, NODE_TIMEOUT_MS_DEFAULT, nodeTimeoutIn} from '../client/node-timeout.js'
import {NodeReplyError} from '../client/reply-error.js'
import {CliError} from '../kernel/errors.js'
import {renderAddress} from '../model/address.js'
import {findNode, nameNode} from '../model/cluster-map.js'
import type {ClusterView, NodeView} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {electionRestMs, type FailoverPlan, isPromoted, judgeFailover} from '../plan/failover.js'
import {neededToPromote} from '../plan/permissions/change-permissions.js'
import type {ObservedCluster} from './observe.js'
import {requireNeeds} from './permissions.js'
import {judgeAgreement, settle} from './settle.js'

export interface FailoverOptions {
  /** Bound on the whole: rest, election, and every node hearing of it. Milliseconds. */
  readonly waitMs: number
  /** Told how long the replica must rest before it can be asked, if it must. Milliseconds. */
  readonly onRest: (restMs: number) => void
  readonly signal: AbortSignal
}

export interface FailoverResult {
  /** From the command until every node had the new view. */
  readonly durationMs: number
}

/**
 * A node gives up an attempt after 5 s. One is lost, for example, where the shard failed over a moment ago: primaries do not
 * vote on the same one twice within two node timeouts. Milliseconds.
 */
const ATTEMPT_MS = 5500

/**
 * Looks whether the user may promote a replica. That it may ask for the node timeout and the like is not needed.
 *
 * @throws {CliError} PREFLIGHT_FAILED
 */
export function requirePromotable(cluster: ObservedCluster, replica: NodeId): Promise<void> {
  return requireNeeds(cluster, neededToPromote(replica))
}

/**
 * Promotes a replica and waits until every node that answers sees it.
 *
 * @throws {CliError} PREFLIGHT_FAILED if the replica refuses, or must rest longer than there is time; TIMED_OUT if it was
 *   not elected, or if some nodes did not hear of it; INTERRUPTED
 */
export async function failOver(
  cluster: ObservedCluster,
  plan: FailoverPlan,
  options: FailoverOptions,
): Promise<FailoverResult> {
  const {signal, waitMs} = options
  const deadline = performance.now() + waitMs
  await rest(cluster, plan, options)
  const start = performance.now()
  let askedMs = start
  const refusal = await askFor(cluster, plan)
  if (refusal) throw new CliError('PREFLIGHT_FAILED', `${nameOf(cluster, plan)} refuses: ${refusal.message}`)
  const look = async () => {
    const view = await cluster.observe(signal)
    if (!isPromoted(view, plan) && performance.now() - askedMs > ATTEMPT_MS) {
      askedMs = performance.now()
      // It refuses if it was promoted since it was looked at.
      await askFor(cluster, plan)
    }
    return view
  }
  const judge = (view: ClusterView) => judgeFailover(view, plan, judgeAgreement(view))
  const {problems} = await settle(look, judge, {timeoutMs: deadline - start, signal}).catch((error: unknown) => {
    if (!signal.aborted) throw error
    throw new CliError('INTERRUPTED', `interrupted; ${nameOf(cluster, plan)} was asked and may still be promoted`, {
      suggestions: [`shoal check ${renderAddress(cluster.seed)}`],
    })
  })
  if (problems.length === 0) return {durationMs: Math.round(performance.now() - start)}
  throw new CliError('TIMED_OUT', `the failover is not complete after ${waitMs} ms: ${problems.join('; ')}`, {
    details: {problems},
    suggestions: [`shoal check ${renderAddress(cluster.seed)}`],
  })
}

async function rest(
  cluster: ObservedCluster,
  plan: FailoverPlan,
  {onRest, signal, waitMs}: FailoverOptions,
): Promise<void> {
  const replica = findNode(cluster.view, plan.replica)
  if (!replica || plan.mode === 'takeover') return
  const link = cluster.connectionTo(plan.replica)
  const restMs = electionRestMs(replica, await nodeTimeoutMs(link), await secondsAsReplica(link, replica))
  if (restMs === 0) return
  if (restMs >= waitMs) {
    throw new CliError(
      'PREFLIGHT_FAILED',
      `${nameNode(replica)} may have been promoted a moment ago and would count the votes of then again; nothing was changed`,
      {
        suggestions: [
          `Run it again in ${Math.ceil(restMs / 1000)} s, or pass --wait ${Math.ceil(restMs / 1000) + 30}s.`,
        ],
      },
    )
  }
  onRest(restMs)
  await pause(restMs, signal)
}

async function nodeTimeoutMs(link: NodeConnection): Promise<number> {
  return nodeTimeoutIn(await orRefusal(link.call('CONFIG', 'GET', NODE_TIMEOUT))) ?? NODE_TIMEOUT_MS_DEFAULT
}

/** For how long, at least, the node has followed its primary; 0 if it does not tell. */
async function secondsAsReplica(link: NodeConnection, {info}: NodeView): Promise<number> {
  const down = Number(info.get('master_link_down_since_seconds') ?? 0)
  if (down > 0) return down
  const clients = await orRefusal(link.call('CLIENT', 'LIST', 'TYPE', 'master'))
  return Number(/ age=(\d+) /.exec(String(clients))?.[1] ?? 0)
}

function orRefusal(reply: Promise<unknown>): Promise<unknown> {
  return reply.catch((error: unknown) => {
    if (error instanceof NodeReplyError) return error
    throw error
  })
}

async function askFor(cluster: ObservedCluster, {mode, replica}: FailoverPlan): Promise<NodeReplyError | undefined> {
  const words = mode === 'plain' ? [] : [mode.toUpperCase()]
  const reply = await orRefusal(cluster.connectionTo(replica).call('CLUSTER', 'FAILOVER', ...words))
  return reply instanceof NodeReplyError ? reply : undefined
}

function nameOf({view}: ObservedCluster, {replica: id}: FailoverPlan): string {
  const replica = findNode(view, id)
  return replica ? nameNode(replica) : id
}
