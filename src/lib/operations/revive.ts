import type {Command} from '../client/node-connection.js'
import {NodeReplyError} from '../client/reply-error.js'
import {messageOf} from '../kernel/errors.js'
import {nameNode} from '../model/cluster-map.js'
import type {ClusterView} from '../model/cluster-view.js'
import type {Revival} from '../plan/revive.js'
import {type AddNodeOptions, addNode, membersOf} from './add-node.js'
import {partial} from './create-join.js'
import type {ObservedCluster} from './observe.js'

const RESET: Command = ['CLUSTER', 'RESET', 'SOFT']

/**
 * Makes replicas primaries without slots, each under its own id: CLUSTER RESET SOFT drops the copy they hold and what they
 * know of the others, whom they then meet again. Each step is safe to repeat.
 *
 * @throws {CliError} PLAN_PARTIAL naming who was not made one; the same command continues. INTERRUPTED
 */
export async function reviveNodes(
  cluster: ObservedCluster,
  revivals: readonly Revival[],
  options: AddNodeOptions,
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
      options,
    )
  }
  return cluster.view
}
