import {factsOf} from '../facts.js'
import {keyAt} from '../key-spec.js'

/** What COMMAND INFO prints of these commands; the handlers stand beside. */
export const SORT = factsOf('generic', {
  sort: {
    arity: -2,
    since: '1.0.0',
    flags: ['write', 'denyoom', 'movablekeys'],
    acl: ['set', 'sortedset', 'list', 'dangerous'],
    keys: [
      keyAt(1, ['RO', 'access']),
      {
        flags: ['RO', 'access'],
        notes:
          "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort",
        begin: {type: 'unknown'},
        find: {type: 'unknown'},
      },
      {
        flags: ['OW', 'update'],
        notes:
          "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array",
        begin: {type: 'unknown'},
        find: {type: 'unknown'},
      },
    ],
  },
  sort_ro: {
    arity: -2,
    since: '7.0.0',
    flags: ['readonly', 'movablekeys'],
    acl: ['set', 'sortedset', 'list', 'dangerous'],
    keys: [
      keyAt(1, ['RO', 'access']),
      {
        flags: ['RO', 'access'],
        notes:
          "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort",
        begin: {type: 'unknown'},
        find: {type: 'unknown'},
      },
    ],
  },
})
