import type {TcpNetConnectOpts} from 'node:net'
import {connect, createSecureContext, type SecureContext, type TLSSocket} from 'node:tls'
import type {Config} from '../server/config/config.js'
import {clientTls, TlsSettingsError} from './tls-settings.js'

/**
 * Opens TLS connections to other nodes. Whoever our authority vouches for is one of them, whatever his name: nodes know
 * each other by address, and certificates of a cluster are often the same everywhere, as with redis-server.
 */
export class TlsDialer {
  private readonly config: Config
  private context: SecureContext | undefined

  constructor(config: Config) {
    this.config = config
    config.onChange((changed) => {
      if ([...changed].some((key) => key.startsWith('tls'))) this.context = undefined
      return undefined
    })
  }

  /** What is written before the handshake is done waits for it. @throws {TlsSettingsError} */
  connect(options: TcpNetConnectOpts): TLSSocket {
    this.context ??= makeContext(this.config)
    return connect({...options, checkServerIdentity: () => undefined, secureContext: this.context})
  }
}

function makeContext(config: Config): SecureContext {
  try {
    return createSecureContext(clientTls(config))
  } catch (error) {
    throw new TlsSettingsError(`Failed to configure TLS: ${(error as Error).message}`)
  }
}
