import type {Command} from '../command.js'
import {migrate} from './migrate.js'
import {dump, restore, restoreAsking} from './restore.js'

/** Values as bytes, in and out, and from node to node. */
export const migrationCommands: readonly Command[] = [dump, restore, restoreAsking, migrate]
