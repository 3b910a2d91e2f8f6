import {factsOf} from '../facts.js'
import {keyAt} from '../key-spec.js'

/** What COMMAND INFO prints of these commands; the handlers stand beside. */
export const HYPERLOGLOG = factsOf('hyperloglog', {
  pfadd: {
    arity: -2,
    since: '2.8.9',
    flags: ['write', 'denyoom', 'fast'],
    acl: ['hyperloglog'],
    keys: [keyAt(1, ['RW', 'insert'])],
  },
  pfcount: {
    arity: -2,
    since: '2.8.9',
    flags: ['readonly'],
    acl: ['hyperloglog'],
    keys: [
      keyAt(
        1,
        ['RW', 'access'],
        -1,
        1,
        'RW because it may change the internal representation of the key, and propagate to replicas',
      ),
    ],
  },
  pfdebug: {
    arity: 3,
    since: '2.8.9',
    flags: ['write', 'denyoom', 'admin'],
    acl: ['hyperloglog'],
    keys: [keyAt(2, ['RW', 'access'])],
  },
  pfmerge: {
    arity: -2,
    since: '2.8.9',
    flags: ['write', 'denyoom'],
    acl: ['hyperloglog'],
    keys: [keyAt(1, ['RW', 'access', 'insert']), keyAt(2, ['RO', 'access'], -1)],
  },
  pfselftest: {arity: 1, since: '2.8.9', flags: ['admin'], acl: ['hyperloglog']},
})
