import {constants} from 'node:crypto'
import {readdirSync, readFileSync, statSync} from 'node:fs'
import {join} from 'node:path'
import type {SecureContextOptions, TlsOptions} from 'node:tls'
import type {Config} from '../server/config/config.js'
import {pathInDir} from './config-file.js'

/**
 * The `tls-...` settings as Node takes them. Certificates and keys are read when asked for: a file that is missing is a
 * refusal at once, not at the first connection.
 */

const PROTOCOLS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const
type Protocol = (typeof PROTOCOLS)[number]
const OLDEST_BY_DEFAULT: Protocol = 'TLSv1.2'

/** Settings that do not make a TLS server; `message` is the line for the log. */
export class TlsSettingsError extends Error {
  override readonly name = 'TlsSettingsError'
}

const HANDSHAKE_MS_MAX = 10_000

/** @param asks - for certificates of those who connect. @throws {TlsSettingsError} */
export function serverTls(config: Config, asks: 'no' | 'yes' | 'optional'): TlsOptions {
  const {values} = config
  const hasAuthority = values.tlsCaCertFile !== '' || values.tlsCaCertDir !== ''
  const common = commonTls(config, values.tlsCertFile, values.tlsKeyFile, values.tlsKeyFilePass)
  if (asks !== 'no' && !hasAuthority) {
    throw new TlsSettingsError(
      'Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, tls-replication or tls-auth-clients are enabled!',
    )
  }
  const {tlsDhParamsFile} = values
  return {
    ...common,
    ...(tlsDhParamsFile === '' ? {} : {dhparam: readSetting(config, 'tls-dh-params-file', tlsDhParamsFile)}),
    handshakeTimeout: HANDSHAKE_MS_MAX,
    honorCipherOrder: values.tlsPreferServerCiphers,
    rejectUnauthorized: asks === 'yes',
    requestCert: asks !== 'no',
    ...(values.tlsSessionCaching ? {} : {secureOptions: constants.SSL_OP_NO_TICKET}),
    ...(values.tlsSessionCacheTimeout > 0 ? {sessionTimeout: values.tlsSessionCacheTimeout} : {}),
  }
}

/** For connections this node opens: with the client's certificate if there is one, else the server's. */
export function clientTls(config: Config): SecureContextOptions {
  const {values} = config
  if (values.tlsClientCertFile === '') {
    return commonTls(config, values.tlsCertFile, values.tlsKeyFile, values.tlsKeyFilePass)
  }
  return commonTls(config, values.tlsClientCertFile, values.tlsClientKeyFile, values.tlsClientKeyFilePass)
}

function commonTls(config: Config, certFile: string, keyFile: string, passphrase: string): SecureContextOptions {
  const {tlsCiphers, tlsCiphersuites, tlsProtocols} = config.values
  if (certFile === '') throw new TlsSettingsError('No tls-cert-file configured!')
  if (keyFile === '') throw new TlsSettingsError('No tls-key-file configured!')
  const ciphers = [tlsCiphersuites, tlsCiphers].filter((list) => list !== '').join(':')
  return {
    ...protocolsOf(tlsProtocols),
    ca: authorities(config),
    cert: readSetting(config, 'tls-cert-file', certFile),
    ...(ciphers === '' ? {} : {ciphers}),
    key: readSetting(config, 'tls-key-file', keyFile),
    ...(passphrase === '' ? {} : {passphrase}),
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
