import type {Command} from '../command.js'
import {addCommands} from './add.js'
import {countCommand} from './count.js'
import {debugCommands} from './debug.js'

export const hyperloglogCommands: readonly Command[] = [...addCommands, countCommand, ...debugCommands]
