import type {Command} from '../command.js'

export const stringCommands: readonly Command[] = []
