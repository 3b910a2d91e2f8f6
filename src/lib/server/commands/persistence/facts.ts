import {factsOf} from '../facts.js'

/** What COMMAND INFO prints of these commands; the handlers stand beside. */
export const PERSISTENCE = factsOf('server', {
  bgrewriteaof: {arity: 1, since: '1.0.0', flags: ['admin', 'noscript', 'no_async_loading']},
  bgsave: {arity: -1, since: '1.0.0', flags: ['admin', 'noscript', 'no_async_loading']},
  lastsave: {
    arity: 1,
    since: '1.0.0',
    flags: ['loading', 'stale', 'fast'],
    acl: ['admin', 'dangerous'],
    tips: ['nondeterministic_output'],
  },
  save: {arity: 1, since: '1.0.0', flags: ['admin', 'noscript', 'no_async_loading', 'no_multi']},
})
