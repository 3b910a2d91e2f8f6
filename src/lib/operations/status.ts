import {mapAddress} from '../client/connect-options.js'
import type {NodeConnection} from '../client/node-connection.js'
import {renderAddress} from '../model/address.js'
import {type ClusterStatus, type NodeExtras, statusOf} from '../model/cluster-status.js'
import type {NodeId} from '../model/node-id.js'
import type {ObservedCluster} from './observe.js'

/**
 * The tables of a cluster that has been observed. Every node that answered is asked, at the same time, for what its view
 * lacks; what it does not tell, or may not, stays unknown.
 */
export async function clusterStatus(cluster: ObservedCluster): Promise<ClusterStatus> {
  const {connections, options, seed, view} = cluster
  const extras = new Map<NodeId, NodeExtras>()
  await Promise.all(
    [...connections].map(async ([id, link]) => {
      extras.set(id, await askExtras(link))
    }),
  )
  const seedName = renderAddress(mapAddress(seed, options.addressMap))
  const asked = view.nodes.find(({address}) => renderAddress(address) === seedName)
  return statusOf({view, extras, askedId: asked?.id, tls: options.tls !== undefined})
}

/** Never throws: a node that dies in between has told nothing more. */
async function askExtras(link: NodeConnection): Promise<NodeExtras> {
  const commands = [
    ['CONFIG', 'GET', 'save'],
    ['MODULE', 'LIST'],
  ] as const
  const [save, modules] = await link.pipeline(commands).catch(() => [])
  return {
    ...(Array.isArray(save) && typeof save[1] === 'string' && {saveSchedule: save[1]}),
    ...(Array.isArray(modules) && {modules: modules.flatMap(readModule)}),
  }
}

/** `['name', 'search', 'ver', 20612, 'path', ...]` */
function readModule(reply: unknown): {name: string; version: string}[] {
  if (!Array.isArray(reply)) return []
  const fields = new Map<string, unknown>()
  for (let at = 0; at + 1 < reply.length; at += 2) fields.set(String(reply[at]), reply[at + 1])
  const name = fields.get('name')
  return typeof name === 'string' ? [{name, version: String(fields.get('ver') ?? '-')}] : []
}
