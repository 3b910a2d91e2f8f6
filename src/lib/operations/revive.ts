import type {Command} from '../client/node-connection.js'
import {NodeReplyError} from '../client/reply-error.js'
import {messageOf} from '../kernel/errors.js'
import {nameNode} from '../model/cluster-map.js'
import type {ClusterView} from '../model/cluster-view.js'
import type {MovePlan} from '../plan/moves/reshard-document.js'
import {neededToRevive} from '../plan/permissions/change-permissions.js'
import type {Revival} from '../plan/revive.js'
import {type AddNodeOptions, addNode, membersOf} from './add-node.js'
import {partial} from './create-join.js'
import type {Transfer} from './migration/types.js'
import {requireMovable} from './move-preflight.js'
import {findDonor} from './newcomer-functions.js'
import type {ObservedCluster} from './observe.js'
import {requireNeeds} from './permissions.js'

const RESET: Command = ['CLUSTER', 'RESET', 'SOFT']

/**
 * Looks whether the user may do what it takes to revive nodes, and to bring slots to them then: afterwards a refusal would
 * leave them primaries without slots.
 *
 * @param plan - of the move
 * @throws {CliError} PREFLIGHT_FAILED
 */
export async function requireRevivable(
  cluster: ObservedCluster,
  revivals: readonly Revival[],
  plan: MovePlan,
  transfer: Transfer,
): Promise<void> {
  const {id: donor} = await findDonor(cluster)
  await requireNeeds(cluster, neededToRevive(revivals, [...cluster.connections.keys()], donor))
  // What memory there will be is seen once they have dropped the copies they hold.
  await requireMovable(cluster, {plan, refusals: []}, transfer)
}

/**
 * Makes replicas primaries without slots, each under its own id: CLUSTER RESET SOFT drops the copy they hold and what they
 * know of the others, whom they then meet again. Each step is safe to repeat.
 *
 * @throws {CliError} PLAN_PARTIAL naming who was not made one; the same command continues. INTERRUPTED
 */
export async function reviveNodes(
  cluster: ObservedCluster,
  revivals: readonly Revival[],
  options: Omit<AddNodeOptions, 'takeBack'>,
): Promise<ClusterView> {
  for (const {node: id, primary} of revivals) {
    const newcomer = membersOf(cluster).find(({view}) => view.id === id)
    if (!newcomer) throw partial(`${id} does not answer`)
    // The others hold its primary's config epoch for its own, and would go on to see two nodes with one if it took none.
    const commands: Command[] = [...(primary === undefined ? [] : [RESET]), ['CLUSTER', 'BUMPEPOCH']]
    const refusal = (await newcomer.connection.pipeline(commands)).find((reply) => reply instanceof NodeReplyError)
    if (refusal) throw partial(`${nameNode(newcomer.view)} does not leave its primary: ${messageOf(refusal)}`)
    await addNode(
      cluster,
      {newcomer, plan: {node: id, role: 'primary', steps: ['functions', 'meet']}, warnings: [], close: () => undefined},
      // It has left its primary, so what is half done is better gone on with.
      {...options, takeBack: false},
    )
  }
  return cluster.view
}
