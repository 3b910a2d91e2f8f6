import {parseAddress, renderIp} from '../../engine/docker/subnets.js'
import {CliError} from '../../kernel/errors.js'
import {crc16} from '../../protocol/crc16.js'
import type {EnvironmentSpec} from '../spec.js'

/*
 * Networks of an exported project. Each node stands in a client network, which carries its published port, and in peer
 * networks, where nodes know each other by fixed addresses: one for all, or one per region that the nodes of all other
 * regions join. Leaving peer networks cuts a node off from nodes, never from clients; and a region that leaves the others'
 * while they leave its own is cut off as a whole.
 */

/** A network between nodes. */
export interface PeerNetwork {
  /** In the compose file: `peer`, or `peer-REGION`. */
  readonly key: string
  /** In Docker. */
  readonly name: string
  /** Nodes of this region announce their address there; all nodes without. */
  readonly region?: string
  /** A.B.C.D/BITS */
  readonly subnet: string
  readonly gateway: string
  /** Of nodes in the order of the spec, then of the cluster helper. */
  readonly addresses: readonly string[]
}

const DEFAULT_BITS = 24
/** Where there is room, addresses of nodes begin here, as those of people do who count them. */
const FIRST_NODE = 11

/**
 * @param subnet - of the first peer network; those of further regions follow it. Without: one of 172.30.0.0/16 by the
 * name, so that projects side by side seldom meet
 * @throws {CliError} BAD_FLAG if it is none, or too small
 */
export function planPeerNetworks({name, nodes}: EnvironmentSpec, subnet: string | undefined): PeerNetwork[] {
  const regions = regionsOf(nodes)
  const count = Math.max(1, regions.length)
  const {base, bits} = parseSubnet(subnet ?? `172.30.${crc16(name) % (257 - count)}.0/${DEFAULT_BITS}`)
  const size = 2 ** (32 - bits)
  const hosts = nodes.length + 1
  const first = FIRST_NODE + hosts < size ? FIRST_NODE : 2
  if (first + hosts >= size || base + count * size > 2 ** 32) {
    throw new CliError('BAD_FLAG', `${subnet} is too small for ${nodes.length} nodes in ${count} networks`)
  }
  return Array.from({length: count}, (_, index) => {
    const start = base + index * size
    const region = regions[index]
    const key = region === undefined ? 'peer' : `peer-${region}`
    return {
      addresses: Array.from({length: hosts}, (_each, host) => renderIp(start + first + host)),
      gateway: renderIp(start + 1),
      key,
      name: `${name}-${key}`,
      subnet: `${renderIp(start)}/${bits}`,
      ...(region !== undefined && {region}),
    }
  })
}

/** Regions in order of appearance. None unless every node has one: the others would belong nowhere. */
function regionsOf(nodes: EnvironmentSpec['nodes']): string[] {
  const regions = nodes.flatMap(({region}) => region ?? [])
  return regions.length === nodes.length ? [...new Set(regions)] : []
}

/** Stricter than what Docker takes: a network written by another address than its first is more likely a slip. */
function parseSubnet(text: string): {base: number; bits: number} {
  const [address = '', bitsText = ''] = text.split('/')
  const base = parseAddress(address)
  const bits = Number(bitsText)
  if (base === undefined || !(bits >= 8 && bits <= 29) || base % 2 ** (32 - bits) !== 0) {
    throw new CliError('BAD_FLAG', `${JSON.stringify(text.slice(0, 40))} is not a subnet such as 172.30.5.0/24`)
  }
  return {base, bits}
}
