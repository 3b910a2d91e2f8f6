import {ReplyError} from '../../reply-error.js'
import {scriptingOf} from '../../scripting/scripting.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {SCRIPTING} from './facts.js'
import {keyIndexesByCount, requireKeyCount} from './keys.js'
import {shownFirst} from './shown-first.js'

function callFunction(context: CommandContext, argv: string[], isReadonly: boolean): void {
  const {functions} = scriptingOf(context.server)
  const one = functions.find(argv[1]!)
  if (one === undefined) throw new ReplyError('ERR Function not found')
  const keyCount = requireKeyCount(argv, 'ERR Bad number of keys provided')
  functions.call(context, argv, one, keyCount, isReadonly)
}

const KEYS = {keyIndexes: keyIndexesByCount}

export const fcallCommands: readonly Command[] = [
  defineCommand({...SCRIPTING.fcall, ...KEYS, run: shownFirst((context, argv) => callFunction(context, argv, false))}),
  defineCommand({
    ...SCRIPTING.fcall_ro,
    ...KEYS,
    run: shownFirst((context, argv) => callFunction(context, argv, true)),
  }),
]
