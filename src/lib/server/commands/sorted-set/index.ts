import type {Command} from '../command.js'
import {addCommands} from './add.js'
import {combineCommands} from './combine.js'
import {memberCommands} from './members.js'
import {popCommands} from './pop.js'
import {rangeCommands} from './range.js'
import {walkCommands} from './walk.js'

export const sortedSetCommands: readonly Command[] = [
  ...addCommands,
  ...combineCommands,
  ...memberCommands,
  ...popCommands,
  ...rangeCommands,
  ...walkCommands,
]
