import {TO_REPLICAS} from '../../propagation/propagation.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {PUBSUB} from './facts.js'

/** Listeners at other nodes of the cluster get it too; those here are counted. */
function publish({db, reply, server}: CommandContext, argv: string[]): void {
  const [, channel, message] = argv as [string, string, string]
  const {cluster} = server
  reply.integer(server.pubsub.publish(channel, message))
  if (cluster === undefined) server.state.propagation.always(db.index, argv, TO_REPLICAS)
  else cluster.perform(cluster.core.publish(channel, message, false))
}

function spublish({db, reply, server}: CommandContext, argv: string[]): void {
  const [, channel, message] = argv as [string, string, string]
  const {cluster} = server
  reply.integer(server.pubsub.publishToShard(channel, message))
  if (cluster === undefined) server.state.propagation.always(db.index, argv, TO_REPLICAS)
  else cluster.perform(cluster.core.publish(channel, message, true))
}

export const publishCommands: readonly Command[] = [
  defineCommand({...PUBSUB.publish, mayReplicate: true, run: publish}),
  defineCommand({...PUBSUB.spublish, mayReplicate: true, run: spublish}),
]
