import {factsOf} from '../facts.js'
import {keyAt} from '../key-spec.js'

/** What COMMAND INFO prints of these commands; the handlers stand beside. */
export const GEO = factsOf('geo', {
  geoadd: {arity: -5, since: '3.2.0', flags: ['write', 'denyoom'], acl: ['geo'], keys: [keyAt(1, ['RW', 'update'])]},
  geodist: {arity: -4, since: '3.2.0', flags: ['readonly'], acl: ['geo'], keys: [keyAt(1, ['RO', 'access'])]},
  geohash: {arity: -2, since: '3.2.0', flags: ['readonly'], acl: ['geo'], keys: [keyAt(1, ['RO', 'access'])]},
  geopos: {arity: -2, since: '3.2.0', flags: ['readonly'], acl: ['geo'], keys: [keyAt(1, ['RO', 'access'])]},
  georadius: {
    arity: -6,
    since: '3.2.0',
    flags: ['write', 'denyoom', 'movablekeys'],
    acl: ['geo'],
    keys: [
      keyAt(1, ['RO', 'access']),
      {
        flags: ['OW', 'update'],
        begin: {type: 'keyword', keyword: 'STORE', startFrom: 6},
        find: {type: 'range', lastKey: 0, step: 1, limit: 0},
      },
      {
        flags: ['OW', 'update'],
        begin: {type: 'keyword', keyword: 'STOREDIST', startFrom: 6},
        find: {type: 'range', lastKey: 0, step: 1, limit: 0},
      },
    ],
  },
  georadius_ro: {arity: -6, since: '3.2.10', flags: ['readonly'], acl: ['geo'], keys: [keyAt(1, ['RO', 'access'])]},
  georadiusbymember: {
    arity: -5,
    since: '3.2.0',
    flags: ['write', 'denyoom', 'movablekeys'],
    acl: ['geo'],
    keys: [
      keyAt(1, ['RO', 'access']),
      {
        flags: ['OW', 'update'],
        begin: {type: 'keyword', keyword: 'STORE', startFrom: 5},
        find: {type: 'range', lastKey: 0, step: 1, limit: 0},
      },
      {
        flags: ['OW', 'update'],
        begin: {type: 'keyword', keyword: 'STOREDIST', startFrom: 5},
        find: {type: 'range', lastKey: 0, step: 1, limit: 0},
      },
    ],
  },
  georadiusbymember_ro: {
    arity: -5,
    since: '3.2.10',
    flags: ['readonly'],
    acl: ['geo'],
    keys: [keyAt(1, ['RO', 'access'])],
  },
  geosearch: {arity: -7, since: '6.2.0', flags: ['readonly'], acl: ['geo'], keys: [keyAt(1, ['RO', 'access'])]},
  geosearchstore: {
    arity: -8,
    since: '6.2.0',
    flags: ['write', 'denyoom'],
    acl: ['geo'],
    keys: [keyAt(1, ['OW', 'update']), keyAt(2, ['RO', 'access'])],
  },
})
