import type {Command} from '../command.js'
import {incrementCommands} from './increment.js'
import {lcsCommands} from './lcs.js'
import {rangeCommands} from './range.js'
import {setCommands} from './set.js'

export const stringCommands: readonly Command[] = [
  ...setCommands,
  ...rangeCommands,
  ...incrementCommands,
  ...lcsCommands,
]
