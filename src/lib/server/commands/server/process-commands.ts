import type {ShutdownOptions} from '../../effects.js'
import {readFacts} from '../../info/facts.js'
import {renderInfo} from '../../info/info.js'
import {REDIS_VERSION} from '../../info/version.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {type CommandContext, defineCommand} from '../command.js'

export const info = defineCommand({
  name: 'info',
  arity: -1,
  flags: ['loading', 'stale'],
  acl: ['dangerous'],
  group: 'server',
  since: '1.0.0',
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  run: ({nowMs, reply, server}, argv) => reply.verbatim(renderInfo(readFacts(server, nowMs), argv.slice(1)), 'txt'),
})

export const lastsave = defineCommand({
  name: 'lastsave',
  arity: 1,
  flags: ['loading', 'stale', 'fast'],
  acl: ['admin', 'dangerous'],
  group: 'server',
  since: '1.0.0',
  tips: ['nondeterministic_output'],
  run: ({reply, server}) => reply.integer(server.lastSaveSeconds),
})

function parseShutdown(argv: readonly string[]): ShutdownOptions & {readonly abort: boolean} {
  const words = new Set(argv.slice(1).map((word) => word.toLowerCase()))
  const has = (word: string): boolean => words.delete(word)
  const found = {abort: has('abort'), force: has('force'), noSave: has('nosave'), now: has('now'), save: has('save')}
  const others = found.force || found.noSave || found.now || found.save
  if (words.size > 0 || (found.save && found.noSave) || (found.abort && others)) throw new ReplyError(SYNTAX_ERROR)
  return found
}

/** The connection is closed instead of answered. Nothing takes time here, so there is never a shutdown to abort. */
function runShutdown({client, server}: CommandContext, argv: string[]): void {
  const {abort, ...options} = parseShutdown(argv)
  if (abort) throw new ReplyError('ERR No shutdown in progress.')
  if (options.save && !options.force) {
    // Nothing is saved without persistence; who asks for it must not lose data believing otherwise.
    server.effects.log('warning', "This node does not save data: can't exit with SHUTDOWN SAVE. Use NOSAVE or FORCE.")
    throw new ReplyError('ERR Errors trying to SHUTDOWN. Check logs.')
  }
  server.effects.log('warning', 'User requested shutdown...')
  client.closing = true
  server.effects.shutdown(options)
}

export const shutdown = defineCommand({
  name: 'shutdown',
  arity: -1,
  flags: ['admin', 'noscript', 'loading', 'stale', 'no_multi', 'allow_busy'],
  group: 'server',
  since: '1.0.0',
  run: runShutdown,
})

export const lolwut = defineCommand({
  name: 'lolwut',
  arity: -1,
  flags: ['readonly', 'fast'],
  group: 'server',
  since: '5.0.0',
  run: ({reply}) => reply.verbatim(`Redis ver. ${REDIS_VERSION}\n`, 'txt'),
})
