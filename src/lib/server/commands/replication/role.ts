import {type CommandContext, defineCommand} from '../command.js'

/** [master, offset, replicas] or [slave, host, port, state of the link, offset]. */
function run({reply, server}: CommandContext): void {
  const {link, offset, replicas} = server.replication
  if (link === undefined) {
    reply.array(3)
    reply.bulk('master')
    reply.integer(offset)
    const online = [...replicas.attached.values()].filter(({state}) => state === 'online')
    reply.array(online.length)
    for (const {ackOffset, client} of online) {
      reply.bulks([replicas.ipOf(client), String(replicas.factsOf(client).port), String(ackOffset)])
    }
    return
  }
  reply.array(5)
  reply.bulk('slave')
  reply.bulk(link.primary.host)
  reply.integer(link.primary.port)
  reply.bulk(link.state)
  reply.integer(link.isUp || link.state === 'connect' ? offset : -1)
}

export const role = defineCommand({
  name: 'role',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast'],
  acl: ['admin', 'dangerous'],
  group: 'server',
  since: '2.8.12',
  run,
})
