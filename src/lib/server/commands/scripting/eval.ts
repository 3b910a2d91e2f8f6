import {ReplyError} from '../../reply-error.js'
import {scriptingOf} from '../../scripting/scripting.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {SCRIPTING} from './facts.js'
import {keyIndexesByCount, requireKeyCount} from './keys.js'
import {shownFirst} from './shown-first.js'

const SHA_LENGTH = 40

function evaluate(context: CommandContext, argv: string[], isReadonly: boolean): void {
  const keyCount = requireKeyCount(argv)
  const scripting = scriptingOf(context.server)
  scripting.evaluate(context, argv, scripting.scriptOf(argv[1]!), keyCount, isReadonly)
}

function evaluateBySha(context: CommandContext, argv: string[], isReadonly: boolean): void {
  const scripting = scriptingOf(context.server)
  const sha = argv[1]!
  const keyCount = sha.length === SHA_LENGTH ? requireKeyCount(argv) : 0
  const script = scripting.scriptBySha(sha)
  if (script === undefined) throw new ReplyError('NOSCRIPT No matching script. Please use EVAL.')
  scripting.evaluate(context, argv, script, keyCount, isReadonly)
}

const KEYS = {keyIndexes: keyIndexesByCount}

export const evalCommands: readonly Command[] = [
  defineCommand({...SCRIPTING.eval, ...KEYS, run: shownFirst((context, argv) => evaluate(context, argv, false))}),
  defineCommand({...SCRIPTING.eval_ro, ...KEYS, run: shownFirst((context, argv) => evaluate(context, argv, true))}),
  defineCommand({
    ...SCRIPTING.evalsha,
    ...KEYS,
    run: shownFirst((context, argv) => evaluateBySha(context, argv, false)),
  }),
  defineCommand({
    ...SCRIPTING.evalsha_ro,
    ...KEYS,
    run: shownFirst((context, argv) => evaluateBySha(context, argv, true)),
  }),
]
