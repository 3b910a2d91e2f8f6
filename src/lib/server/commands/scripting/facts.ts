import {factsOf} from '../facts.js'
import {keysCounted} from '../key-spec.js'

/** What COMMAND INFO prints of these commands; the handlers stand beside. */
export const SCRIPTING = factsOf('scripting', {
  eval: {
    arity: -3,
    since: '2.6.0',
    flags: ['noscript', 'stale', 'skip_monitor', 'no_mandatory_keys', 'movablekeys'],
    acl: ['scripting'],
    keys: [
      keysCounted(
        2,
        ['RW', 'access', 'update'],
        'We cannot tell how the keys will be used so we assume the worst, RW and UPDATE',
      ),
    ],
  },
  eval_ro: {
    arity: -3,
    since: '7.0.0',
    flags: ['readonly', 'noscript', 'stale', 'skip_monitor', 'no_mandatory_keys', 'movablekeys'],
    acl: ['scripting'],
    keys: [
      keysCounted(
        2,
        ['RO', 'access'],
        'We cannot tell how the keys will be used so we assume the worst, RO and ACCESS',
      ),
    ],
  },
  evalsha: {
    arity: -3,
    since: '2.6.0',
    flags: ['noscript', 'stale', 'skip_monitor', 'no_mandatory_keys', 'movablekeys'],
    acl: ['scripting'],
    keys: [keysCounted(2, ['RW', 'access', 'update'])],
  },
  evalsha_ro: {
    arity: -3,
    since: '7.0.0',
    flags: ['readonly', 'noscript', 'stale', 'skip_monitor', 'no_mandatory_keys', 'movablekeys'],
    acl: ['scripting'],
    keys: [keysCounted(2, ['RO', 'access'])],
  },
  fcall: {
    arity: -3,
    since: '7.0.0',
    flags: ['noscript', 'stale', 'skip_monitor', 'no_mandatory_keys', 'movablekeys'],
    acl: ['scripting'],
    keys: [
      keysCounted(
        2,
        ['RW', 'access', 'update'],
        'We cannot tell how the keys will be used so we assume the worst, RW and UPDATE',
      ),
    ],
  },
  fcall_ro: {
    arity: -3,
    since: '7.0.0',
    flags: ['readonly', 'noscript', 'stale', 'skip_monitor', 'no_mandatory_keys', 'movablekeys'],
    acl: ['scripting'],
    keys: [
      keysCounted(
        2,
        ['RO', 'access'],
        'We cannot tell how the keys will be used so we assume the worst, RO and ACCESS',
      ),
    ],
  },
  function: {arity: -2, since: '7.0.0', flags: []},
  'function|delete': {
    arity: 3,
    since: '7.0.0',
    flags: ['write', 'noscript'],
    acl: ['scripting'],
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  },
  'function|dump': {arity: 2, since: '7.0.0', flags: ['noscript'], acl: ['scripting']},
  'function|flush': {
    arity: -2,
    since: '7.0.0',
    flags: ['write', 'noscript'],
    acl: ['scripting'],
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  },
  'function|help': {arity: 2, since: '7.0.0', flags: ['loading', 'stale'], acl: ['scripting']},
  'function|kill': {
    arity: 2,
    since: '7.0.0',
    flags: ['noscript', 'allow_busy'],
    acl: ['scripting'],
    tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
  },
  'function|list': {
    arity: -2,
    since: '7.0.0',
    flags: ['noscript'],
    acl: ['scripting'],
    tips: ['nondeterministic_output_order'],
  },
  'function|load': {
    arity: -3,
    since: '7.0.0',
    flags: ['write', 'denyoom', 'noscript'],
    acl: ['scripting'],
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  },
  'function|restore': {
    arity: -3,
    since: '7.0.0',
    flags: ['write', 'denyoom', 'noscript'],
    acl: ['scripting'],
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  },
  'function|stats': {
    arity: 2,
    since: '7.0.0',
    flags: ['noscript', 'allow_busy'],
    acl: ['scripting'],
    tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  },
  script: {arity: -2, since: '2.6.0', flags: []},
  'script|debug': {arity: 3, since: '3.2.0', flags: ['noscript'], acl: ['scripting']},
  'script|exists': {
    arity: -3,
    since: '2.6.0',
    flags: ['noscript'],
    acl: ['scripting'],
    tips: ['request_policy:all_shards', 'response_policy:agg_logical_and'],
  },
  'script|flush': {
    arity: -2,
    since: '2.6.0',
    flags: ['noscript'],
    acl: ['scripting'],
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  },
  'script|help': {arity: 2, since: '5.0.0', flags: ['loading', 'stale'], acl: ['scripting']},
  'script|kill': {
    arity: 2,
    since: '2.6.0',
    flags: ['noscript', 'allow_busy'],
    acl: ['scripting'],
    tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
  },
  'script|load': {
    arity: 3,
    since: '2.6.0',
    flags: ['noscript', 'stale'],
    acl: ['scripting'],
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  },
})
