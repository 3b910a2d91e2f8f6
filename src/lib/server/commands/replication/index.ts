import type {Command} from '../command.js'
import {failover} from './failover.js'
import {followCommands} from './follow.js'
import {replconf} from './replconf.js'
import {role} from './role.js'
import {syncCommands} from './sync.js'
import {wait} from './wait.js'

/** Who follows whom, and the words replicas and primaries have among themselves (wire.md 2). */
export const replicationCommands: readonly Command[] = [
  failover,
  ...followCommands,
  replconf,
  role,
  ...syncCommands,
  wait,
]
