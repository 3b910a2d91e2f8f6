import {factsOf} from '../facts.js'
import {keyAt} from '../key-spec.js'

/** What COMMAND INFO prints of these commands; the handlers stand beside. */
export const BITMAP = factsOf('bitmap', {
  bitcount: {arity: -2, since: '2.6.0', flags: ['readonly'], acl: ['bitmap'], keys: [keyAt(1, ['RO', 'access'])]},
  bitfield: {
    arity: -2,
    since: '3.2.0',
    flags: ['write', 'denyoom'],
    acl: ['bitmap'],
    keys: [
      keyAt(
        1,
        ['RW', 'access', 'update', 'variable_flags'],
        0,
        1,
        'This command allows both access and modification of the key',
      ),
    ],
  },
  bitfield_ro: {
    arity: -2,
    since: '6.0.0',
    flags: ['readonly', 'fast'],
    acl: ['bitmap'],
    keys: [keyAt(1, ['RO', 'access'])],
  },
  bitop: {
    arity: -4,
    since: '2.6.0',
    flags: ['write', 'denyoom'],
    acl: ['bitmap'],
    keys: [keyAt(2, ['OW', 'update']), keyAt(3, ['RO', 'access'], -1)],
  },
  bitpos: {arity: -3, since: '2.8.7', flags: ['readonly'], acl: ['bitmap'], keys: [keyAt(1, ['RO', 'access'])]},
  getbit: {arity: 3, since: '2.2.0', flags: ['readonly', 'fast'], acl: ['bitmap'], keys: [keyAt(1, ['RO', 'access'])]},
  setbit: {
    arity: 4,
    since: '2.2.0',
    flags: ['write', 'denyoom'],
    acl: ['bitmap'],
    keys: [keyAt(1, ['RW', 'access', 'update'])],
  },
})
