import {globMatch} from '../../config/glob.js'
import type {SubscriptionKind} from '../../pubsub/pubsub.js'
import {ReplyError} from '../../reply-error.js'
import {type CommandHandler, defineCommand} from '../command.js'
import {helpSubcommand} from '../server/help.js'
import {PUBSUB} from './facts.js'

function channels(kind: SubscriptionKind): CommandHandler {
  return ({reply, server}, argv) => {
    if (argv.length > 3) {
      throw new ReplyError(
        `ERR unknown subcommand or wrong number of arguments for '${argv[1]!.slice(0, 128)}'. Try PUBSUB HELP.`,
      )
    }
    const pattern = argv[2]
    const names = [...server.pubsub.names(kind)]
    reply.bulks(pattern === undefined ? names : names.filter((name) => globMatch(pattern, name)))
  }
}

function numbers(kind: SubscriptionKind): CommandHandler {
  return ({reply, server}, argv) => {
    reply.array((argv.length - 2) * 2)
    for (let i = 2; i < argv.length; i++) {
      reply.bulk(argv[i]!)
      reply.integer(server.pubsub.listenerCount(kind, argv[i]!))
    }
  }
}

export const pubsubCommand = defineCommand({
  ...PUBSUB.pubsub,
  subcommands: [
    defineCommand({...PUBSUB['pubsub|channels'], run: channels('channels')}),
    defineCommand({
      ...PUBSUB['pubsub|numpat'],
      run: ({reply, server}) => reply.integer(server.pubsub.count('patterns')),
    }),
    defineCommand({...PUBSUB['pubsub|numsub'], run: numbers('channels')}),
    defineCommand({...PUBSUB['pubsub|shardchannels'], run: channels('shardChannels')}),
    defineCommand({...PUBSUB['pubsub|shardnumsub'], run: numbers('shardChannels')}),
    helpSubcommand('PUBSUB', PUBSUB['pubsub|help'], [
      ['CHANNELS [<pattern>]', 'Channels that somebody here has subscribed to.'],
      ['NUMPAT', 'How many patterns somebody here has subscribed to.'],
      ['NUMSUB [<channel> ...]', 'How many have subscribed to each channel, patterns not counted.'],
      ['SHARDCHANNELS [<pattern>]', 'Shard channels that somebody here has subscribed to.'],
      ['SHARDNUMSUB [<shardchannel> ...]', 'How many have subscribed to each shard channel.'],
    ]),
  ],
})
