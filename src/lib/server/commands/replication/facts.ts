import {factsOf} from '../facts.js'

/** What COMMAND INFO prints of these commands; the handlers stand beside. */
export const REPLICATION = factsOf('server', {
  failover: {arity: -1, since: '6.2.0', flags: ['admin', 'noscript', 'stale']},
  psync: {arity: -3, since: '2.8.0', flags: ['admin', 'noscript', 'no_async_loading', 'no_multi']},
  replconf: {arity: -1, since: '3.0.0', flags: ['admin', 'noscript', 'loading', 'stale', 'allow_busy']},
  replicaof: {arity: 3, since: '5.0.0', flags: ['admin', 'noscript', 'stale', 'no_async_loading']},
  slaveof: {arity: 3, since: '1.0.0', flags: ['admin', 'noscript', 'stale', 'no_async_loading']},
  sync: {arity: 1, since: '1.0.0', flags: ['admin', 'noscript', 'no_async_loading', 'no_multi']},
})
