import {hashSlot} from '../protocol/hash-slot.js'
import type {Wait} from './blocked-clients.js'
import type {Client} from './client.js'
import {endpointOf} from './cluster/routing.js'
import type {Server} from './server.js'

const NOW_A_REPLICA = 'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)'

/** What they wait for is their primary's to give from now on. */
export function unblockForDemotion({blocked, effects}: Server): void {
  for (const [client] of [...blocked.clients()]) {
    blocked.end(client, NOW_A_REPLICA)
    client.closing = true
    effects.closeClient(client, true)
  }
}

/** Ends waits that this node can no longer serve: slots move away, the cluster goes down. */
export function checkBlockedClients(server: Server): void {
  const {blocked} = server
  if (server.cluster === undefined || blocked.count === 0) return
  for (const [client, wait] of [...blocked.clients()]) {
    // WAIT is for this node's own stream.
    if (wait.keys.length === 0) continue
    const refusal = refusalOf(server, client, wait)
    if (refusal !== undefined) blocked.end(client, refusal)
  }
}

/** All keys of a command are in one slot, so the first tells. */
function refusalOf(server: Server, client: Client, {keys}: Wait): string | undefined {
  const {core} = server.cluster!
  // Whatever may be read then: it takes a write to end the wait.
  if (!core.stateOk) return 'CLUSTERDOWN The cluster is down'
  const slot = hashSlot(keys[0]!)
  const owner = core.ownerOf(slot)
  if (owner === undefined) return 'CLUSTERDOWN Hash slot not served'
  const {myself} = core
  if (owner === myself || core.importingFrom(slot) !== undefined) return undefined
  const mayRead = client.isReadonly && client.lastCommand?.isWrite === false && myself.primary === owner
  return mayRead ? undefined : `MOVED ${slot} ${endpointOf(owner, core.config)}:${owner.port}`
}
