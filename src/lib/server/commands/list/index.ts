import type {Command} from '../command.js'
import {blockingCommands} from './blocking.js'
import {popCommands} from './pop.js'
import {pushCommands} from './push.js'
import {readCommands} from './read.js'

export const listCommands: readonly Command[] = [...blockingCommands, ...popCommands, ...pushCommands, ...readCommands]
