import type {Command} from '../command.js'
import {fieldCommands} from './fields.js'
import {fieldIncrementCommands} from './increment.js'
import {fieldWalkCommands} from './walk.js'

/** Commands about hashes. */
export const hashCommands: readonly Command[] = [...fieldCommands, ...fieldIncrementCommands, ...fieldWalkCommands]
