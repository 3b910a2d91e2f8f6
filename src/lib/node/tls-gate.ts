import type {Socket} from 'node:net'
import {createServer, type TLSSocket, type Server as TlsServer} from 'node:tls'
import type {Config} from '../server/config/config.js'
import {serverTls, TlsSettingsError} from './tls-settings.js'

/** Settings that say how TLS is spoken; a change holds for the connections accepted after it. */
const SETTINGS: ReadonlySet<string> = new Set([
  'tlsAuthClients',
  'tlsCaCertDir',
  'tlsCaCertFile',
  'tlsCertFile',
  'tlsCiphers',
  'tlsCiphersuites',
  'tlsDhParamsFile',
  'tlsKeyFile',
  'tlsKeyFilePass',
  'tlsPreferServerCiphers',
  'tlsProtocols',
  'tlsSessionCacheTimeout',
  'tlsSessionCaching',
])

export interface TlsGateOptions {
  readonly config: Config
  /** Certificates are demanded whatever tls-auth-clients says: among nodes. */
  readonly asksAlways: boolean
  readonly onSecure: (socket: TLSSocket) => void
  readonly onRefused: (reason: string) => void
}

/**
 * Shakes hands on accepted connections. Listening is the business of others, so that certificates can be replaced while
 * the port stays open and connections go on.
 */
export class TlsGate {
  private readonly options: TlsGateOptions
  private server: TlsServer

  /** @throws {TlsSettingsError} */
  constructor(options: TlsGateOptions) {
    this.options = options
    this.server = this.makeServer()
    options.config.onChange((changed) => this.onChange(changed))
  }

  accept(socket: Socket): void {
    this.server.emit('connection', socket)
  }

  private onChange(changed: ReadonlySet<string>): string | undefined {
    if (![...changed].some((key) => SETTINGS.has(key))) return undefined
    try {
      this.server = this.makeServer()
      return undefined
    } catch (error) {
      this.options.onRefused((error as Error).message)
      return 'Unable to update TLS configuration. Check server logs.'
    }
  }

  private makeServer(): TlsServer {
    const {asksAlways, config, onRefused, onSecure} = this.options
    const options = serverTls(config, asksAlways ? 'yes' : config.values.tlsAuthClients)
    let server: TlsServer
    try {
      server = createServer(options)
    } catch (error) {
      throw new TlsSettingsError(`Failed to configure TLS: ${(error as Error).message}`)
    }
    server.on('tlsClientError', (error) => onRefused(error.message))
    server.on('secureConnection', (socket) => {
      // A client may come without a certificate, but not with one that nobody vouches for.
      const isAsked = asksAlways || config.values.tlsAuthClients !== 'no'
      const isGiven = Object.keys(socket.getPeerCertificate()).length > 0
      if (isAsked && isGiven && !socket.authorized) {
        onRefused(String(socket.authorizationError))
        socket.destroy()
      } else {
        onSecure(socket)
      }
    })
    return server
  }
}
