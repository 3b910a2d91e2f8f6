import {ReplyError} from '../../reply-error.js'
import {scriptingOf} from '../../scripting/scripting.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {helpSubcommand} from '../server/help.js'
import {SCRIPTING} from './facts.js'

/** SYNC and ASYNC are the same here: what is let go is the collector's. */
export function requireFlushMode(words: readonly string[], error: string): void {
  if (words.length === 0) return
  const mode = words[0]!.toLowerCase()
  if (words.length > 1 || (mode !== 'sync' && mode !== 'async')) throw new ReplyError(error)
}

function flush({reply, server}: CommandContext, argv: string[]): void {
  requireFlushMode(argv.slice(2), 'ERR SCRIPT FLUSH only support SYNC|ASYNC option')
  scriptingOf(server).flushScripts()
  reply.ok()
}

function exists({reply, server}: CommandContext, argv: string[]): void {
  reply.array(argv.length - 2)
  for (let i = 2; i < argv.length; i++) {
    reply.integer(scriptingOf(server).scriptBySha(argv[i]!) === undefined ? 0 : 1)
  }
}

function debug({reply}: CommandContext, argv: string[]): void {
  const mode = argv[2]!.toLowerCase()
  if (mode === 'no') {
    reply.ok()
    return
  }
  if (mode !== 'yes' && mode !== 'sync') throw new ReplyError('ERR Use SCRIPT DEBUG YES/SYNC/NO')
  throw new ReplyError('ERR SCRIPT DEBUG is not supported by this node')
}

export const scriptCommand: Command = defineCommand({
  ...SCRIPTING.script,
  subcommands: [
    defineCommand({...SCRIPTING['script|debug'], run: debug}),
    defineCommand({...SCRIPTING['script|exists'], run: exists}),
    defineCommand({...SCRIPTING['script|flush'], run: flush}),
    defineCommand({
      ...SCRIPTING['script|kill'],
      run: ({reply, server}) => {
        scriptingOf(server).kill('eval')
        reply.ok()
      },
    }),
    defineCommand({
      ...SCRIPTING['script|load'],
      run: ({reply, server}, argv) => reply.bulk(scriptingOf(server).scriptOf(argv[2]!).sha),
    }),
    helpSubcommand('SCRIPT', SCRIPTING['script|help'], [
      ['DEBUG (YES|SYNC|NO)', 'Set the debug mode for subsequent scripts executed.'],
      ['EXISTS <sha1> [<sha1> ...]', 'Return information about the existence of the scripts in the script cache.'],
      [
        'FLUSH [ASYNC|SYNC]',
        'Flush the Lua scripts cache. Very dangerous on replicas.',
        'When called without the optional mode argument, the behavior is determined by the',
        'lazyfree-lazy-user-flush configuration directive. Valid modes are:',
        '* ASYNC: Asynchronously flush the scripts cache.',
        '* SYNC: Synchronously flush the scripts cache.',
      ],
      ['KILL', 'Kill the currently executing Lua script.'],
      ['LOAD <script>', 'Load a script into the scripts cache without executing it.'],
    ]),
  ],
})
