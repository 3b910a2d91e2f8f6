import {parseInt64} from '../../arguments.js'
import {SPECIAL_REPLICA} from '../../client.js'
import {ReplyError} from '../../reply-error.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {REPLICATION} from './facts.js'

/** PSYNC replicationid offset [FAILOVER]; SYNC. The reply is the stream, from now on. */
function synchronize(context: CommandContext, id: string, next: number): void {
  const {client, server} = context
  const {replication} = server
  if ((client.special & SPECIAL_REPLICA) !== 0) return
  if (replication.link !== undefined && !replication.link.isUp) {
    // Any other error would make a redis-server try again without pause.
    throw new ReplyError("NOMASTERLINK Can't SYNC while not connected with my master")
  }
  if (server.crdt !== undefined && !replication.replicas.factsOf(client).crdt) {
    // Any other replica would end at what it cannot load.
    throw new ReplyError('NOMASTERLINK this database replicates only to CRDT capable replicas')
  }
  replication.beginStream()
  replication.replicas.attach(client, id, next)
}

/** The primary hands over to this replica. @param id - of the stream that it has acknowledged */
function promote({client, server}: CommandContext, id: string): void {
  const {cluster, config, effects, replication} = server
  effects.log('warning', `Failover request received for replid ${id}.`)
  if (replication.link === undefined) throw new ReplyError("ERR PSYNC FAILOVER can't be sent to a master.")
  if (id.toLowerCase() !== replication.id) throw new ReplyError('ERR PSYNC FAILOVER replid must match my replid.')
  if (cluster !== undefined) {
    // The slots come along.
    cluster.perform(cluster.core.failover('takeover'))
  } else {
    replication.become()
    config.values.replicaof = undefined
  }
  effects.log('notice', `MASTER MODE enabled (failover request from 'id=${client.id} addr=${client.address}')`)
}

function psync(context: CommandContext, argv: string[]): void {
  const {reply, server} = context
  const [, id, offset, option] = argv as [string, string, string, string | undefined]
  if (option?.toLowerCase() === 'failover') promote(context, id)
  const next = parseInt64(offset)
  if (next === undefined) {
    server.effects.log('warning', 'PSYNC with an offset that is no number')
    reply.error('ERR value is not an integer or out of range')
    return
  }
  synchronize(context, id, Number(next))
}

export const syncCommands: readonly Command[] = [
  defineCommand({...REPLICATION.psync, run: psync}),
  defineCommand({...REPLICATION.sync, run: (context) => synchronize(context, '?', -1)}),
]
