import type {WireCommand} from '../../client/migration/wire.js'
import {NodeReplyError} from '../../client/reply-error.js'
import type {NodeId} from '../../model/node-id.js'
import type {WirePool} from './wires.js'

/**
 * Makes sure that nothing an earlier run of a job has sent is still to be carried out.
 *
 * A process that is killed leaves behind what it has written: a node may read it much later, when it was busy or the
 * network slow. An EXEC that deletes keys at the source, carried out after the next run has discarded their copies at the
 * target, would lose them. So connections bear the name of their job, and the next run has the nodes close those of the
 * runs before: what was not read by then never will be. Who holds the lock of the cluster does so with the connections of
 * every job: one that lost the lock, because it was stopped for a while perhaps, must not go on.
 */
export function connectionName(jobId: string, run: string): string {
  return `shoal:${jobId}:${run}`
}

/** What the names of connections begin with that are to be closed. */
export function fencedPrefix(jobId: string, holdsLock: boolean): string {
  return holdsLock ? 'shoal:' : connectionName(jobId, '')
}

/**
 * @param ids - the nodes that take part
 * @param prefix - whose connections are to be closed; those of `wires` itself stay
 * @returns nodes where the user may not see or close connections, or give them names
 */
export async function fenceOff(wires: WirePool, ids: Iterable<NodeId>, prefix: string): Promise<ReadonlySet<NodeId>> {
  const open = new Set<NodeId>()
  const fenceOne = async (id: NodeId) => {
    const {wire} = await wires.endpoint(id)
    const [named, list] = await wire.send([
      ['CLIENT', 'SETNAME', wires.clientName],
      ['CLIENT', 'LIST'],
    ])
    if (named !== 'OK' || typeof list !== 'string') {
      open.add(id)
      return
    }
    const kills = oldConnections(list, prefix, wires.clientName).map(
      (connection): WireCommand => ['CLIENT', 'KILL', 'ID', connection],
    )
    const replies = await wire.send(kills)
    if (replies.some((reply) => reply instanceof NodeReplyError)) open.add(id)
  }
  await Promise.all([...new Set(ids)].map(fenceOne))
  return open
}

/** @returns ids of connections in a CLIENT LIST whose name begins so, but is not that of this run */
export function oldConnections(list: string, prefix: string, ownName: string): string[] {
  return list.split('\n').flatMap((line) => {
    const [, id] = /^id=(\d+) /.exec(line) ?? []
    const [, name = ''] = / name=(\S*) /.exec(line) ?? []
    return id !== undefined && name !== ownName && name.startsWith(prefix) ? [id] : []
  })
}
