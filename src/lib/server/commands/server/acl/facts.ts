import {factsOf} from '../../facts.js'

/** What COMMAND INFO prints of ACL; the handlers stand beside. */
export const ACL = factsOf('server', {
  acl: {arity: -2, since: '6.0.0', flags: []},
  'acl|cat': {arity: -2, since: '6.0.0', flags: ['noscript', 'loading', 'stale']},
  'acl|deluser': {arity: -3, since: '6.0.0', flags: ['admin', 'noscript', 'loading', 'stale']},
  'acl|dryrun': {arity: -4, since: '7.0.0', flags: ['admin', 'noscript', 'loading', 'stale']},
  'acl|genpass': {arity: -2, since: '6.0.0', flags: ['noscript', 'loading', 'stale']},
  'acl|getuser': {arity: 3, since: '6.0.0', flags: ['admin', 'noscript', 'loading', 'stale']},
  'acl|help': {arity: 2, since: '6.0.0', flags: ['loading', 'stale']},
  'acl|list': {arity: 2, since: '6.0.0', flags: ['admin', 'noscript', 'loading', 'stale']},
  'acl|load': {arity: 2, since: '6.0.0', flags: ['admin', 'noscript', 'loading', 'stale']},
  'acl|log': {arity: -2, since: '6.0.0', flags: ['admin', 'noscript', 'loading', 'stale']},
  'acl|save': {arity: 2, since: '6.0.0', flags: ['admin', 'noscript', 'loading', 'stale']},
  'acl|setuser': {arity: -3, since: '6.0.0', flags: ['admin', 'noscript', 'loading', 'stale']},
  'acl|users': {arity: 2, since: '6.0.0', flags: ['admin', 'noscript', 'loading', 'stale']},
  'acl|whoami': {arity: 2, since: '6.0.0', flags: ['noscript', 'loading', 'stale']},
})
