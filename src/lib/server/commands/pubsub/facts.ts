import {factsOf} from '../facts.js'
import {keyAt} from '../key-spec.js'

/** What COMMAND INFO prints of these commands; the handlers stand beside. */
export const PUBSUB = factsOf('pubsub', {
  psubscribe: {arity: -2, since: '2.0.0', flags: ['pubsub', 'noscript', 'loading', 'stale']},
  publish: {arity: 3, since: '2.0.0', flags: ['pubsub', 'loading', 'stale', 'fast']},
  pubsub: {arity: -2, since: '2.8.0', flags: []},
  'pubsub|channels': {arity: -2, since: '2.8.0', flags: ['pubsub', 'loading', 'stale']},
  'pubsub|help': {arity: 2, since: '6.2.0', flags: ['loading', 'stale']},
  'pubsub|numpat': {arity: 2, since: '2.8.0', flags: ['pubsub', 'loading', 'stale']},
  'pubsub|numsub': {arity: -2, since: '2.8.0', flags: ['pubsub', 'loading', 'stale']},
  'pubsub|shardchannels': {arity: -2, since: '7.0.0', flags: ['pubsub', 'loading', 'stale']},
  'pubsub|shardnumsub': {arity: -2, since: '7.0.0', flags: ['pubsub', 'loading', 'stale']},
  punsubscribe: {arity: -1, since: '2.0.0', flags: ['pubsub', 'noscript', 'loading', 'stale']},
  spublish: {arity: 3, since: '7.0.0', flags: ['pubsub', 'loading', 'stale', 'fast'], keys: [keyAt(1, ['not_key'])]},
  ssubscribe: {
    arity: -2,
    since: '7.0.0',
    flags: ['pubsub', 'noscript', 'loading', 'stale'],
    keys: [keyAt(1, ['not_key'], -1)],
  },
  subscribe: {arity: -2, since: '2.0.0', flags: ['pubsub', 'noscript', 'loading', 'stale']},
  sunsubscribe: {
    arity: -1,
    since: '7.0.0',
    flags: ['pubsub', 'noscript', 'loading', 'stale'],
    keys: [keyAt(1, ['not_key'], -1)],
  },
  unsubscribe: {arity: -1, since: '2.0.0', flags: ['pubsub', 'noscript', 'loading', 'stale']},
})
