import {constants} from 'node:crypto'
import {readdirSync, readFileSync, statSync} from 'node:fs'
import type {Socket} from 'node:net'
import {join} from 'node:path'
import {createServer, type TLSSocket, type TlsOptions, type Server as TlsServer} from 'node:tls'
import type {Config} from '../server/config/config.js'
import {pathInDir} from './config-file.js'

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

const PROTOCOLS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const
type Protocol = (typeof PROTOCOLS)[number]
const OLDEST_BY_DEFAULT: Protocol = 'TLSv1.2'

const HANDSHAKE_MS_MAX = 10_000

/** Settings that do not make a TLS server; `message` is the line for the log. */
export class TlsSettingsError extends Error {
  override readonly name = 'TlsSettingsError'
}

export interface TlsGateOptions {
  readonly config: Config
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
    const {config, onRefused, onSecure} = this.options
    const options = tlsOptions(config)
    let server: TlsServer
    try {
      server = createServer(options)
    } catch (error) {
      throw new TlsSettingsError(`Failed to configure TLS: ${(error as Error).message}`)
    }
    server.on('tlsClientError', (error) => onRefused(error.message))
    server.on('secureConnection', (socket) => {
      // A client may come without a certificate, but not with one that nobody vouches for.
      const isGiven = Object.keys(socket.getPeerCertificate()).length > 0
      if (config.values.tlsAuthClients === 'optional' && isGiven && !socket.authorized) {
        onRefused(String(socket.authorizationError))
        socket.destroy()
      } else {
        onSecure(socket)
      }
    })
    return server
  }
}

/** Certificates and keys are read now: a file that is missing is a refusal at once, not at the first client. */
function tlsOptions(config: Config): TlsOptions {
  const {values} = config
  const read = (setting: string, name: string): Buffer => readSetting(config, setting, name)
  if (values.tlsCertFile === '') throw new TlsSettingsError('No tls-cert-file configured!')
  if (values.tlsKeyFile === '') throw new TlsSettingsError('No tls-key-file configured!')
  const hasAuthority = values.tlsCaCertFile !== '' || values.tlsCaCertDir !== ''
  if (values.tlsAuthClients !== 'no' && !hasAuthority) {
    throw new TlsSettingsError(
      'Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, tls-replication or tls-auth-clients are enabled!',
    )
  }
  const ciphers = [values.tlsCiphersuites, values.tlsCiphers].filter((list) => list !== '').join(':')
  return {
    ...protocolsOf(values.tlsProtocols),
    ca: authorities(config),
    cert: read('tls-cert-file', values.tlsCertFile),
    ...(ciphers === '' ? {} : {ciphers}),
    ...(values.tlsDhParamsFile === '' ? {} : {dhparam: read('tls-dh-params-file', values.tlsDhParamsFile)}),
    handshakeTimeout: HANDSHAKE_MS_MAX,
    honorCipherOrder: values.tlsPreferServerCiphers,
    key: read('tls-key-file', values.tlsKeyFile),
    ...(values.tlsKeyFilePass === '' ? {} : {passphrase: values.tlsKeyFilePass}),
    rejectUnauthorized: values.tlsAuthClients === 'yes',
    requestCert: values.tlsAuthClients !== 'no',
    ...(values.tlsSessionCaching ? {} : {secureOptions: constants.SSL_OP_NO_TICKET}),
    ...(values.tlsSessionCacheTimeout > 0 ? {sessionTimeout: values.tlsSessionCacheTimeout} : {}),
  }
}

/** `TLSv1.2 TLSv1.3`, in any case; the oldest and the newest count. */
function protocolsOf(text: string): {readonly minVersion: Protocol; readonly maxVersion?: Protocol} {
  const words = text.split(' ').filter((word) => word !== '')
  if (words.length === 0) return {minVersion: OLDEST_BY_DEFAULT}
  const indexes = words.map((word) => {
    const index = PROTOCOLS.findIndex((protocol) => protocol.toLowerCase() === word.toLowerCase())
    if (index < 0)
      throw new TlsSettingsError(`Invalid tls-protocols specified. Use a combination of ${PROTOCOLS.join(', ')}.`)
    return index
  })
  return {maxVersion: PROTOCOLS[Math.max(...indexes)]!, minVersion: PROTOCOLS[Math.min(...indexes)]!}
}

function authorities(config: Config): Buffer[] {
  const {tlsCaCertDir, tlsCaCertFile} = config.values
  const found = tlsCaCertFile === '' ? [] : [readSetting(config, 'tls-ca-cert-file', tlsCaCertFile)]
  if (tlsCaCertDir === '') return found
  const folder = pathInDir(config, tlsCaCertDir)
  try {
    const files = readdirSync(folder).map((name) => join(folder, name))
    return [...found, ...files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file))]
  } catch (error) {
    throw new TlsSettingsError(`Failed to configure CA certificate(s) directory: ${(error as Error).message}`)
  }
}

function readSetting(config: Config, setting: string, name: string): Buffer {
  try {
    return readFileSync(pathInDir(config, name))
  } catch (error) {
    throw new TlsSettingsError(`Failed to load ${setting}: ${name}: ${(error as Error).message}`)
  }
}
