import type {Command} from '../command.js'
import {databaseCommands} from './databases.js'
import {expireCommands} from './expire.js'
import {keyCommands} from './keys.js'
import {objectCommand} from './object.js'
import {scanCommands} from './scan.js'
import {sortCommands} from './sort.js'

export const genericCommands: readonly Command[] = [
  ...keyCommands,
  ...expireCommands,
  ...scanCommands,
  ...sortCommands,
  objectCommand,
  ...databaseCommands,
]
