import {NEEDED} from './needed-commands.js'
import type {NeededCommand} from './permissions.js'

/** What a move of slots takes of the user, at the nodes that take part. */

export type MoveRole = 'source' | 'target'

/** A command that a move takes. */
export interface MoveCommand extends NeededCommand {
  readonly roles: readonly MoveRole[]
  /** Only for slots that are copied and switched, not for MIGRATE. */
  readonly copyOnly?: true
}

const BOTH = ['source', 'target'] as const

const TAKEN: readonly MoveCommand[] = [
  {...NEEDED.setSlot, roles: BOTH},
  {...NEEDED.countKeys, roles: BOTH},
  {...NEEDED.getKeys, roles: BOTH},
  {...NEEDED.migrate, roles: ['source']},
  // What MIGRATE sends to the target, as the same user.
  {...NEEDED.select, roles: ['target']},
  {...NEEDED.restoreAsking, roles: ['target']},
  {...NEEDED.watch, roles: ['source'], copyOnly: true},
  {...NEEDED.unwatch, roles: ['source'], copyOnly: true},
  {...NEEDED.dump, roles: ['source'], copyOnly: true},
  {...NEEDED.pttl, roles: ['source'], copyOnly: true},
  {...NEEDED.multi, roles: ['source'], copyOnly: true},
  {...NEEDED.exec, roles: ['source'], copyOnly: true},
  {...NEEDED.eval, roles: ['source'], copyOnly: true},
  {...NEEDED.asking, roles: ['target'], copyOnly: true},
  {...NEEDED.del, roles: BOTH, copyOnly: true},
  // To close the connections of a run that was killed.
  {...NEEDED.clientSetName, roles: BOTH, copyOnly: true},
  {...NEEDED.clientList, roles: BOTH, copyOnly: true},
  {...NEEDED.clientKill, roles: BOTH, copyOnly: true},
]

/** How the keys may travel: slots copied and switched or by MIGRATE, by MIGRATE alone, or by the nodes themselves. */
export type MoveMeans = 'copy' | 'migrate' | 'atomic'

/** Of an atomic migration; whether the user may start one is asked when the nodes are asked for theirs. */
const ATOMIC: ReadonlySet<string> = new Set([NEEDED.countKeys.name])

export function neededAt(roles: ReadonlySet<MoveRole>, means: MoveMeans): MoveCommand[] {
  const isTaken = (needed: MoveCommand) =>
    means === 'atomic' ? ATOMIC.has(needed.name) : means === 'copy' || !needed.copyOnly
  return TAKEN.filter((needed) => isTaken(needed) && needed.roles.some((role) => roles.has(role)))
}
