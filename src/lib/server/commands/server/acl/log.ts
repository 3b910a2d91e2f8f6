import {requireInteger} from '../../../arguments.js'
import type {CommandContext} from '../../command.js'
import {wrongSubcommand} from './wrong.js'

const ENTRIES = 10

/** ACL LOG [count | RESET] */
export function log({nowMs, reply, server: {acl}}: CommandContext, argv: string[]): void {
  if (argv.length > 3) throw wrongSubcommand(argv)
  const option = argv[2]
  if (option?.toLowerCase() === 'reset') {
    acl.log.clear()
    reply.ok()
    return
  }
  const count = option === undefined ? ENTRIES : Math.max(0, requireInteger(option))
  const entries = acl.log.newestFirst.slice(0, count)
  reply.array(entries.length)
  for (const entry of entries) {
    reply.map(7)
    reply.bulk('count')
    reply.integer(entry.count)
    reply.bulk('reason')
    reply.bulk(entry.reason)
    reply.bulk('context')
    reply.bulk(entry.context)
    reply.bulk('object')
    reply.bulk(entry.object)
    reply.bulk('username')
    reply.bulk(entry.username)
    reply.bulk('age-seconds')
    reply.double(String((nowMs - entry.atMs) / 1000))
    reply.bulk('client-info')
    reply.bulk(entry.clientInfo)
  }
}
