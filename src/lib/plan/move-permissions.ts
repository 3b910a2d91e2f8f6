import {KEY, type NeededCommand, sameBothWays} from './permissions.js'

/** What a move of slots takes of the user, at the nodes that take part. */

export type MoveRole = 'source' | 'target'

/** A command that a move takes. */
export interface MoveCommand extends NeededCommand {
  readonly roles: readonly MoveRole[]
  /** Only for slots that are copied and switched, not for MIGRATE. */
  readonly copyOnly?: true
}

const BOTH = ['source', 'target'] as const

const NEEDED: readonly MoveCommand[] = [
  {
    name: 'cluster|setslot',
    roles: BOTH,
    words: ['CLUSTER', 'SETSLOT', '0', 'STABLE'],
    harmless: ['CLUSTER', 'SETSLOT', '-1', 'STABLE'],
  },
  {name: 'cluster|countkeysinslot', roles: BOTH, ...sameBothWays('CLUSTER', 'COUNTKEYSINSLOT', '0')},
  {name: 'cluster|getkeysinslot', roles: BOTH, ...sameBothWays('CLUSTER', 'GETKEYSINSLOT', '0', '0')},
  {
    name: 'migrate',
    roles: ['source'],
    words: ['MIGRATE', '127.0.0.1', '1', KEY, '0', '1000'],
    harmless: ['MIGRATE', '127.0.0.1', '1', KEY, '0', 'never'],
  },
  // What MIGRATE sends to the target, as the same user.
  {name: 'select', roles: ['target'], ...sameBothWays('SELECT', '0')},
  {name: 'restore-asking', roles: ['target'], ...sameBothWays('RESTORE-ASKING', KEY, '0', 'no-payload')},
  {name: 'watch', roles: ['source'], copyOnly: true, words: ['WATCH', KEY]},
  {name: 'unwatch', roles: ['source'], copyOnly: true, ...sameBothWays('UNWATCH')},
  {name: 'dump', roles: ['source'], copyOnly: true, ...sameBothWays('DUMP', KEY)},
  {name: 'pttl', roles: ['source'], copyOnly: true, ...sameBothWays('PTTL', KEY)},
  {name: 'multi', roles: ['source'], copyOnly: true, words: ['MULTI']},
  // Outside of a transaction there is nothing to execute.
  {name: 'exec', roles: ['source'], copyOnly: true, ...sameBothWays('EXEC')},
  {name: 'asking', roles: ['target'], copyOnly: true, ...sameBothWays('ASKING')},
  {name: 'del', roles: BOTH, copyOnly: true, ...sameBothWays('DEL', KEY)},
  // To close the connections of a run that was killed; no client has the id 0.
  {name: 'client|setname', roles: BOTH, copyOnly: true, ...sameBothWays('CLIENT', 'SETNAME', 'shoal')},
  {name: 'client|list', roles: BOTH, copyOnly: true, ...sameBothWays('CLIENT', 'LIST', 'ID', '0')},
  {name: 'client|kill', roles: BOTH, copyOnly: true, ...sameBothWays('CLIENT', 'KILL', 'ID', '0')},
]

/** How the keys may travel: slots copied and switched or by MIGRATE, by MIGRATE alone, or by the nodes themselves. */
export type MoveMeans = 'copy' | 'migrate' | 'atomic'

/** Of an atomic migration; whether the user may start one is asked when the nodes are asked for theirs. */
const ATOMIC: ReadonlySet<string> = new Set(['cluster|countkeysinslot'])

export function neededAt(roles: ReadonlySet<MoveRole>, means: MoveMeans): MoveCommand[] {
  const isTaken = (needed: MoveCommand) =>
    means === 'atomic' ? ATOMIC.has(needed.name) : means === 'copy' || !needed.copyOnly
  return NEEDED.filter((needed) => isTaken(needed) && needed.roles.some((role) => roles.has(role)))
}
