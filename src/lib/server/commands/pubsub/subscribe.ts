import type {SubscriptionKind} from '../../pubsub/pubsub.js'
import {type Command, type CommandHandler, defineCommand} from '../command.js'
import {PUBSUB} from './facts.js'

function subscribe(kind: SubscriptionKind): CommandHandler {
  return ({client, server}, argv) => {
    for (let i = 1; i < argv.length; i++) server.pubsub.subscribe(client, kind, argv[i]!)
  }
}

/** Without names: from all. */
function unsubscribe(kind: SubscriptionKind): CommandHandler {
  return ({client, server}, argv) => {
    if (argv.length === 1) server.pubsub.unsubscribeAll(client, kind)
    for (let i = 1; i < argv.length; i++) server.pubsub.unsubscribe(client, kind, argv[i]!)
  }
}

export const subscribeCommands: readonly Command[] = [
  defineCommand({...PUBSUB.subscribe, run: subscribe('channels')}),
  defineCommand({...PUBSUB.unsubscribe, run: unsubscribe('channels')}),
  defineCommand({...PUBSUB.psubscribe, run: subscribe('patterns')}),
  defineCommand({...PUBSUB.punsubscribe, run: unsubscribe('patterns')}),
  defineCommand({...PUBSUB.ssubscribe, run: subscribe('shardChannels')}),
  defineCommand({...PUBSUB.sunsubscribe, run: unsubscribe('shardChannels')}),
]
