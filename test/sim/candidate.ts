import {type BusMessage, MESSAGE_FLAG, NODE_FLAG} from '../../src/lib/protocol/bus/message.js'
import type {SimNode} from './sim-node.js'
import type {World} from './world.js'

/**
 * A replica that asks for votes, the way a real redis-server beside us would (wire.md 1.10). The core runs no elections
 * itself, but it votes, so its votes must be safe: the request is made here and sent over the replica's own links. What
 * the votes lead to is left out: the candidate never takes over.
 *
 * @param epoch - `next`, as an honest candidate; `same`, as two candidates that collide in one epoch
 * @param force - manual failover: voters do not ask whether the primary has failed
 */
export function campaign(world: World, replica: SimNode, epoch: 'next' | 'same', force: boolean): void {
  const {core} = replica
  const primary = core?.myself.primary
  if (!core || !primary) return
  const newest = Math.max(...world.running.map((node) => node.core?.currentEpoch ?? 0))
  const message: BusMessage = {
    body: {type: 'auth-request'},
    header: {
      busPort: replica.config.busPort,
      configEpoch: primary.configEpoch,
      currentEpoch: epoch === 'next' ? newest + 1 : newest,
      flags: NODE_FLAG.replica | NODE_FLAG.myself,
      ip: '',
      messageFlags: force ? MESSAGE_FLAG.forceAck : 0,
      offset: 0,
      plainPort: 0,
      port: replica.config.port,
      replicaOf: primary.id,
      sender: core.myself.id,
      slots: primary.slots.snapshot(),
      stateOk: core.stateOk,
    },
  }
  replica.sendToAll(message)
}
