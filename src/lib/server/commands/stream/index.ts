import type {Command} from '../command.js'
import {addCommands} from './add.js'
import {claimCommands} from './claim.js'
import {groupCommands} from './group.js'
import {infoCommands} from './info.js'
import {pendingCommands} from './pending.js'
import {rangeCommands} from './range.js'
import {readCommands} from './read.js'

export const streamCommands: readonly Command[] = [
  ...addCommands,
  ...rangeCommands,
  ...readCommands,
  ...groupCommands,
  ...pendingCommands,
  ...claimCommands,
  ...infoCommands,
]
