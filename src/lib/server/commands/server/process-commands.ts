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

function parseShutdown(argv: readonly string[]): ShutdownOptions & {readonly abort: boolean} {
  const words = new Set(argv.slice(1).map((word) => word.toLowerCase()))
  const has = (word: string): boolean => words.delete(word)
  const found = {abort: has('abort'), force: has('force'), noSave: has('nosave'), now: has('now'), save: has('save')}
  const others = found.force || found.noSave || found.now || found.save
  if (words.size > 0 || (found.save && found.noSave) || (found.abort && others)) throw new ReplyError(SYNTAX_ERROR)
  return found
}

/** The connection is closed instead of answered, unless the data cannot be saved. */
function runShutdown({client, reply, server}: CommandContext, argv: string[]): void {
  const {abort, ...options} = parseShutdown(argv)
  if (abort) {
    if (!server.effects.abortShutdown()) throw new ReplyError('ERR No shutdown in progress.')
    reply.ok()
    return
  }
  server.effects.log('warning', 'User requested shutdown...')
  let failure: string | undefined
  client.park(() => {
    if (failure === undefined) client.closing = true
    else reply.error(failure)
  })
  server.effects.shutdown(options, (error) => {
    failure = error
    client.unpark()
  })
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
