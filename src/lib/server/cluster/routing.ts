import type {ClusterCoreApi, RouteRequest} from './api.js'
import type {ClusterNode} from './node.js'
import type {ClusterConfig} from './types.js'

const UNOWNED = 'CLUSTERDOWN Hash slot not served'
const CROSS_SLOT = "CROSSSLOT Keys in request don't hash to the same slot"
const DOWN = 'CLUSTERDOWN The cluster is down'
const READS_ONLY = 'CLUSTERDOWN The cluster is down and only accepts read commands'
const TRY_AGAIN = 'TRYAGAIN Multiple keys request during rehashing of slot'

/**
 * Who is to run a command: the checks of wire.md 1.13, in its order. Pure.
 *
 * A command whose keys are all in slots with `core.serves[slot] === 1`, and in one slot, need not come here.
 *
 * @returns undefined: serve it here. Else the whole error text.
 */
export function route(core: ClusterCoreApi, request: RouteRequest): string | undefined {
  const slot = request.slots[0] as number
  const owner = core.ownerOf(slot)
  if (!owner) return UNOWNED
  if (request.slots.some((other) => other !== slot)) return CROSS_SLOT
  if (!core.stateOk) {
    const down = whenDown(core.config, request)
    if (down !== undefined) return down
  }
  const {myself} = core
  const migratingTo = owner === myself ? core.migratingTo(slot) : undefined
  const importingFrom = core.importingFrom(slot)
  const isOpen = migratingTo !== undefined || importingFrom !== undefined
  if (isOpen && request.isMigrate) return undefined
  if (migratingTo && !request.isShardPubsub) {
    const missing = countMissing(request)
    if (missing === 0) return undefined
    return missing === request.slots.length ? redirect('ASK', slot, migratingTo, core.config) : TRY_AGAIN
  }
  if (importingFrom && owner !== myself && request.asking) {
    // A shard channel is never missing: it is no key.
    const isIncomplete = request.slots.length > 1 && !request.isShardPubsub && countMissing(request) > 0
    return isIncomplete ? TRY_AGAIN : undefined
  }
  if (owner === myself) return undefined
  const mayRead = request.isShardPubsub || (request.isReadonlyClient && !request.isWrite)
  if (mayRead && myself.isReplica && myself.primary === owner) return undefined
  return redirect('MOVED', slot, owner, core.config)
}

function whenDown(config: ClusterConfig, request: RouteRequest): string | undefined {
  if (request.isShardPubsub) return config.allowPubsubshardWhenDown ? undefined : DOWN
  if (!config.allowReadsWhenDown) return DOWN
  return request.isWrite ? READS_ONLY : undefined
}

function countMissing({exists, slots}: RouteRequest): number {
  let missing = 0
  for (let index = 0; index < slots.length; index++) if (!exists(index)) missing++
  return missing
}

function redirect(kind: 'ASK' | 'MOVED', slot: number, node: ClusterNode, config: ClusterConfig): string {
  return `${kind} ${slot} ${endpointOf(node, config)}:${node.port}`
}

/** How clients are to reach a node, per `cluster-preferred-endpoint-type`; empty for unknown-endpoint. */
export function endpointOf(node: ClusterNode, config: ClusterConfig): string {
  switch (config.preferredEndpointType) {
    case 'ip':
      return node.ip
    case 'hostname':
      return node.hostname === '' ? '?' : node.hostname
    case 'unknown-endpoint':
      return ''
  }
}
