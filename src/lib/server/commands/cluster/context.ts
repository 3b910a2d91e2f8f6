import {isSlot} from '../../../model/slot-set.js'
import {parseInt64} from '../../arguments.js'
import type {ClusterBinding, ClusterCoreApi} from '../../cluster/api.js'
import type {ClusterNode} from '../../cluster/node.js'
import type {ClusterEffect} from '../../cluster/types.js'
import {ReplyError} from '../../reply-error.js'
import type {CommandContext, CommandHandler} from '../command.js'

/** What the handlers of this folder share: the binding, and arguments read as Redis does. */

type ClusterHandler = (context: CommandContext, argv: string[], cluster: ClusterBinding) => void

const DISABLED = 'ERR This instance has cluster support disabled'
/** In cluster mode, but not on the bus yet: clients try again, as while a data set is loaded. */
const LOADING = 'LOADING Redis is loading the dataset in memory'

/** Refuses outside cluster mode. */
export function inCluster(run: ClusterHandler): CommandHandler {
  return (context, argv) => {
    const {cluster} = context.server
    if (!cluster) throw new ReplyError(context.server.isCluster ? LOADING : DISABLED)
    run(context, argv, cluster)
  }
}

/** A command that changes something and answers OK. */
export function changing(change: (core: ClusterCoreApi, argv: string[]) => ClusterEffect[]): CommandHandler {
  return inCluster((context, argv, cluster) => {
    cluster.perform(change(cluster.core, argv))
    context.reply.ok()
  })
}

/** @throws {ReplyError} Invalid or out of range slot */
export function requireSlot(text: string): number {
  const slot = parseInt64(text)
  if (typeof slot !== 'number' || !isSlot(slot)) throw new ReplyError('ERR Invalid or out of range slot')
  return slot
}

export function requireKnownNode(core: ClusterCoreApi, id: string): ClusterNode {
  const node = core.nodes.get(id)
  if (!node) throw new ReplyError(`ERR Unknown node ${id}`)
  return node
}

/** What Redis answers to extra arguments where the table's arity lets them pass. */
export function wrongNumber(subcommand: string): ReplyError {
  return new ReplyError(`ERR unknown subcommand or wrong number of arguments for '${subcommand}'. Try CLUSTER HELP.`)
}
