import type {Command} from '../command.js'
import {setAlgebraCommands} from './algebra.js'
import {memberCommands} from './members.js'
import {randomMemberCommands} from './random.js'

/** Commands about sets. */
export const setCommands: readonly Command[] = [...memberCommands, ...randomMemberCommands, ...setAlgebraCommands]
