import {renderAddress} from '../model/address.js'
import {ownRecord} from '../model/cluster-map.js'
import type {NodeView} from '../model/cluster-view.js'

/** Zone by `HOST:PORT` or `HOST`, as an operator names them. */
export type ZoneLabels = ReadonlyMap<string, string>

/** The zone a node is in: by a label for its address, else by its own word (`availability-zone` of Valkey). */
export function zoneOf(node: NodeView, labels?: ZoneLabels): string | undefined {
  const own = ownRecord(node)
  const addresses = [node.address, ...(own ? [own.address] : [])]
  const hosts = [...addresses.map(({host}) => host), ...(own?.hostname === undefined ? [] : [own.hostname])]
  for (const name of [...addresses.map(renderAddress), ...hosts]) {
    const label = labels?.get(name)
    if (label !== undefined) return label
  }
  return node.info.get('availability_zone') || undefined
}
