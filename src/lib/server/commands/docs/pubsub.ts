import type {CommandDocs} from '../command.js'
import {block, pattern, str} from './build.js'

export const pubsubDocs: Readonly<Record<string, CommandDocs>> = {
  psubscribe: {
    summary: 'Listen for messages published to channels matching the given patterns',
    complexity: 'O(N) where N is the number of patterns the client is already subscribed to.',
    arguments: [block('pattern', [pattern('pattern')], {multiple: true})],
  },
  publish: {
    summary: 'Post a message to a channel',
    complexity:
      'O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of subscribed patterns (by any client).',
    arguments: [str('channel'), str('message')],
  },
  pubsub: {summary: 'A container for Pub/Sub commands', complexity: 'Depends on subcommand.'},
  'pubsub|channels': {
    summary: 'List active channels',
    complexity:
      'O(N) where N is the number of active channels, and assuming constant time pattern matching (relatively short channels and patterns)',
    arguments: [pattern('pattern', {optional: true})],
  },
  'pubsub|help': {summary: 'Show helpful text about the different subcommands', complexity: 'O(1)'},
  'pubsub|numpat': {summary: 'Get the count of unique patterns pattern subscriptions', complexity: 'O(1)'},
  'pubsub|numsub': {
    summary: 'Get the count of subscribers for channels',
    complexity: 'O(N) for the NUMSUB subcommand, where N is the number of requested channels',
    arguments: [str('channel', {optional: true, multiple: true})],
  },
  'pubsub|shardchannels': {
    summary: 'List active shard channels',
    complexity:
      'O(N) where N is the number of active shard channels, and assuming constant time pattern matching (relatively short shard channels).',
    arguments: [pattern('pattern', {optional: true})],
  },
  'pubsub|shardnumsub': {
    summary: 'Get the count of subscribers for shard channels',
    complexity: 'O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels',
    arguments: [str('shardchannel', {optional: true, multiple: true})],
  },
  punsubscribe: {
    summary: 'Stop listening for messages posted to channels matching the given patterns',
    complexity:
      'O(N+M) where N is the number of patterns the client is already subscribed and M is the number of total patterns subscribed in the system (by any client).',
    arguments: [pattern('pattern', {optional: true, multiple: true})],
  },
  spublish: {
    summary: 'Post a message to a shard channel',
    complexity: 'O(N) where N is the number of clients subscribed to the receiving shard channel.',
    arguments: [str('shardchannel'), str('message')],
  },
  ssubscribe: {
    summary: 'Listen for messages published to the given shard channels',
    complexity: 'O(N) where N is the number of shard channels to subscribe to.',
    arguments: [str('shardchannel', {multiple: true})],
  },
  subscribe: {
    summary: 'Listen for messages published to the given channels',
    complexity: 'O(N) where N is the number of channels to subscribe to.',
    arguments: [str('channel', {multiple: true})],
  },
  sunsubscribe: {
    summary: 'Stop listening for messages posted to the given shard channels',
    complexity: 'O(N) where N is the number of clients already subscribed to a shard channel.',
    arguments: [str('shardchannel', {optional: true, multiple: true})],
  },
  unsubscribe: {
    summary: 'Stop listening for messages posted to the given channels',
    complexity: 'O(N) where N is the number of clients already subscribed to a channel.',
    arguments: [str('channel', {optional: true, multiple: true})],
  },
}
