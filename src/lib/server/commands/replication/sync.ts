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
  replication.beginStream()
  replication.replicas.attach(client, id, next)
}

function psync(context: CommandContext, argv: string[]): void {
  const {reply, server} = context
  const [, id, offset, option] = argv as [string, string, string, string | undefined]
  const {link} = server.replication
  if (option?.toLowerCase() === 'failover') {
    if (link === undefined) throw new ReplyError("ERR PSYNC FAILOVER can't be sent to a master.")
    if (id.toLowerCase() !== server.replication.id) {
      throw new ReplyError('ERR PSYNC FAILOVER replid must match my replid.')
    }
    server.effects.log('warning', 'Failover request was accepted.')
    server.replication.become()
  }
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
