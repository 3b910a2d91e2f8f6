import type {Command} from '../command.js'
import {geoAddCommands} from './add.js'
import {positionCommands} from './positions.js'
import {searchCommands} from './search.js'

export const geoCommands: readonly Command[] = [...geoAddCommands, ...positionCommands, ...searchCommands]
