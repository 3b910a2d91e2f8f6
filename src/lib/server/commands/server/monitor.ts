import {SPECIAL_MONITOR} from '../../client.js'
import {ReplyError} from '../../reply-error.js'
import {type CommandContext, defineCommand} from '../command.js'

function run({client, reply, server}: CommandContext): void {
  if (client.mustNotBlock) throw new ReplyError("ERR MONITOR isn't allowed for DENY BLOCKING client")
  // It hears all there is already, and is told nothing.
  if ((client.special & SPECIAL_MONITOR) !== 0) return
  server.startMonitoring(client)
  reply.ok()
}

export const monitor = defineCommand({
  name: 'monitor',
  arity: 1,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  since: '1.0.0',
  run,
})
