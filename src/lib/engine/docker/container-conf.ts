import type {NodeSpec} from '../engine.js'
import {renderConf} from '../node-conf.js'

/** Where a node keeps all it has; a volume. */
export const DATA_FOLDER = '/data'
export const CONF_PATH = `${DATA_FOLDER}/node.conf`

/**
 * The start configuration of a node in a container, as redis.conf text with its password. Clients come by the published
 * port, nodes by the peer network: where a client is redirected to, this machine's loopback, is announced as a hostname, which
 * nodes do not use themselves.
 *
 * @param hasHostnames - servers before 7.0 have none: they redirect to the peer address
 */
export function renderContainerConf(spec: NodeSpec & {readonly peerHost: string}, hasHostnames: boolean): string {
  const {address, busPort, cluster, peerHost} = spec
  return renderConf(spec, [
    // What reaches it at all is decided by its networks and by the one published port.
    ['bind', '0.0.0.0'],
    ['protected-mode', 'no'],
    ['port', String(address.port)],
    ['dir', DATA_FOLDER],
    ...(hasHostnames ? ([['bind-source-addr', peerHost]] as const) : []),
    ...(cluster
      ? clusterLines(address.host, peerHost, busPort, hasHostnames)
      : ([['replica-announce-ip', peerHost]] as const)),
  ])
}

function clusterLines(host: string, peerHost: string, busPort: number, hasHostnames: boolean): [string, string][] {
  return [
    ['cluster-enabled', 'yes'],
    ['cluster-config-file', 'nodes.conf'],
    ['cluster-announce-ip', peerHost],
    ...(hasHostnames
      ? ([
          ['cluster-port', String(busPort)],
          ['cluster-announce-hostname', host],
          ['cluster-preferred-endpoint-type', 'hostname'],
        ] as [string, string][])
      : []),
  ]
}
