import {connect, type Socket, type TcpNetConnectOpts} from 'node:net'
import type {Config} from '../server/config/config.js'
import type {PeerSocket} from './peer-socket.js'
import {TlsDialer} from './tls-dialer.js'

/** Opens a connection to another node. */
export type Dial = (options: TcpNetConnectOpts) => PeerSocket

/** The same, without faults on it. */
export type SystemDial = (options: TcpNetConnectOpts) => Socket

/** With TLS if nodes of this cluster talk so. Settings that make no TLS are noticed when it is first used. */
export function dialOf(config: Config): SystemDial {
  return config.values.tlsCluster ? securely(config) : connect
}

/** To the primary, from `bind-source-addr`: with TLS if `tls-replication` says so. Both may change at run time. */
export function primaryDialOf(config: Config): SystemDial {
  let secure: SystemDial | undefined
  return (options) => {
    const {bindSourceAddr, tlsReplication} = config.values
    const from = bindSourceAddr === '' ? options : {...options, localAddress: bindSourceAddr}
    if (!tlsReplication) return connect(from)
    secure ??= securely(config)
    return secure(from)
  }
}

/** With TLS whatever the settings of links inside the cluster say. */
export function secureDialOf(config: Config): SystemDial {
  let secure: SystemDial | undefined
  return (options) => {
    secure ??= securely(config)
    return secure(options)
  }
}

function securely(config: Config): SystemDial {
  const dialer = new TlsDialer(config)
  return (options) => dialer.connect(options)
}
