import type {Command} from '../command.js'
import {bitCommands} from './bit.js'
import {bitfieldCommands} from './bitfield.js'
import {countCommands} from './count.js'
import {operationCommand} from './operation.js'

export const bitmapCommands: readonly Command[] = [
  ...bitCommands,
  ...countCommands,
  ...bitfieldCommands,
  operationCommand,
]
