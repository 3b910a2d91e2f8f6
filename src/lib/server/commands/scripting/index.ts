import type {Command} from '../command.js'
import {evalCommands} from './eval.js'
import {fcallCommands} from './fcall.js'
import {functionCommand} from './function.js'
import {scriptCommand} from './script.js'

export const scriptingCommands: readonly Command[] = [...evalCommands, ...fcallCommands, functionCommand, scriptCommand]
