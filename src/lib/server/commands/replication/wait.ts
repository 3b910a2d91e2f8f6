import {requireInteger} from '../../arguments.js'
import {ReplyError} from '../../reply-error.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'

/** WAIT numreplicas timeout: how many replicas have all writes of this client; waits for that many. */
function run({client, nowMs, reply, server}: CommandContext, argv: string[]): void {
  if (server.isReplica) {
    throw new ReplyError(
      'ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated.',
    )
  }
  const wanted = requireInteger(argv[1]!)
  const timeoutMs = requireInteger(argv[2]!, 'ERR timeout is not an integer or out of range')
  if (timeoutMs < 0) throw new ReplyError('ERR timeout is negative')
  const {replicas} = server.replication
  const count = replicas.countAcknowledged(client.writeOffset)
  if (count >= wanted || client.mustNotBlock) reply.integer(count)
  else replicas.wait(client, wanted, timeoutMs === 0 ? 0 : nowMs + timeoutMs)
}

export const wait: Command = defineCommand({
  acl: ['connection'],
  arity: 3,
  flags: ['noscript'],
  group: 'generic',
  name: 'wait',
  run,
  since: '3.0.0',
  tips: ['request_policy:all_shards', 'response_policy:agg_min'],
})
