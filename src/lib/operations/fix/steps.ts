import type {Command} from '../../client/node-connection.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import {renderAddress} from '../../model/address.js'
import {dissentsOf, findNode, ownersSeenBy, ownRecord, rivalsOf} from '../../model/cluster-map.js'
import type {NodeId} from '../../model/node-id.js'
import {parseRanges, slotsOf} from '../../model/slot-set.js'
import {planFailover} from '../../plan/failover.js'
import {failOver} from '../failover.js'
import type {ObservedCluster} from '../observe.js'

/** The small steps of a repair: each is one exchange with one node, and may be repeated. */

/** Bound on an election and on everybody hearing of it. Milliseconds. */
const FAILOVER_MS = 90_000

/** Makes a replica of a dead primary take its place, by the votes of the others. */
export async function promote(cluster: ObservedCluster, replica: NodeId, signal: AbortSignal): Promise<void> {
  const node = findNode(cluster.view, replica)
  if (!node) throw new CliError('UNREACHABLE', `replica ${replica} does not answer`)
  const plan = planFailover(cluster.view, renderAddress(node.address), 'force')
  await failOver(cluster, plan, {waitMs: FAILOVER_MS, onRest: () => undefined, signal})
}

/**
 * Makes a primary the owner of slots that nobody serves. It takes a new epoch, so that those who remember another owner
 * believe it; but not while it disputes other slots with somebody, who would lose them with their keys.
 *
 * @returns how many slots it took
 * @throws {CliError} PLAN_PARTIAL
 */
export async function assign(cluster: ObservedCluster, id: NodeId, ranges: string): Promise<number> {
  const node = findNode(cluster.view, id)
  if (!node) throw new CliError('UNREACHABLE', `node ${id} does not answer`)
  const slots = slotsOf(parseRanges(ranges) ?? [])
  const seen = ownersSeenBy(node)
  const remembered = slots.filter((slot) => seen[slot] !== undefined)
  const commands: Command[] = [
    ...(remembered.length > 0 ? [['CLUSTER', 'DELSLOTS', ...remembered] satisfies Command] : []),
    ['CLUSTER', 'ADDSLOTS', ...slots],
    ...(rivalsOf(cluster.view).has(id) ? [] : [['CLUSTER', 'BUMPEPOCH'] satisfies Command]),
  ]
  await requireOk(cluster, id, commands, `does not take slots ${ranges}`)
  return slots.length
}

/** Takes back what a node has marked as moving; nobody was sent anywhere by it. */
export async function closeMarks(cluster: ObservedCluster, id: NodeId, ranges: string): Promise<void> {
  const commands = slotsOf(parseRanges(ranges) ?? []).map((slot): Command => ['CLUSTER', 'SETSLOT', slot, 'STABLE'])
  await requireOk(cluster, id, commands, `does not close slots ${ranges}`)
}

/** Makes an owner's claim the newest; if it is that already, tells those who do not believe it one by one. */
export async function announce(cluster: ObservedCluster, id: NodeId, ranges: string): Promise<void> {
  const reply = await cluster.connectionTo(id).call('CLUSTER', 'BUMPEPOCH')
  if (!String(reply).startsWith('STILL')) return
  const slots = slotsOf(parseRanges(ranges) ?? [])
  await Promise.all(
    dissentsOf(cluster.view)
      .filter(({node}) => ownRecord(node)?.role === 'primary')
      .map(({node}) =>
        cluster.connectionTo(node.id).pipeline(slots.map((slot): Command => ['CLUSTER', 'SETSLOT', slot, 'NODE', id])),
      ),
  )
}

async function requireOk(
  cluster: ObservedCluster,
  id: NodeId,
  commands: readonly Command[],
  what: string,
): Promise<void> {
  const link = cluster.connectionTo(id)
  const replies = await link.pipeline(commands)
  const refusal = replies.find((reply) => reply instanceof NodeReplyError)
  if (refusal instanceof NodeReplyError) {
    throw new CliError('PLAN_PARTIAL', `${link.name} ${what}: ${refusal.message}`, {details: {nodeId: id}})
  }
}
