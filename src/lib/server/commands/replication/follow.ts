import {parseInt64} from '../../arguments.js'
import {ReplyError} from '../../reply-error.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {REPLICATION} from './facts.js'

const PORT_MAX = 65_535

function requirePort(text: string): number {
  const port = parseInt64(text)
  if (port === undefined || port < 0 || port > PORT_MAX) throw new ReplyError('ERR Invalid master port')
  return Number(port)
}

/** REPLICAOF host port | REPLICAOF NO ONE */
function replicaof({client, reply, server}: CommandContext, argv: string[]): void {
  if (server.isCluster) throw new ReplyError('ERR REPLICAOF not allowed in cluster mode.')
  const [host, port] = [argv[1]!, argv[2]!]
  const {effects, replication} = server
  if (replication.failover.state !== 'no-failover') {
    throw new ReplyError('ERR REPLICAOF not allowed while failing over.')
  }
  if (host.toLowerCase() === 'no' && port.toLowerCase() === 'one') {
    if (replication.link !== undefined) {
      effects.log('notice', `MASTER MODE enabled (user request from 'id=${client.id} addr=${client.address}')`)
      replication.become()
      server.config.values.replicaof = undefined
    }
    reply.ok()
    return
  }
  const number = requirePort(port)
  const primary = replication.link?.primary
  if (primary?.host === host && primary.port === number) {
    reply.simple('OK Already connected to specified master')
    return
  }
  effects.log(
    'notice',
    `REPLICAOF ${host}:${number} enabled (user request from 'id=${client.id} addr=${client.address}')`,
  )
  server.config.values.replicaof = {host, port: number}
  replication.follow({host, port: number})
  reply.ok()
}

export const followCommands: readonly Command[] = [
  defineCommand({...REPLICATION.replicaof, run: replicaof}),
  defineCommand({...REPLICATION.slaveof, run: replicaof}),
]
