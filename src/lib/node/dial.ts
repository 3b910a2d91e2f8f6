import {connect, type Socket, type TcpNetConnectOpts} from 'node:net'
import type {Config} from '../server/config/config.js'
import {TlsDialer} from './tls-dialer.js'

/** Opens a connection to another node. */
export type Dial = (options: TcpNetConnectOpts) => Socket

/** With TLS if nodes of this cluster talk so. Settings that make no TLS are noticed when it is first used. */
export function dialOf(config: Config): Dial {
  if (!config.values.tlsCluster) return connect
  const dialer = new TlsDialer(config)
  return (options) => dialer.connect(options)
}
